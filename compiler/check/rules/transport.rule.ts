import { knownText, parseAddress } from "../addresses.ts";
import type { Fix } from "../../diagnostics/diagnostic.ts";
import type { SourceFile } from "../../source/source-file.ts";
import { replaceFix } from "../reporter.ts";
import type { CheckedRemote, CheckedTarget } from "../targets.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** A policy that asks for one transport, and a target that only has the other, never come together. */
export const transport: Rule = {
  codes: ["MESH6006"],
  check(context) {
    for (const checked of context.pipelines.values()) {
      const { source } = checked.symbol.file;
      for (const [name, remote] of context.remotes.get(checked.symbol.key) ?? []) {
        const via = checked.policies.get(name)?.via;
        if (via === undefined) continue;
        for (const target of remote.targets) {
          const schemes = schemesOf(target, context);
          if (schemes === undefined || schemes.has(via)) continue;
          const only = [...schemes].map((one) => `\`${one}\``).join(" and ");
          context.reporter.report(
            "MESH6006",
            source,
            target.syntax.span,
            `\`${name}\` goes \`via ${via}\`, but \`${target.text}\` is reached by ${only} only.`,
            {
              fixes: autoFix(remote, source),
              hint: `Write \`via auto\`, or give the target an address that starts with \`${via}://\`.`,
            },
          );
        }
      }
    }
  },
};

/** Leaves the choice to the compiler, where the remote itself has made it. */
function autoFix({ syntax }: CheckedRemote, source: SourceFile): Fix[] {
  const clause = syntax.clauses.find((one) => one.kind === "Via");
  return clause === undefined ? [] : [replaceFix("Change to `via auto`", source, clause.transport.span, "auto", false)];
}

/** The transports by which a target can be reached; undefined where that is not known. */
function schemesOf(target: CheckedTarget, context: RuleContext): ReadonlySet<string> | undefined {
  if (target.kind === "uri") {
    const scheme = parseAddress(knownText(target.uri) ?? "")?.scheme;
    return scheme === undefined ? undefined : new Set([scheme]);
  }
  const peer = target.kind === "peer" ? context.peers.get(target.peer.key) : undefined;
  // A registered peer is connected to through the signaling service, whatever it listens at.
  if (peer === undefined || peer.listens.length === 0 || peer.registers.length > 0) return undefined;
  const schemes = peer.listens.map((one) => parseAddress(knownText(one.value) ?? "")?.scheme);
  return schemes.includes(undefined) ? undefined : new Set(schemes.filter((one) => one !== undefined));
}
