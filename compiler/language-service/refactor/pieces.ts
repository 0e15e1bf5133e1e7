import type { DeclarationSyntax, Span } from "../../../grammar/syntax.ts";
import type { ParsedFile } from "../../check/sources.ts";
import type { Names } from "../names/names.ts";

/** A part of a file that moves elsewhere. */
export interface Piece {
  /** What stands elsewhere, its comments with it, as if it had begun at the left edge. */
  readonly text: string;
  /** What goes where it stood: whole lines, if nothing else stands on them. */
  readonly removed: Span;
}

/** A statement with the comments that belong to it: those on the lines right above, and one behind it on its line. */
export function pieceAt(file: ParsedFile, { start, end }: Span): Piece {
  const { text } = file.source;
  const from = startWithComments(file, start);
  const trailing = file.comments.find(
    ({ span }) => span.start >= end && /^[ \t]*$/.test(text.slice(end, span.start)) && endsLine(text, span.end),
  );
  const to = trailing?.span.end ?? end;
  const lineStart = text.lastIndexOf("\n", from - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart, from))?.[0] ?? "";
  const lines = text.slice(from, to).split("\n");
  const moved = lines.map((line, index) => (index > 0 && line.startsWith(indent) ? line.slice(indent.length) : line));
  const isWhole = lineStart + indent.length === from && endsLine(text, to);
  const next = text.indexOf("\n", to);
  const removed = isWhole
    ? { start: lineStart, end: next < 0 ? text.length : next + 1 }
    : { start: from - (/[ \t]*$/.exec(text.slice(lineStart, from))?.[0].length ?? 0), end: to };
  return { text: moved.join("\n"), removed };
}

/** Where a declaration begins, with what is said about it in comments right above. */
export function topOf(file: ParsedFile, declaration: DeclarationSyntax): number {
  return startWithComments(file, declaration.span.start);
}

function startWithComments(file: ParsedFile, start: number): number {
  const { text } = file.source;
  let top = start;
  for (const { span } of file.comments.toReversed()) {
    if (span.end > top) continue;
    const lineStart = text.lastIndexOf("\n", span.start - 1) + 1;
    const isAbove = /^[ \t]*\r?\n[ \t]*$/.test(text.slice(span.end, top));
    if (!isAbove || /\S/.test(text.slice(lineStart, span.start))) break;
    top = span.start;
  }
  return top;
}

function endsLine(text: string, offset: number): boolean {
  const next = text.indexOf("\n", offset);
  return text.slice(offset, next < 0 ? text.length : next).trim() === "";
}

/** Each line of a text two further in. */
export function indented(text: string): string {
  return text.replaceAll(/^(?=[^\r\n])/gm, "  ");
}

/** A name that nothing at the top level of a file has. */
export function freeName(names: Names, file: ParsedFile, wanted: string): string {
  const taken = new Set([...names.inSight(file)].map(([name]) => name));
  for (const one of file.syntax.imports) for (const { name, alias } of one.names) taken.add((alias ?? name).text);
  return freeAmong(taken, wanted);
}

/** The name itself, or else with the first number behind it that makes it another. */
export function freeAmong(taken: ReadonlySet<string>, wanted: string): string {
  if (!taken.has(wanted)) return wanted;
  for (let count = 2; ; count += 1) if (!taken.has(`${wanted}${count}`)) return `${wanted}${count}`;
}
