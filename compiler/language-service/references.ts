import type { Span } from "../../grammar/syntax.ts";
import type { Analysis, FilePlace } from "./files.ts";
import { occurrenceAt, occurrencesOf } from "./names/lookup.ts";

/** Every place where what is named at an offset is named, in all files of all programs. */
export function references(
  analysis: Analysis,
  path: string,
  offset: number,
  options: { readonly includeDeclaration: boolean },
): readonly FilePlace[] {
  const found = occurrenceAt(analysis, path, offset);
  if (found === undefined) return [];
  return occurrencesOf(analysis, found.meaning)
    .filter(({ occurrence }) => options.includeDeclaration || occurrence.role !== "definition")
    .map(({ path: module, occurrence: { span } }) => ({ path: module, start: span.start, end: span.end }));
}

export interface Highlight {
  readonly span: Span;
  /** Where it is declared. */
  readonly isWrite: boolean;
}

/** The places of one file where the same is named. */
export function highlights(analysis: Analysis, path: string, offset: number): readonly Highlight[] {
  const found = occurrenceAt(analysis, path, offset);
  if (found === undefined) return [];
  return analysis
    .occurrences(path)
    .filter((one) => one.meaning.id === found.meaning.id)
    .map(({ span, role }) => ({ span, isWrite: role === "definition" }));
}
