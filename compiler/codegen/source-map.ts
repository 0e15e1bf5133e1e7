import type { Marked } from "./origins.ts";

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A number as base-64 VLQ: the sign in the lowest bit, five bits a digit, the lowest first. */
export function vlq(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    const digit = rest % 32;
    rest = Math.floor(rest / 32);
    text += digits.charAt(rest > 0 ? digit + 32 : digit);
  } while (rest > 0);
  return text;
}

/**
 * A source map (ECMA-426, version 3) from generated text to `.mesh` files.
 *
 * @param file name of the generated file
 * @param linesBefore lines that stand before the marked text
 * @param sourceOf where a file of the program is, seen from the generated one
 */
export function sourceMap(
  file: string,
  marked: Marked,
  linesBefore: number,
  sourceOf: (path: string) => string,
): string {
  const sources: string[] = [];
  const lines: string[][] = Array.from({ length: linesBefore }, () => []);
  let source = 0;
  let line = 0;
  let column = 0;
  let previous = { line: -1, column: 0 };
  for (const segment of marked.segments) {
    const at = segment.line + linesBefore;
    while (lines.length <= at) lines.push([]);
    let fields = vlq(segment.column - (previous.line === segment.line ? previous.column : 0));
    const { origin } = segment;
    if (origin !== undefined) {
      const path = sourceOf(origin.file);
      if (!sources.includes(path)) sources.push(path);
      const index = sources.indexOf(path);
      fields += vlq(index - source) + vlq(origin.line - 1 - line) + vlq(origin.column - 1 - column);
      source = index;
      line = origin.line - 1;
      column = origin.column - 1;
    }
    lines[at]?.push(fields);
    previous = segment;
  }
  const mappings = lines.map((one) => one.join(",")).join(";");
  return `${JSON.stringify({ version: 3, file, sources, names: [], mappings })}\n`;
}
