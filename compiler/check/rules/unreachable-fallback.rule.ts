import type { Fix } from "../../diagnostics/diagnostic.ts";
import type { SourceFile } from "../../source/source-file.ts";
import type { PlanValue } from "../../../runtime/interface/plan.ts";
import { parseAddress, usualPort } from "../addresses.ts";
import type { CheckedRemote, CheckedTarget } from "../targets.ts";
import type { Rule } from "./rule.ts";

/** A target behind one that is always there, or that is the same as one before, is never of use. */
export const unreachableFallback: Rule = {
  codes: ["MESH6001"],
  check(context) {
    for (const [key, remotes] of context.remotes) {
      const source = context.pipelines.get(key)?.symbol.file.source;
      if (source === undefined) continue;
      for (const remote of remotes.values()) {
        if (context.reporter.isUnreadable(source, remote.syntax.span)) continue;
        const found = firstUnreachable(remote);
        if (found === undefined) continue;
        const { target, earlier, always } = found;
        context.reporter.report(
          "MESH6001",
          source,
          target.syntax.span,
          always
            ? `This fallback is never reached: \`${earlier.text}\` runs in the same process and is always there.`
            : `This fallback is never of use: \`${earlier.text}\` has been tried already when its turn comes.`,
          {
            related: [
              {
                place: { source, span: earlier.syntax.span },
                message: always ? "the local target" : "the same target",
              },
            ],
            fixes: [removal(source, remote, target)],
            hint: always ? "Put the local target last." : "Remove it, or name another target.",
          },
        );
      }
    }
  },
};

/** The first one only: those behind it are unreachable for the same reason. */
function firstUnreachable(
  remote: CheckedRemote,
): { readonly target: CheckedTarget; readonly earlier: CheckedTarget; readonly always: boolean } | undefined {
  const seen = new Map<string, CheckedTarget>();
  let local: CheckedTarget | undefined;
  for (const target of remote.targets) {
    if (local !== undefined) return { target, earlier: local, always: true };
    const key = identityOf(target);
    const same = key === undefined ? undefined : seen.get(key);
    if (same !== undefined) return { target, earlier: same, always: false };
    if (key !== undefined) seen.set(key, target);
    if (target.kind === "local") local = target;
  }
  return undefined;
}

/** What makes two targets the same; undefined for one that ends the list anyway. */
function identityOf(target: CheckedTarget): string | undefined {
  switch (target.kind) {
    case "peer":
      return JSON.stringify(["peer", target.peer.key, target.as]);
    case "uri":
      return JSON.stringify(["uri", knownAddress(target.uri)]);
    case "service":
      return JSON.stringify(["service", target.service, target.where.map((one) => one.condition.text)]);
    case "local":
      return undefined;
    default:
      return target satisfies never;
  }
}

/** One address for all ways to write it: with and without its usual port. */
function knownAddress(uri: PlanValue): unknown {
  const address = "literal" in uri && typeof uri.literal === "string" ? parseAddress(uri.literal) : undefined;
  return address === undefined ? uri : { ...address, port: address.port ?? usualPort };
}

/** Takes out the target with the space before it. */
function removal(source: SourceFile, { syntax }: CheckedRemote, target: CheckedTarget): Fix {
  const { start, end } = target.syntax.span;
  const before = source.text.slice(syntax.span.start, start);
  const from = start - (before.length - before.trimEnd().length);
  return {
    title: "Remove this target",
    edits: [{ place: { source, span: { start: from, end } }, newText: "" }],
    applicability: "suggested",
  };
}
