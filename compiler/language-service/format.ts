import { createFormatter, type Formatter } from "../../grammar/index.ts";
import type { Span } from "../../grammar/syntax.ts";
import type { ParsedFile } from "../check/sources.ts";

/** A replacement in one text. */
export interface SpanEdit {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

/** Lays files out. A text with problems of syntax is left alone. */
export class Formatting {
  #formatter: Formatter | undefined;

  /** @param range only the statements on its lines */
  format(file: ParsedFile, range?: Span): readonly SpanEdit[] {
    if (file.errors.length > 0) return [];
    this.#formatter ??= createFormatter();
    const result = this.#formatter(file.source.text, range === undefined ? {} : { range });
    if ("errors" in result) return [];
    return result.edits.map(({ span, text }) => ({ start: span.start, end: span.end, newText: text }));
  }

  /**
   * What to change when a line has been ended or a block closed.
   * @param typed the character
   */
  onType(file: ParsedFile, offset: number, typed: string): readonly SpanEdit[] {
    const { text } = file.source;
    const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
    if (typed === "}") return this.format(file, { start: lineStart, end: offset });
    const before = this.format(file, {
      start: text.lastIndexOf("\n", lineStart - 2) + 1,
      end: Math.max(0, lineStart - 1),
    });
    // The cursor stays where it is: only what lies before the new line changes.
    return before.filter((one) => one.end < lineStart);
  }
}
