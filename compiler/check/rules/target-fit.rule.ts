import { accepts, formatType, type DimensionValue, type Schemas } from "../../../runtime/interface/caps.ts";
import type { JsonValue } from "../../../runtime/interface/frame.ts";
import type { PlanValue } from "../../../runtime/interface/plan.ts";
import type { Related } from "../../diagnostics/diagnostic.ts";
import { agree, Copies, currentType, type SolvedType } from "../cells.ts";
import { whyNotAll } from "../explain.ts";
import type { CheckedPipeline, Instance } from "../graph.ts";
import { narrowByDefaults } from "../inline.ts";
import { portTypes } from "../instances.ts";
import { counterpart } from "../port-match.ts";
import type { SignatureSymbol } from "../program.ts";
import type { PortInfo, Signature } from "../signature.ts";
import type { CheckedTarget } from "../targets.ts";
import { isBroken, type Rule, type RuleContext } from "./rule.ts";

/** Each known target must satisfy the interface of its remote, as the solved links have narrowed it. */
export const targetFit: Rule = {
  codes: ["MESH6003"],
  check(context) {
    for (const checked of context.pipelines.values()) {
      const remotes = context.remotes.get(checked.symbol.key) ?? [];
      for (const [name, remote] of remotes) {
        const instance = checked.graph.instances.get(name);
        if (instance === undefined || isBroken(instance.signature.symbol, context)) continue;
        for (const target of remote.targets) checkTarget(checked, instance, target, context);
      }
    }
  },
};

function checkTarget(checked: CheckedPipeline, instance: Instance, target: CheckedTarget, context: RuleContext): void {
  const symbol = target.kind === "peer" ? target.pipeline : target.kind === "local" ? target.symbol : undefined;
  if (symbol === undefined || isBroken(symbol, context)) return;
  const signature = context.signatures.read(symbol);
  const contract = instance.signature;
  const complain = (message: string, port?: PortInfo, why: readonly Related[] = []): void => {
    const at = port === undefined ? symbol.syntax.name.span : port.span;
    context.reporter.report("MESH6003", checked.symbol.file.source, target.syntax.span, message, {
      label: `cannot stand for \`${contract.symbol.name}\``,
      related: [
        { place: { source: symbol.file.source, span: at }, message: port === undefined ? "the target" : "this port" },
        ...why,
      ],
      about: [symbol, contract.symbol],
      hint: `Let \`${symbol.name}\` conform to \`${contract.symbol.name}\`, or name another target.`,
    });
  };
  if (contract.batch && !signature.batch) {
    complain(`\`${contract.symbol.name}\` answers requests (\`batch\`), \`${symbol.name}\` is a stream.`);
    return;
  }
  const shared = target.kind === "peer" && target.shared;
  const missing = missingPort(instance, contract, signature, symbol, shared);
  if (missing !== undefined) {
    complain(missing.message, missing.port);
    return;
  }
  // Links around the remote that do not fit have left its formats wider than they are meant to be.
  if (isUnsettled(checked, instance, context)) return;
  const own = typesOf(symbol, signature, target, context);
  // Who leaves a parameter of the pipeline out gets its default, and has to get a session with it.
  const copies = new Copies();
  const around = { inputs: copies.types(instance.inputs), outputs: copies.types(instance.outputs) };
  narrowByDefaults(checked, new Set(), copies);
  const inside = context.pipelines.get(symbol.key)?.graph.own;
  const remote = instance.id;
  for (const port of contract.inputs.values()) {
    const other = counterpart(port.name, contract.inputs, signature.inputs);
    const needed = around.inputs.get(port.name);
    const given = other && own.inputs.get(other.name);
    if (other === undefined || needed === undefined || given === undefined) continue;
    const fits = inputFits(given, needed, context.schemas);
    // What the caller sends settles what is open in the target, and so what comes out of it; but one variable cannot be two.
    if (!fits || agree(new Copies().type(needed), given, context.schemas) !== undefined) {
      complain(
        `The input \`${other.name}\` of \`${symbol.name}\` takes ${shown(given)}; \`${remote}\` sends ${shown(needed)}.`,
        other,
        whyNotAll(given, needed, inside?.inputs.get(other.name), instance.inputs.get(port.name), needed),
      );
      return;
    }
  }
  for (const port of contract.outputs.values()) {
    const other = counterpart(port.name, contract.outputs, signature.outputs);
    const needed = around.outputs.get(port.name);
    const given = other && own.outputs.get(other.name);
    if (other === undefined || needed === undefined || given === undefined) continue;
    if (!inputFits(needed, given, context.schemas)) {
      complain(
        `The output \`${other.name}\` of \`${symbol.name}\` gives ${shown(given)}; \`${remote}\` must give ${shown(needed)}.`,
        other,
        whyNotAll(needed, given, inside?.outputs.get(other.name), instance.outputs.get(port.name), needed),
      );
      return;
    }
  }
}

