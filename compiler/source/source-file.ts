import type { Span } from "../../grammar/syntax.ts";

/** A position as the Language Server Protocol counts it: both from 0, characters in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** The text of one file with what is needed to speak of places in it. */
export interface SourceFile {
  /** Relative to the project's root with "/" between parts, or `std/audio` for the standard library. */
  readonly path: string;
  readonly text: string;
  /** Where each line starts; the first entry is 0. */
  readonly lineStarts: readonly number[];
}

export function sourceFile(path: string, text: string): SourceFile {
  let lines = 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  // As long as it is to be from the beginning: one that grows leaves four times as much behind, at each key stroke.
  const lineStarts = Array.from<number>({ length: lines }).fill(0);
  for (let line = 1; line < lines; line += 1) lineStarts[line] = text.indexOf("\n", lineStarts[line - 1]) + 1;
  return { path, text, lineStarts };
}

/** The position of an offset; offsets outside the text are moved to its nearest end. */
export function positionAt(source: SourceFile, offset: number): Position {
  const at = Math.max(0, Math.min(offset, source.text.length));
  let low = 0;
  let high = source.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.lineStarts[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return { line: low, character: at - (source.lineStarts[low] ?? 0) };
}

/** The text of a line, counted from 0, without its line break. */
export function lineText(source: SourceFile, line: number): string {
  const start = source.lineStarts[line] ?? source.text.length;
  const end = source.lineStarts[line + 1] ?? source.text.length;
  return source.text.slice(start, end).replace(/\r?\n$/, "");
}

/** A span in a certain file. */
export interface Place {
  readonly source: SourceFile;
  readonly span: Span;
}

/** Line and column from 1, as people and plans count them. */
export function locationOf(place: Place): { file: string; line: number; column: number } {
  const { line, character } = positionAt(place.source, place.span.start);
  return { file: place.source.path, line: line + 1, column: character + 1 };
}
