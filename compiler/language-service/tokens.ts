import { parse, type Token } from "../../grammar/index.ts";
import type { ParsedFile } from "../check/sources.ts";

/** The token at an offset, the one before it where it stands right behind; undefined in space and comments. */
export function tokenAt(file: ParsedFile, offset: number): Token | undefined {
  const tokens = file.tokens;
  const index = firstBehind(tokens, offset);
  const [before, at] = [tokens[index - 1], tokens[index]];
  if (at !== undefined && at.span.start <= offset) return at;
  return before?.span.end === offset ? before : undefined;
}

/** The index of the first token that ends behind an offset. */
export function firstBehind(tokens: readonly Token[], offset: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle]?.span.end ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The tokens of a text that is part of no file. */
export function tokensOf(text: string): readonly Token[] {
  return parse(text).tokens;
}
