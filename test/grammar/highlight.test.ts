import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import textmate, { type IGrammar } from "vscode-textmate";
import { textMateGrammar } from "../../grammar/highlight.ts";
import { parse } from "../../grammar/index.ts";
import { keywords } from "../../grammar/tokens.ts";
import { descendants } from "../../grammar/walk.ts";
import { loadGrammar, scopesOf as scopesIn } from "./support/textmate.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

let grammar: IGrammar;
beforeAll(async () => {
  grammar = await loadGrammar();
});

const scopesOf = (text: string): string[] => scopesIn(grammar, text);

/** `in‹keyword.control› mic‹variable.other.definition›` for a text of one line. */
function coloured(text: string): string {
  const { tokens } = grammar.tokenizeLine(text, textmate.INITIAL);
  return tokens
    .map(({ startIndex, endIndex, scopes }) => [text.slice(startIndex, endIndex), scopes.at(-1) ?? ""] as const)
    .filter(([part, scope]) => part.trim() !== "" && !scope.startsWith("punctuation"))
    .map(([part, scope]) => `${part.trim()}‹${scope.replace(/\.mesh$/, "")}›`)
    .join(" ");
}

const isKeyword = (scope: string): boolean => /^(?:keyword\.control|storage)/.test(scope);

describe("the colours of an editor agree with the parser", () => {
  it.each([
    "./fixtures/assistant.mesh",
    "./fixtures/every-form.formatted.mesh",
    "../../examples/voice-assistant/main.mesh",
    "../../stdlib/audio/audio.mesh",
    "../../stdlib/speech/speech.mesh",
  ])("in %s", (path) => {
    const text = read(path);
    const { file, tokens, comments } = parse(text);
    const scopes = scopesOf(text);
    const names = new Set([...descendants(file)].filter(({ kind }) => kind === "Name").map(({ span }) => span.start));
    for (const { class: type, text: token, span } of tokens) {
      const scope = scopes[span.start] ?? "";
      const where = `${token} in "${text.slice(span.start - 20, span.end + 20)}"`;
      if (names.has(span.start)) expect(scope, where).not.toMatch(/^(?:keyword|storage|constant|string|comment)/);
      else if (type === "keyword") expect(isKeyword(scope), `${where} is ${scope}`).toBe(true);
      else if (type === "constant") expect(scope, where).toMatch(/^constant\.language/);
      else if (type === "number") expect(scope, where).toMatch(/^constant\.numeric/);
      else if (type === "string") expect(scope, where).toMatch(/^string\.quoted/);
      else if (type === "operator") expect(scope, where).toMatch(/^keyword\.operator/);
      else expect(scope, where).toMatch(/^(?:punctuation|keyword\.operator)/);
    }
    for (const { span, kind } of comments) {
      const wanted = { line: "comment.line", documentation: "comment.line.documentation", block: "comment.block" }[
        kind
      ];
      expect(scopes[span.start]).toMatch(new RegExp(`^${wanted}`));
    }
  });

  it("gives a colour to every keyword", () => {
    const patterns = JSON.stringify(textMateGrammar());
    for (const word of keywords.keys()) expect(patterns).toMatch(new RegExp(`\\b${word}\\b`));
  });
});

describe("a line alone", () => {
  it.each([
    ["in in: text", "in‹keyword.control› in‹variable.other.definition› text‹support.type›"],
    [
      "at -> remote.from",
      "at‹variable.other› ->‹keyword.operator.arrow› remote‹variable.other› from‹variable.other.property›",
    ],
    ["a -> [let, at]", "a‹variable.other› ->‹keyword.operator.arrow› let‹variable.other› at‹variable.other›"],
    ["s -> flush a", "s‹variable.other› ->‹keyword.operator.arrow› flush‹keyword.control› a‹variable.other›"],
    ["a ~> out", "a‹variable.other› ~>‹keyword.operator.arrow› out‹variable.other›"],
    [
      "retry 5 times, backoff 1s",
      "retry‹keyword.control› 5‹constant.numeric› times‹keyword.control› backoff‹keyword.control› 1‹constant.numeric› s‹keyword.other.unit›",
    ],
    ["t: 20mS", "t‹variable.parameter› 20mS‹invalid.illegal.quantity›"],
    [
      "-6dB 80% 1280x720 12.4.1",
      "-6‹constant.numeric› dB‹keyword.other.unit› 80‹constant.numeric› %‹keyword.other.unit› 1280x720‹constant.numeric.resolution› 12.4.1‹constant.numeric›",
    ],
  ])("%s", (line, wanted) => {
    expect(coloured(line)).toBe(wanted);
  });

  it("ends a string that is not closed with its line", () => {
    const scopes = scopesOf('let x = N(a: "open\nlet y = M()');
    expect(isKeyword(scopes[19] ?? "")).toBe(true);
  });

  it("nests block comments", () => {
    const scopes = scopesOf("/* a /* b */ c */ in");
    expect(scopes[13]).toBe("comment.block.mesh");
    expect(isKeyword(scopes[18] ?? "")).toBe(true);
  });
});
