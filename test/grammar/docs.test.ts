import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { keywords } from "../../grammar/tokens.ts";
import { grammarDocs } from "../../scripts/grammar-docs.ts";
import { ebnfText } from "../../scripts/grammar-ebnf.ts";
import { grammarSections } from "../../scripts/grammar-shapes.ts";

describe("the pages of the grammar", () => {
  it.each([...grammarDocs()])("docs/%s is what `node scripts/grammar.mjs` writes", (file, text) => {
    expect(readFileSync(new URL(`../../docs/${file}`, import.meta.url), "utf8")).toBe(text);
  });

  it("use every keyword in a rule", () => {
    const rules = grammarSections().map((section) => ebnfText(section.rules, 0));
    const values = ["true", "false", "mono", "stereo"];
    for (const word of keywords.keys()) if (!values.includes(word)) expect(rules.join("\n")).toContain(`"${word}"`);
  });

  it("say what repeats, and what stands between", () => {
    const rules = new Map(grammarSections().flatMap((section) => section.rules.map((rule) => [rule.name, rule])));
    const text = (name: string): string => ebnfText([rules.get(name)!], 0);
    expect(text("flow")).toBe("flow ::= step hop+");
    expect(text("timeout")).toBe('timeout ::= "timeout" NAME expression ("," NAME expression)*');
    expect(text("shape")).toBe('shape ::= "[" ((VALUE | NAME) ("," (VALUE | NAME))* ","?)? "]"');
  });
});
