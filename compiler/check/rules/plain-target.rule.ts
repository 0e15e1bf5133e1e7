import type { Related } from "../../diagnostics/diagnostic.ts";
import { knownText, parseAddress } from "../addresses.ts";
import type { CheckedPeer } from "../peers.ts";
import type { CheckedTarget } from "../targets.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** A remote that asks for proof of identity cannot use a peer that has none: security is off where nobody is allowed. */
export const plainTarget: Rule = {
  codes: ["MESH7002"],
  asksEveryPeer: true,
  check(context) {
    for (const checked of context.pipelines.values()) {
      const { source } = checked.symbol.file;
      for (const [name, remote] of context.remotes.get(checked.symbol.key) ?? []) {
        if (checked.policies.get(name)?.auth === undefined) continue;
        for (const target of remote.targets) {
          const peer = peerBehind(target, context);
          if (peer === undefined || allowsSomebody(peer)) continue;
          if (context.reporter.isUnreadable(peer.symbol.file.source, peer.symbol.syntax.span)) continue;
          const at = peer.symbol.syntax.name.span;
          const related: Related = { place: { source: peer.symbol.file.source, span: at }, message: "allows nobody" };
          const who = `\`${peer.symbol.name}\``;
          context.reporter.report(
            "MESH7002",
            source,
            target.syntax.span,
            `\`${name}\` asks for \`auth mtls\`, but ${who} is plain: it \`allows\` nobody, so its security is off.`,
            {
              related: [related],
              hint: `Let ${who} say who may call, such as \`allows "spiffe://example.com/client"\`.`,
            },
          );
        }
      }
    }
  },
};

/** The declared peer that a target leads to, by its name or by the address at which it listens. */
function peerBehind(target: CheckedTarget, context: RuleContext): CheckedPeer | undefined {
  if (target.kind === "peer") return context.peers.get(target.peer.key);
  if (target.kind !== "uri" || !("literal" in target.uri)) return undefined;
  const wanted = parseAddress(knownText(target.uri) ?? "");
  // One that is called through a service may be any.
  if (wanted === undefined || wanted.peer !== undefined) return undefined;
  return context.everyPeer().find((peer) =>
    peer.listens.some(({ value }) => {
      const at = "literal" in value ? parseAddress(knownText(value) ?? "") : undefined;
      return at?.scheme === wanted.scheme && at.host === wanted.host && at.port === wanted.port;
    }),
  );
}

function allowsSomebody({ symbol }: CheckedPeer): boolean {
  return symbol.syntax.members.some((one) => one.kind === "PeerStrings" && one.member === "allows");
}
