/** The TextMate grammar as an editor runs it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import oniguruma from "vscode-oniguruma";
import textmate, { type IGrammar } from "vscode-textmate";
import { textMateGrammar } from "../../../grammar/highlight.ts";

const { resolve } = createRequire(import.meta.url);

export async function loadGrammar(): Promise<IGrammar> {
  await oniguruma.loadWASM(readFileSync(resolve("vscode-oniguruma/release/onig.wasm")));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: () => Promise.resolve(textmate.parseRawGrammar(JSON.stringify(textMateGrammar()), "mesh.json")),
  });
  const loaded = await registry.loadGrammar("source.mesh");
  if (loaded === null) throw new Error("no grammar");
  return loaded;
}

/** The innermost scope at every offset of a text. */
export function scopesOf(grammar: IGrammar, text: string): string[] {
  const scopes: string[] = [];
  let state = textmate.INITIAL;
  for (const line of text.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    // One more for the line end.
    const own = Array.from({ length: line.length + 1 }, () => "");
    for (const { startIndex, endIndex, scopes: found } of tokens) own.fill(found.at(-1) ?? "", startIndex, endIndex);
    scopes.push(...own);
  }
  return scopes;
}
