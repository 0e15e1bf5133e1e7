import type { AnySyntaxNode, Span } from "../../grammar/syntax.ts";
import { visit } from "../../grammar/walk.ts";
import type { ParsedFile } from "../check/sources.ts";
import { positionAt } from "../source/source-file.ts";

export interface Fold {
  readonly startLine: number;
  readonly endLine: number;
  readonly kind: "comment" | "imports" | "region";
}

const foldable: ReadonlySet<AnySyntaxNode["kind"]> = new Set([
  ...(["Record", "Enum", "Interface", "Node", "Pipeline", "Policy", "Peer", "Scenario", "Remote"] as const),
  ...(["Flow", "Route", "Group", "Options", "Instance"] as const),
]);

/** What can be folded: blocks, long flows, runs of comments, the imports. */
export function foldingRanges(file: ParsedFile): readonly Fold[] {
  const { source, syntax, comments } = file;
  const folds = new Map<number, Fold>();
  const add = ({ start, end }: Span, kind: Fold["kind"]): void => {
    const [startLine, endLine] = [positionAt(source, start).line, positionAt(source, end).line];
    const known = folds.get(startLine);
    if (endLine > startLine && (known === undefined || known.endLine < endLine))
      folds.set(startLine, { startLine, endLine, kind });
  };
  for (const declaration of syntax.declarations) {
    visit(declaration, (node) => {
      if (!foldable.has(node.kind)) return;
      // Documentation folds by itself, and the block begins where its head does.
      const start =
        "name" in node && typeof node.name === "object" && "span" in node.name ? node.name.span.start : node.span.start;
      add({ start: Math.max(start, node.span.start), end: node.span.end }, "region");
    });
  }
  const [first] = syntax.imports;
  if (first !== undefined) add({ start: first.span.start, end: syntax.imports.at(-1)?.span.end ?? 0 }, "imports");
  let run: Span | undefined;
  for (const { span, kind } of comments) {
    if (kind === "block") add(span, "comment");
    else if (
      run !== undefined &&
      source.text.slice(run.end, span.start).trim() === "" &&
      positionAt(source, span.start).line === positionAt(source, run.end).line + 1
    ) {
      run = { start: run.start, end: span.end };
    } else {
      if (run !== undefined) add(run, "comment");
      run = span;
    }
  }
  if (run !== undefined) add(run, "comment");
  return [...folds.values()].toSorted((a, b) => a.startLine - b.startLine);
}
