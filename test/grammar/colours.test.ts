import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createHighlighterCore } from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";
import { createOnigurumaEngine } from "shiki/engine/oniguruma";
import { beforeAll, describe, expect, it } from "vitest";
import type { IGrammar } from "vscode-textmate";
import { memoryHost } from "../../compiler/host/memory.ts";
import { semanticTokens, type SemanticTokenType } from "../../compiler/language-service/semantic-tokens.ts";
import { LanguageService } from "../../compiler/language-service/service.ts";
import { textMateGrammar } from "../../grammar/highlight.ts";
import { standard } from "../compiler/support/marked.ts";
import { loadGrammar, scopesOf } from "./support/textmate.ts";

/** What a reader tells apart, whoever gives the colours. */
type Colour = "keyword" | "type" | "name" | "constant" | "number" | "string" | "operator" | "comment" | "none";

const ofScope: readonly (readonly [RegExp, Colour])[] = [
  [/^(?:keyword\.control|storage)/, "keyword"],
  [/^(?:constant\.numeric|keyword\.other\.unit)/, "number"],
  [/^(?:string|constant\.character)/, "string"],
  [/^constant\.language/, "constant"],
  [/^keyword\.operator/, "operator"],
  [/^comment/, "comment"],
  [/^support\.type/, "type"],
  [/^(?:entity|variable)/, "name"],
];

function colourOfScope(scope: string): Colour {
  return ofScope.find(([pattern]) => pattern.test(scope))?.[1] ?? "none";
}

const named = ["struct", "enum", "interface", "class", "function", "variable", "property", "parameter"] as const;
const ofType = new Map<SemanticTokenType, Colour>([
  ...(["keyword", "type", "number", "string", "operator", "comment"] as const).map((one) => [one, one] as const),
  ...[...named, "typeParameter" as const, "namespace" as const].map((one) => [one, "name"] as const),
  ["enumMember", "constant"],
]);

interface Coloured {
  readonly text: string;
  readonly where: string;
  readonly byScope: Colour;
  readonly byMeaning: Colour;
}

let grammar: IGrammar;
beforeAll(async () => {
  grammar = await loadGrammar();
});

/** Every token of a text with the colour that it has by the TextMate grammar, and by what it means. */
function colours(text: string, files: Readonly<Record<string, string>> = {}, path = "main.mesh"): Coloured[] {
  const service = new LanguageService(memoryHost({ ...files, [path]: text }, standard));
  service.hold(path, text, 1);
  const scopes = scopesOf(grammar, text);
  return semanticTokens(service, path).map(({ start, end, type }) => ({
    text: text.slice(start, end),
    where: `${path}: ${text.slice(text.lastIndexOf("\n", start - 1) + 1).split("\n")[0]}`,
    byScope: colourOfScope(scopes[start] ?? ""),
    byMeaning: ofType.get(type) ?? "none",
  }));
}

/** `in/keyword mic/name`, a word for each token that is not punctuation. */
function written(all: readonly Coloured[], by: "byScope" | "byMeaning"): string {
  return all.map((one) => `${one.text.replaceAll(/\s+/g, "_")}/${one[by]}`).join(" ");
}

describe("the colours of the TextMate grammar and of the language server are the same", () => {
  it.each([
    ['import { Vad } from "std/speech"', 'import/keyword Vad/name from/keyword "std/speech"/string'],
    ["record R { a: text }", "record/keyword R/name a/name text/type"],
    ["enum Mood { calm }", "enum/keyword Mood/name calm/name"],
    ["/// Said.\nrecord R {}", "///_Said./comment record/keyword R/name"],
    [
      "node N<R: rate>(gain: decibel = 3dB) {\n  in s: audio<pcm_f32, R, mono>\n}",
      "node/keyword N/name </operator R/name rate/name >/operator gain/name decibel/type =/operator 3dB/number in/keyword s/name audio/type </operator pcm_f32/name R/name mono/constant >/operator",
    ],
    ["batch node B { in text }", "batch/keyword node/keyword B/name in/keyword text/type"],
    [
      "pipeline P {\n  in a: text\n  let b = N()\n  a ~> b -> out\n}",
      "pipeline/keyword P/name in/keyword a/name text/type let/keyword b/name =/operator N/name a/name ~>/operator b/name ->/operator out/name",
    ],
    [
      'pipeline P {\n  remote far: T with patient {\n    at service "x" where gpu.memory >= 8GiB\n    else N(a: true)\n  }\n}',
      'pipeline/keyword P/name remote/keyword far/name T/name with/keyword patient/name at/keyword service/keyword "x"/string where/keyword gpu/name memory/name >=/operator 8GiB/number else/keyword N/name a/name true/constant',
    ],
    ["policy p { retry 5 times }", "policy/keyword p/name retry/keyword 5/number times/keyword"],
    ['peer box { runs P as "p" }', 'peer/keyword box/name runs/keyword P/name as/keyword "p"/string'],
    ["// a note\n/* another */ in", "//_a_note/comment /*_another_*//comment in/keyword"],
  ])("%s", (text, wanted) => {
    const found = colours(text);
    // A value of an enum is a name by its looks alone.
    const meant = written(found, "byMeaning").replaceAll("calm/constant", "calm/name");
    expect([written(found, "byScope"), meant]).toEqual([wanted, wanted]);
  });

  const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
  const examples = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".mesh") && !path.includes("node_modules"))
    .map((path): [string, string] => [path, readFileSync(`${folder}${path}`, "utf8")]);

  it.each(examples)("in the example %s", (path, text) => {
    const found = colours(text, Object.fromEntries(examples), path);
    expect(found.length).toBeGreaterThan(10);
    const odd = found.filter(
      ({ byScope, byMeaning }) => byScope !== byMeaning && !(byMeaning === "constant" && byScope === "name"),
    );
    expect(odd).toEqual([]);
  });

  describe("Shiki, which colours pages of documentation,", () => {
    const language = { ...textMateGrammar(), name: "mesh" } as never;

    it.each([
      ["Oniguruma", () => createOnigurumaEngine(import("shiki/wasm"))],
      ["the engine of JavaScript", () => createJavaScriptRegexEngine()],
    ])("reads the grammar with %s", async (_, engine) => {
      const shiki = await createHighlighterCore({
        themes: [import("shiki/themes/github-light.mjs")],
        langs: [language],
        engine: engine(),
      });
      try {
        const scopesIn = (code: string, lang: string): (readonly [string, string])[] =>
          shiki
            .codeToTokens(code, { lang, theme: "github-light", includeExplanation: "scopeName" })
            .tokens.flat()
            .flatMap(({ explanation = [] }) =>
              explanation.map(({ content, scopes }) => [content, scopes.at(-1)?.scopeName ?? ""] as const),
            );
        for (const [path, text] of examples) {
          const wrong = scopesIn(text, "mesh").filter(
            ([content, scope]) => content.trim() !== "" && (scope === "source.mesh" || scope.startsWith("invalid")),
          );
          expect(wrong, path).toEqual([]);
        }
      } finally {
        shiki.dispose();
      }
    });
  });
});
