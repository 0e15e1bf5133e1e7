import { Lexer, type IToken } from "chevrotain";
import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "../../grammar/index.ts";
import { lex } from "../../grammar/lexer.ts";
import * as t from "../../grammar/tokens.ts";
import { program } from "./support/program-generator.ts";
import { scattered } from "./support/scatter.ts";

/** The table of tokens as it reads: patterns tried in order. Its own checks find what can never match. */
const table = new Lexer([...t.lexicalTokens], { positionTracking: "full", ensureOptimizations: true });

type Shown = readonly [type: string, image: string, offset: number, line: number, column: number];

function shown({ tokenType, image, startOffset, startLine, startColumn }: IToken): Shown {
  return [tokenType.name, image, startOffset, startLine ?? 0, startColumn ?? 0];
}

function expectTheSame(text: string): void {
  const wanted = table.tokenize(text);
  expect(wanted.errors).toEqual([]);
  for (const token of wanted.tokens) {
    const keyword = token.tokenType === t.Identifier ? t.keywords.get(token.image) : undefined;
    if (keyword !== undefined) token.tokenType = keyword;
  }
  const { tokens, comments } = lex(text);
  expect(tokens.map(shown)).toEqual(wanted.tokens.map(shown));
  expect(comments.map(shown)).toEqual((wanted.groups["comments"] ?? []).map(shown));
}

const fragments = [
  ...[
    "-",
    "--",
    "->",
    "-->",
    "~",
    "~>",
    "~~>",
    "~->",
    "=",
    "==",
    "=>",
    "!",
    "!=",
    "|",
    "|>",
    ">",
    ">=",
    "<",
    "<=",
    ".",
  ],
  ...["..", "...", "/", "//", "/*", "*/", '"', "\\", "'", "`", "\n", "\r", "\r\n", " ", "\t", "\u00a0", "\ufeff", "\v"],
  ...[
    "é",
    "µ",
    "→",
    "⇒",
    "“",
    "”",
    "’",
    "⇝",
    "\u2028",
    "😀",
    "\ud800",
    "%",
    "5",
    "-6",
    "1.2.3",
    "20ms",
    "20µs",
    "80%",
    "5é",
    "_a9",
    "in",
  ],
  ...["{", "}", "(", ")", "[", "]", ",", ":", ";", "?", "@", "#", "$", "\0", "\u007f", "map", "x"],
];

describe("the lexer finds what the table of tokens says", () => {
  it("in fragments of any kind", () => {
    const text = fc.array(fc.constantFrom(...fragments), { maxLength: 30 }).map((parts) => parts.join(""));
    fc.assert(fc.property(text, expectTheSame), { numRuns: 3_000 });
  });

  it("in any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), expectTheSame), { numRuns: 1_000 });
  });

  it("in programs", () => {
    fc.assert(fc.property(scattered(program), expectTheSame), { numRuns: 100 });
  });

  it.each(["./fixtures/assistant.mesh", "./fixtures/every-form.mesh"])("in %s", (path) => {
    expectTheSame(readFileSync(new URL(path, import.meta.url), "utf8"));
  });

  it("for each character alone", () => {
    for (let code = 0; code <= 0xffff; code += code < 0x3100 ? 1 : 37) expectTheSame(String.fromCharCode(code));
  });
});

describe("what the lexer makes", () => {
  it("is one error token for a unit in other letters, with the unit that was meant", () => {
    const { errors } = parse("record R { a: duration = 20µs }");
    expect(errors).toMatchObject([{ code: "MESH1018", hint: "did you mean `20us`?" }]);
  });
});
