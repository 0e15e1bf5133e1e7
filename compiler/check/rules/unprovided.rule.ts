import { conditionHolds } from "../../../runtime/interface/conditions.ts";
import type { Capability, Condition } from "../../../runtime/interface/plan.ts";
import type { Asked } from "../capabilities.ts";
import { namesRun } from "../peers.ts";
import type { FileInfo, SignatureSymbol } from "../program.ts";
import { placeKey } from "./capability-words.ts";
import { incomparable, reportIncomparable } from "./placement.rule.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** In a file that declares peers, what is required of a peer should be provided by one of them. */
export const unprovided: Rule = {
  codes: ["MESH4002", "MESH3003"],
  asksEveryPeer: true,
  check(context) {
    if (!declaresPeers(context.file)) return;
    // A peer may be in a part that cannot be read.
    if (context.view.family("syntax").some((file) => file.problems.length > 0)) return;
    const provided = context.everyPeer().flatMap((peer) => peer.provides);
    const told = new Set<string>();
    let refused: ReadonlySet<string> | undefined;
    let run: ReadonlySet<string> | undefined;
    const isRun = (service: string): boolean =>
      (run ??= new Set(context.everyPeer().flatMap((peer) => namesRun(peer)))).has(service);
    const says = context.everyPeer().some((peer) => peer.provides.length > 0);
    const warn = (one: Asked, place: Asked["place"], detail: string): void => {
      if (told.has(placeKey(one.place)) || told.has(placeKey(place))) return;
      if (anyPeerHas(one.condition, context)) return;
      refused ??= refusedPlacements(context);
      if (refused.has(placeKey(one.place)) || refused.has(placeKey(place))) return;
      if (incomparable(one.condition, provided) !== undefined) {
        for (const peer of context.everyPeer()) reportIncomparable(one, peer, told, context);
        return;
      }
      told.add(placeKey(place));
      const message = `No declared peer provides \`${one.condition.text}\`${detail}.`;
      context.reporter.report("MESH4002", place.source, place.span, message, {
        ...(place !== one.place && { related: [{ place: one.place, message: "required here" }] }),
        hint:
          nearest(one.condition, provided) ??
          "Add it to the `provides` of a peer, or leave it to a peer found by signaling.",
      });
    };
    for (const symbol of context.declarations) {
      const { kind } = symbol.syntax;
      if (kind !== "Node" && kind !== "Interface" && kind !== "Pipeline") continue;
      for (const one of context.requirements.own(symbol as SignatureSymbol)) warn(one, one.place, "");
      if (kind !== "Pipeline") continue;
      // What an imported node asks for is told where it is used.
      for (const one of context.requirements.of(symbol as SignatureSymbol, new Map())) {
        if (one.use !== undefined && one.place.source !== symbol.file.source) {
          warn(one, one.use, `, which \`${one.path.at(-1) ?? ""}\` requires`);
        }
      }
      for (const remote of context.remotes.get(symbol.key)?.values() ?? []) {
        for (const target of remote.targets) {
          if (target.kind !== "service") continue;
          for (const one of target.where) {
            if (isRun(target.service) || (says && asksForCapability(one.condition))) warn(one, one.place, "");
          }
        }
      }
    }
  },
};

/** The places of conditions for which a `runs` has been refused: one mistake is told once. */
function refusedPlacements(context: RuleContext): Set<string> {
  const places = new Set<string>();
  context.view.family("runs");
  for (const peer of context.everyPeer()) {
    for (const run of peer.runs) {
      for (const one of context.requirements.of(run.pipeline, run.args)) {
        if (conditionHolds(one.condition, peer.provides) === "no") places.add(placeKey(one.place));
      }
    }
  }
  return places;
}

function declaresPeers(file: FileInfo): boolean {
  return file.syntax.declarations.some((one) => one.kind === "Peer");
}

function anyPeerHas(condition: Condition, context: RuleContext): boolean {
  return context.everyPeer().some((peer) => conditionHolds(condition, peer.provides) !== "no");
}

/**
 * A service is looked up among all peers of a mesh. Its filter is held against the declared ones where one of them runs
 * it, or where they say what they provide and it asks for a capability (`gpu`, `gpu.memory >= 8GiB`), not only for a
 * property such as `voice == "anna"`, which may be anything.
 */
function asksForCapability({ anyOf }: Condition): boolean {
  return anyOf.every(
    (part) => part.kind === "has" || part.path.length > 1 || (part.operator !== "==" && part.operator !== "!="),
  );
}

/** What the peers have of the same name, which may be too little. */
function nearest(condition: Condition, provided: readonly Capability[]): string | undefined {
  const names = condition.anyOf.map((part) => (part.kind === "has" ? part.name : (part.path[0] ?? "")));
  const found = provided.find((one) => names.includes(one.name));
  return found && `A peer provides \`${found.name}\`, but not as asked for here.`;
}
