import type { IToken } from "chevrotain";
import type { Token } from "./scan.ts";
import { allTokens, classOf, type TokenClass } from "./tokens.ts";

const classes: readonly TokenClass[] = [
  ...(["keyword", "name", "constant", "number", "string", "operator", "punctuation", "comment"] as const),
];
const classBits = 3;
/** By the number of the type of a token. */
const classByType: readonly number[] = allTokens.reduce<number[]>((found, type) => {
  found[type.tokenTypeIdx!] = classes.indexOf(classOf(type));
  return found;
}, []);

/**
 * The tokens of a text as others than the rules see them, kept as numbers until somebody looks: as objects they take half as much room
 * as the tree, and most files nobody colours or lays out.
 */
export class TokenRow {
  readonly #text: string;
  /** Of each where it starts, and its length with its class. */
  readonly #numbers: Uint32Array;

  constructor(text: string, tokens: readonly IToken[]) {
    this.#text = text;
    this.#numbers = new Uint32Array(tokens.length * 2);
    let at = 0;
    for (let index = 0; index < tokens.length; index += 1) {
      const { startOffset, image, tokenTypeIdx } = tokens[index]!;
      this.#numbers[at++] = startOffset;
      this.#numbers[at++] = (image.length << classBits) | classByType[tokenTypeIdx]!;
    }
  }

  /** Those that start from one offset on and before another. */
  between(from: number, end: number): Token[] {
    const found: Token[] = [];
    for (let at = this.#firstFrom(from); at < this.#numbers.length; at += 2) {
      const start = this.#numbers[at]!;
      if (start >= end) break;
      const form = this.#numbers[at + 1]!;
      const span = { start, end: start + (form >>> classBits) };
      const kind = classes[form & ((1 << classBits) - 1)]!;
      found.push({ class: kind, text: this.#text.slice(span.start, span.end), span });
    }
    return found;
  }

  /** Where the first is kept that starts at an offset or behind it. */
  #firstFrom(offset: number): number {
    let low = 0;
    let high = this.#numbers.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#numbers[middle * 2]! < offset) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}
