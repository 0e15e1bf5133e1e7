/** The door of the grammar. */
import { createParser, type ParseResult } from "./parser.ts";

export { createFormatter, lineSpan } from "./format.ts";
export type { FormatOptions, FormatResult, Formatter, TextEdit } from "./format.ts";
export { createParser } from "./parser.ts";
export type { ParseResult } from "./parser.ts";
export type { Piece } from "./pieces.ts";
export { problemKinds } from "./problems.ts";
export type { ProblemCode, SyntaxProblem } from "./problems.ts";
export type { Comment, Token } from "./scan.ts";
export type { TokenClass } from "./tokens.ts";

/** Made on first use, for it takes some milliseconds; it keeps nothing between texts. */
const shared: { parse?: (text: string) => ParseResult } = {};

/** Parses a text. Never throws for what the text holds. */
export function parse(text: string): ParseResult {
  shared.parse ??= createParser();
  return shared.parse(text);
}
