import { nodeAt } from "../../../grammar/walk.ts";
import type { AnySyntaxNode } from "../../../grammar/syntax.ts";
import type { Analysis, FilePlace } from "../files.ts";
import type { Meaning, Occurrence } from "./meaning.ts";

/** The name at an offset; right behind a name counts, as where a cursor stands. */
export function occurrenceAt(analysis: Analysis, path: string, offset: number): Occurrence | undefined {
  const all = analysis.occurrences(path);
  return (
    all.find(({ span }) => span.start <= offset && offset < span.end) ??
    all.find(({ span }) => span.start < offset && offset === span.end)
  );
}

/** The nodes of the tree around an offset, the innermost last. */
export function nodesAt(analysis: Analysis, path: string, offset: number): readonly AnySyntaxNode[] {
  const file = analysis.parsed(path);
  return file === undefined ? [] : nodeAt(file.syntax, offset);
}

export function placeOf({ module, nameSpan }: Meaning): FilePlace {
  return { path: module, start: nameSpan.start, end: nameSpan.end };
}

/** Every place where something is named, in all files, an order of file and place. */
export function occurrencesOf(analysis: Analysis, meaning: Meaning): { path: string; occurrence: Occurrence }[] {
  const modules = new Set([meaning.module, ...analysis.modules]);
  return [...modules].flatMap((path) => {
    // A file that names it has its name somewhere, be it in an import only.
    if (analysis.parsed(path)?.source.text.includes(meaning.name) !== true) return [];
    return analysis
      .occurrences(path)
      .filter((one) => one.meaning.id === meaning.id)
      .map((occurrence) => ({ path, occurrence }));
  });
}
