import type { PolicyClauseSyntax, RemoteSyntax, Span } from "../../../grammar/syntax.ts";
import type { ParsedFile } from "../../check/sources.ts";
import type { CodeAction } from "../code-action.ts";
import type { Analysis, FileEdit } from "../files.ts";
import { freeName, indented, pieceAt, topOf } from "./pieces.ts";

/**
 * Clauses of a remote become a policy that others can share: those that are selected, or all where the cursor stands in one.
 * What the remote had of a policy before goes into the new one, so that it behaves as it did.
 */
export function extractPolicy(analysis: Analysis, file: ParsedFile, span: Span): CodeAction[] {
  if (file.errors.length > 0) return [];
  for (const pipeline of file.syntax.declarations) {
    if (pipeline.kind !== "Pipeline" || !touches(pipeline.span, span)) continue;
    for (const remote of pipeline.members) {
      if (remote.kind !== "Remote" || remote.interface === undefined || !touches(remote.span, span)) continue;
      const touched = remote.clauses.filter((one) => touches(one.span, span));
      if (touched.length === 0) continue;
      const moved = span.start === span.end ? remote.clauses : touched;
      const inherited = inheritedClauses(analysis, file, remote, moved);
      if (inherited === undefined) return [];
      const name = freeName(analysis.names, file, `${remote.name.text}Policy`);
      const pieces = moved.map((one) => pieceAt(file, one.span));
      const own = moved.map((one, index) => {
        const written = file.source.text.slice(one.span.start, one.span.end);
        const kept = keptBackoff(analysis, file, remote, one);
        return (pieces[index]?.text ?? "").replace(written, () => written + kept);
      });
      const top = topOf(file, pipeline);
      const { path } = file.source;
      const replaced = remote.policy?.span ?? { start: remote.interface.span.end, end: remote.interface.span.end };
      const edits: FileEdit[] = [
        {
          path,
          start: top,
          end: top,
          newText: `policy ${name} {\n${indented([...inherited, ...own].join("\n"))}\n}\n\n`,
        },
        { path, ...spanOf(replaced), newText: remote.policy === undefined ? ` with ${name}` : name },
        ...pieces.map(({ removed }) => ({ path, ...removed, newText: "" })),
      ];
      return [{ title: `Extract policy \`${name}\``, kind: "refactor.extract", edits, isPreferred: false }];
    }
  }
  return [];
}

function touches(one: Span, other: Span): boolean {
  return one.start <= other.end && one.end >= other.start;
}

function spanOf({ start, end }: Span): Span {
  return { start, end };
}

/** The clauses of the policy that a remote names. */
function policyOf(analysis: Analysis, file: ParsedFile, remote: RemoteSyntax) {
  const declared = remote.policy && analysis.names.find(file, remote.policy.text)?.declared;
  const there = declared && analysis.parsed(declared.module);
  return declared?.syntax.kind === "Policy" && there !== undefined && there.errors.length === 0
    ? { clauses: declared.syntax.clauses, text: there.source.text }
    : undefined;
}

/** What the remote has from its policy and no clause that moves says anew; undefined where the policy is not to be found. */
function inheritedClauses(
  analysis: Analysis,
  file: ParsedFile,
  remote: RemoteSyntax,
  moved: readonly PolicyClauseSyntax[],
): readonly string[] | undefined {
  if (remote.policy === undefined) return [];
  const policy = policyOf(analysis, file, remote);
  const known = new Set(
    moved.flatMap((one) => (one.kind === "Timeout" ? one.entries.map(({ name }) => name.text) : [])),
  );
  return policy?.clauses.flatMap((one) => {
    if (one.kind !== "Timeout") {
      return moved.some((two) => two.kind === one.kind) ? [] : [policy.text.slice(one.span.start, one.span.end)];
    }
    const missing = one.entries.filter(({ name }) => !known.has(name.text));
    const entries = missing.map(({ span }) => policy.text.slice(span.start, span.end));
    return entries.length === 0 ? [] : [`timeout ${entries.join(", ")}`];
  });
}

/** `, backoff 1s..5s`, which a `retry 2 times` has kept from its policy so far. */
function keptBackoff(analysis: Analysis, file: ParsedFile, remote: RemoteSyntax, clause: PolicyClauseSyntax): string {
  const policy = policyOf(analysis, file, remote);
  const before = policy?.clauses.find((one) => one.kind === "Retry");
  if (clause.kind !== "Retry" || clause.backoff !== undefined || before?.kind !== "Retry") return "";
  const { backoff } = before;
  return backoff === undefined ? "" : `, backoff ${policy?.text.slice(backoff.span.start, backoff.span.end) ?? ""}`;
}
