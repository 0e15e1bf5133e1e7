/** The canonical layout of a program. */
import { join, print } from "./layout/doc.ts";
import { applyEdits, editsBetween, statementLines, type TextEdit } from "./layout/edits.ts";
import { Writer } from "./layout/writer.ts";
import { createParser, type ParseResult } from "./parser.ts";
import type { SyntaxProblem } from "./problems.ts";
import { isSameTree } from "./same-tree.ts";
import type { Span } from "./syntax.ts";

export type { TextEdit } from "./layout/edits.ts";

/** Longest line, comments at its end aside, where the text leaves a choice. */
export const MAX_WIDTH = 120;

export interface FormatOptions {
  /** Only the statements on the lines of this range are laid out; by default all are. */
  readonly range?: Span;
}

/** The text laid out, with the edits that lead to it in order of place; or why it was left alone. */
export type FormatResult =
  | { readonly text: string; readonly edits: readonly TextEdit[] }
  | { readonly errors: readonly SyntaxProblem[] };

export type Formatter = (text: string, options?: FormatOptions) => FormatResult;

/**
 * The range of whole lines, for `FormatOptions.range`.
 * @param first from 1
 * @param last included; lines that the text does not have are left out
 * @returns undefined where the text has no such line
 */
export function lineSpan(text: string, first: number, last: number): Span | undefined {
  let start = 0;
  for (let line = 1; line < first; line += 1) {
    start = text.indexOf("\n", start) + 1;
    if (start === 0) return undefined;
  }
  let end = start;
  for (let line = first; line <= last && end < text.length; line += 1) {
    const next = text.indexOf("\n", end);
    end = next < 0 ? text.length : next + 1;
  }
  // The line end belongs to the line before it.
  return { start, end: Math.max(start, text[end - 1] === "\n" ? end - 1 : end) };
}

function layOut(text: string, { file, tokens, comments }: ParseResult): string {
  const writer = new Writer({ text, file, tokens, comments }, MAX_WIDTH);
  const laidOut = join(print(writer.file(), MAX_WIDTH)).trim();
  if (laidOut === "") return "";
  return endsLinesWithCr(text) ? `${laidOut}\n`.replaceAll("\n", "\r\n") : `${laidOut}\n`;
}

/** Line ends stay as the first one is: version control on Windows makes them so. */
function endsLinesWithCr(text: string): boolean {
  return text[text.indexOf("\n") - 1] === "\r";
}

function within({ span }: TextEdit, { start, end }: Span): boolean {
  // An edit at the end of the line before may begin with the line end that both share.
  return span.start >= start - 1 && span.end <= end;
}

/**
 * Makes a formatter; like a parser it takes some milliseconds to make and keeps nothing between texts.
 *
 * The layout keeps the tree and every comment, and laying it out again changes nothing. A text with syntax errors is
 * left alone: where a statement ends is a guess in it.
 */
export function createFormatter(parse: (text: string) => ParseResult = createParser()): Formatter {
  return (text, { range } = {}) => {
    const before = parse(text);
    if (before.errors.length > 0) return { errors: before.errors };
    const laidOut = layOut(text, before);
    const after = parse(laidOut);
    // The last line of defence for what people wrote; reaching it is a mistake in the layout.
    if (after.errors.length > 0 || !isSameTree(before.file, after.file)) {
      throw new Error("the layout would change what the program means");
    }
    const edits = editsBetween({ text, tokens: before.tokens }, { text: laidOut, tokens: after.tokens });
    if (range === undefined) return { text: laidOut, edits };
    const lines = statementLines(text, before.file, range);
    const chosen = edits.filter((edit) => within(edit, lines));
    return { text: applyEdits(text, chosen), edits: chosen };
  };
}