/** True when a link is wrong from which formats lead to a remote. */
function isUnsettled({ graph, symbol }: CheckedPipeline, remote: Instance, { reporter }: RuleContext): boolean {
  const wrong = graph.links.filter(({ arrowSpan }) => reporter.hasErrorIn(symbol.file.source, arrowSpan));
  if (wrong.length === 0) return false;
  const reached = new Set<Instance | undefined>([remote]);
  for (const one of reached) {
    for (const { from, to } of graph.links) {
      if (from.instance === one && to.instance !== undefined) reached.add(to.instance);
      if (to.instance === one && from.instance !== undefined) reached.add(from.instance);
    }
  }
  return wrong.some(({ from, to }) => reached.has(from.instance) || reached.has(to.instance));
}

function missingPort(
  instance: Instance,
  contract: Signature,
  signature: Signature,
  symbol: SignatureSymbol,
  shared: boolean,
): { readonly message: string; readonly port?: PortInfo } | undefined {
  const sides = [
    ["input", contract.inputs, signature.inputs],
    ["output", contract.outputs, signature.outputs],
  ] as const;
  for (const [word, wanted, own] of sides) {
    for (const port of wanted.values()) {
      const match = counterpart(port.name, wanted, own);
      const name = `\`${contract.symbol.name}\``;
      if (word === "input" && port.optional && match !== undefined && !match.optional && !match.signal) {
        return {
          message: `The input \`${match.name}\` of \`${symbol.name}\` must be fed; ${name} leaves that open.`,
          port: match,
        };
      }
      if (word === "output" && !port.optional && match?.optional === true) {
        return {
          message: `The output \`${match.name}\` of \`${symbol.name}\` may never be given; ${name} promises it.`,
          port: match,
        };
      }
      if (port.optional || match !== undefined || signature.lost.has(port.name)) continue;
      return {
        message: `\`${symbol.name}\` has no ${word} named \`${port.name}\`, which \`${contract.symbol.name}\` asks for.`,
      };
    }
  }
  const join = joinMismatch(contract, signature, symbol);
  if (join !== undefined) return { message: join };
  // What a shared pipeline needs besides may come from other callers.
  if (shared) return undefined;
  for (const port of signature.inputs.values()) {
    const fed = [...contract.inputs.keys()].some(
      (name) => counterpart(name, contract.inputs, signature.inputs) === port,
    );
    if (fed || port.optional || port.signal) continue;
    return {
      message: `\`${symbol.name}\` needs the input \`${port.name}\`, which \`${instance.id}\` does not feed.`,
      port,
    };
  }
  return undefined;
}

/** Frames that the interface brings together must not be dropped by a target that does so more narrowly, or not at all. */
function joinMismatch(contract: Signature, signature: Signature, symbol: SignatureSymbol): string | undefined {
  const [wanted, own] = [contract.join, signature.join];
  if (wanted === undefined || wanted.mode === own?.mode) {
    if ((own?.withinMs ?? 0) >= (wanted?.withinMs ?? 0)) return undefined;
  } else if (
    own === undefined &&
    (symbol.syntax.members as readonly { kind: string }[]).some((one) => one.kind === "Join")
  ) {
    // A `join` that could not be read has been spoken of.
    return undefined;
  }
  return `\`${contract.symbol.name}\` joins its inputs (\`join ${wanted?.mode ?? ""}\`); \`${symbol.name}\` does not do so in the same way.`;
}

/** The types of a target's ports over cells of their own, so that trying them changes nothing. */
function typesOf(
  symbol: SignatureSymbol,
  signature: Signature,
  target: CheckedTarget,
  context: RuleContext,
): { readonly inputs: ReadonlyMap<string, SolvedType>; readonly outputs: ReadonlyMap<string, SolvedType> } {
  const args = argumentsOf(target, context);
  const solved = context.pipelines.get(symbol.key)?.graph.own;
  if (solved === undefined) return portTypes(symbol.name, signature, args);
  const copies = new Copies();
  const types = { inputs: copies.types(solved.inputs), outputs: copies.types(solved.outputs) };
  for (const [name, cell] of solved.paramCells) {
    const value = args.get(name) ?? signature.params.get(name)?.defaultValue;
    const literal = value !== undefined && "literal" in value ? value.literal : undefined;
    if (literal !== undefined && isDimensionValue(literal)) copies.find(cell)?.narrow([literal]);
  }
  return types;
}

function isDimensionValue(value: JsonValue): value is JsonValue & DimensionValue {
  return (
    typeof value === "string" ||
    typeof value === "number" ||
    (typeof value === "object" && value !== null && "width" in value)
  );
}

/** What the target is run with. */
function argumentsOf(target: CheckedTarget, { peers }: RuleContext): ReadonlyMap<string, PlanValue> {
  if (target.kind === "local") return target.args;
  const run = target.kind === "peer" ? peers.get(target.peer.key)?.runs.find((one) => one.as === target.as) : undefined;
  return run?.args ?? new Map();
}

/** True when the consumer takes whatever the producer may send. */
function inputFits(consumer: SolvedType, producer: SolvedType, schemas: Schemas): boolean {
  if (consumer.kind === "unknown" || producer.kind === "unknown") return true;
  return accepts(currentType(consumer), currentType(producer), { producer: schemas, consumer: schemas });
}

function shown(type: SolvedType): string {
  return formatType(currentType(type));
}
