/** The canonical layout of a program. */
import { align, print } from "./layout/doc.ts";
import { Writer } from "./layout/writer.ts";
import { createParser, type ParseResult } from "./parser.ts";
import type { SyntaxProblem } from "./problems.ts";

/** Longest line, comments at its end aside, where the text leaves a choice. */
export const MAX_WIDTH = 100;

export type FormatResult = { readonly text: string } | { readonly errors: readonly SyntaxProblem[] };

/** Each pass settles the comments that the one before had to move. */
const MAX_PASSES = 5;

function layOut(text: string, { file, tokens, comments }: ParseResult): { text: string; moved: boolean } {
  const writer = new Writer({ text, file, tokens, comments });
  const laidOut = align(print(writer.file(), MAX_WIDTH)).trim();
  return { text: laidOut === "" ? "" : `${laidOut}\n`, moved: writer.moved };
}

/** Makes a formatter; like a parser it takes some milliseconds to make and keeps nothing between texts. */
export function createFormatter(parse: (text: string) => ParseResult = createParser()): (text: string) => FormatResult {
  return (text) => {
    let current = text;
    for (let pass = 1; ; pass++) {
      const parsed = parse(current);
      if (parsed.errors.length > 0) return { errors: parsed.errors };
      const next = layOut(current, parsed);
      if (!next.moved || next.text === current || pass === MAX_PASSES) return { text: next.text };
      current = next.text;
    }
  };
}
