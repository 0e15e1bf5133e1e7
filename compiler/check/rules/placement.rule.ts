import { comparable, conditionHolds, valuesAt } from "../../../runtime/interface/conditions.ts";
import type { Capability, Condition, KnownValue } from "../../../runtime/interface/plan.ts";
import { scalarNames } from "../../../runtime/interface/caps.ts";
import type { Related } from "../../diagnostics/diagnostic.ts";
import type { Asked } from "../capabilities.ts";
import { capabilityText } from "../capability-text.ts";
import type { CheckedPeer, CheckedRun } from "../peers.ts";
import type { Requirement } from "../requirements.ts";
import type { CheckedTarget } from "../targets.ts";
import type { SignatureSymbol } from "../program.ts";
import { describeLiteral, withExample } from "../quantities.ts";
import { placeKey, wordsFor } from "./capability-words.ts";
import type { Rule, RuleContext } from "./rule.ts";

const signatureKinds: ReadonlySet<string> = new Set(["Node", "Interface", "Pipeline"]);

/** A declared peer must provide what it runs requires, and a target what the interface of its remote requires. */
export const placement: Rule = {
  codes: ["MESH4001", "MESH4003", "MESH3003"],
  asksEveryPeer: true,
  check(context) {
    // What nobody runs is read as well, for the mistakes in it.
    for (const symbol of context.declarations) {
      if (signatureKinds.has(symbol.syntax.kind)) context.requirements.own(symbol as SignatureSymbol);
    }
    const told = new Set<string>();
    for (const peer of context.peers.values()) {
      // What it provides may stand where it cannot be read.
      if (context.reporter.isUnreadable(peer.symbol.file.source, peer.symbol.syntax.span)) continue;
      for (const run of peer.runs) checkRun(peer, run, told, context);
    }
    for (const [key, remotes] of context.remotes) {
      const checked = context.pipelines.get(key);
      for (const [name, remote] of remotes) {
        const instance = checked?.graph.instances.get(name);
        if (checked === undefined || instance === undefined) continue;
        const asked = context.requirements.own(instance.signature.symbol);
        for (const target of remote.targets) {
          checkTarget(target, asked, checked.symbol.file.source, instance.signature.symbol.name, context);
        }
      }
    }
  },
};

function checkRun(peer: CheckedPeer, run: CheckedRun, told: Set<string>, context: RuleContext): void {
  const unmet: Requirement[] = [];
  for (const one of context.requirements.of(run.pipeline, run.args)) {
    if (conditionHolds(one.condition, peer.provides) !== "no") continue;
    if (reportIncomparable(one, peer, told, context)) continue;
    unmet.push(one);
  }
  const [first] = unmet;
  if (first === undefined) return;
  const { file, name } = peer.symbol;
  const texts = [...new Set(unmet.map((one) => `\`${one.condition.text}\``))];
  const others = context
    .everyPeer()
    .filter((other) => unmet.every((one) => conditionHolds(one.condition, other.provides) !== "no"));
  const [better] = others;
  context.reporter.report(
    "MESH4001",
    file.source,
    run.syntax.span,
    `\`${name}\` cannot run \`${run.pipeline.name}\`, which requires ${texts.join(" and ")}.`,
    {
      label: `not provided by \`${name}\``,
      notes: [provision(peer)],
      related: unmet.slice(0, 6).map((one): Related => ({ place: one.place, message: askedBy(one) })),
      hint:
        better === undefined
          ? `Add what it has to \`provides\` of \`${name}\`, or run the pipeline elsewhere.`
          : `Run it on \`${better.symbol.name}\`, which provides that, or add what \`${name}\` has to its \`provides\`.`,
    },
  );
}

/** A pipeline that does not name the interface carries none of its requirements: they are held against the target. */
function checkTarget(
  target: CheckedTarget,
  asked: readonly Asked[],
  source: CheckedPeer["symbol"]["file"]["source"],
  contract: string,
  context: RuleContext,
): void {
  if (target.kind !== "peer" || target.pipeline === undefined || asked.length === 0) return;
  if (target.pipeline.syntax.conformsTo?.text === contract) return;
  const peer = context.peers.get(target.peer.key);
  const unmet = asked.filter((one) => peer !== undefined && conditionHolds(one.condition, peer.provides) === "no");
  if (peer === undefined || unmet.length === 0) return;
  if (context.reporter.isUnreadable(peer.symbol.file.source, peer.symbol.syntax.span)) return;
  const texts = unmet.map((one) => `\`${one.condition.text}\``).join(" and ");
  const message = `\`${peer.symbol.name}\` does not provide ${texts}, which \`${contract}\` requires.`;
  context.reporter.report("MESH4003", source, target.syntax.span, message, {
    notes: [provision(peer)],
    related: unmet.map((one) => ({ place: one.place, message: `\`${contract}\` asks for it here` })),
    hint: "Name a target on a peer that provides it.",
  });
}

/** `48kHz` where the peer provides a size: a mistake in the condition, not of the peer. True when that is so. */
export function reportIncomparable(one: Asked, peer: CheckedPeer, told: Set<string>, context: RuleContext): boolean {
  const wrong = incomparable(one.condition, peer.provides);
  if (wrong === undefined) return false;
  const key = placeKey(one.place);
  const own = one.place.source === context.file.source;
  const reporter = own ? context.reporter : context.elsewhere;
  if (told.has(key) || reporter.hasErrorIn(one.place.source, one.place.span)) return true;
  told.add(key);
  const part = one.syntax.alternatives[wrong.index];
  const value = part?.kind === "Comparison" ? part.value : undefined;
  const found = value?.kind === "Literal" ? describeLiteral(value) : wordsFor(wrong.asked);
  reporter.report(
    "MESH3003",
    one.place.source,
    value?.span ?? one.place.span,
    `Expected ${expected(wrong.given)}, found ${found}.`,
    {
      related: [
        {
          place: { source: peer.symbol.file.source, span: peer.symbol.syntax.name.span },
          message: `\`${peer.symbol.name}\` provides ${wordsFor(wrong.given)}`,
        },
      ],
    },
  );
  return true;
}

function expected(value: KnownValue): string {
  const name = scalarNames.find((one) => one === value.quantity);
  return name === undefined ? wordsFor(value) : withExample(name);
}

/** A comparison whose two sides measure different things. */
export function incomparable(
  condition: Condition,
  provided: readonly Capability[],
): { readonly index: number; readonly asked: KnownValue; readonly given: KnownValue } | undefined {
  for (const [index, part] of condition.anyOf.entries()) {
    if (part.kind !== "compare" || !("quantity" in part.value)) continue;
    const asked = part.value;
    const given = valuesAt(provided, part.path).filter((one): one is KnownValue => "quantity" in one);
    const [first] = given;
    if (first !== undefined && given.every((one) => !comparable(one, asked))) return { index, asked, given: first };
  }
  return undefined;
}

function provision(peer: CheckedPeer): string {
  const names = [...new Set(peer.provides.map((one) => `\`${capabilityText(one)}\``))];
  return names.length === 0
    ? `\`${peer.symbol.name}\` declares nothing that it provides.`
    : `\`${peer.symbol.name}\` provides ${names.join(", ")}.`;
}

function askedBy({ path }: Requirement): string {
  return path.length <= 1 ? "required here" : `required here, by ${path.map((one) => `\`${one}\``).join(" → ")}`;
}
