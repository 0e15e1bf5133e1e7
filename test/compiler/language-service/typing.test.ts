import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { codeActions } from "../../../compiler/language-service/code-actions.ts";
import { complete } from "../../../compiler/language-service/completion/complete.ts";
import { definition } from "../../../compiler/language-service/definition.ts";
import { foldingRanges } from "../../../compiler/language-service/folding.ts";
import { hover } from "../../../compiler/language-service/hover.ts";
import { rename } from "../../../compiler/language-service/rename.ts";
import { selectionSpans } from "../../../compiler/language-service/selection.ts";
import { semanticTokens } from "../../../compiler/language-service/semantic-tokens.ts";
import { LanguageService } from "../../../compiler/language-service/service.ts";
import { signatureHelp } from "../../../compiler/language-service/signature-help.ts";
import { documentSymbols } from "../../../compiler/language-service/symbols.ts";
import { envNumber } from "../../support/env-number.ts";
import { randomEdit, randomNumbers } from "../../support/random-edit.ts";
import { standard } from "../support/marked.ts";

/** A shorter session, or a longer one, is asked for as `MESH_EDITS=400`. */
const edits = envNumber("MESH_EDITS", 10_000);
/** For all of them, on a machine with other things to do. */
const sessionMs = 300_000;
const seed = envNumber("MESH_SEED", 1);

const folder = fileURLToPath(new URL("../../../examples/", import.meta.url));
const examples = Object.fromEntries(
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".mesh") && !path.includes("node_modules"))
    .map((path) => [path, readFileSync(`${folder}${path}`, "utf8")]),
);

/** All that can be seen of the files. */
function seen(service: LanguageService, paths: readonly string[]): unknown {
  const all = service.diagnostics();
  return paths.map((path) => {
    const file = service.parsed(path);
    return {
      path,
      diagnostics: all.get(path)?.diagnostics.map(({ code, message, place }) => [code, message, place.span]),
      tokens: semanticTokens(service, path),
      symbols: file && documentSymbols(file),
      folds: file && foldingRanges(file),
    };
  });
}

describe("a session of random typing", () => {
  it(`is after ${edits} edits as if it had just begun, and nothing was thrown`, { timeout: sessionMs }, () => {
    const random = randomNumbers(seed);
    const paths = Object.keys(examples);
    expect(paths.length).toBeGreaterThan(2);
    const texts = new Map(Object.entries(examples));
    const service = new LanguageService(memoryHost(examples, standard));
    service.setSources(paths);
    for (let count = 1; count <= edits; count += 1) {
      const path = paths[random(paths.length)] ?? "";
      // Now and then somebody undoes everything, so that texts stay programs.
      const isUndone = random(12) === 0;
      const before = texts.get(path) ?? "";
      const { text, at } = isUndone ? { text: examples[path] ?? "", at: 0 } : randomEdit(before, random);
      texts.set(path, text);
      service.hold(path, text, count);
      if (random(20) === 0) service.release(path);
      if (random(20) === 0) service.hold(path, text, count);
      service.atOnce(path);
      for (const _ of service.near(path));
      complete(service, path, at, service.lastProgram(path));
      if (count % 4 !== 0) continue;
      hover(service, path, at);
      definition(service, path, at);
      rename(service, path, at, "renamed");
      signatureHelp(service, path, at);
      const file = service.parsed(path);
      if (file !== undefined) selectionSpans(file, at);
      const found = service.diagnostics().get(path)?.diagnostics ?? [];
      codeActions(service, path, { start: at, end: Math.min(text.length, at + random(3) * random(100)) }, found);
      for (const _ of service.resting());
    }
    for (const [path, text] of texts) service.hold(path, text, edits + 1);
    const fresh = new LanguageService(memoryHost(Object.fromEntries(texts), standard));
    fresh.setSources(paths);
    for (const [path, text] of texts) fresh.hold(path, text, 1);
    expect(seen(service, paths)).toEqual(seen(fresh, paths));
  });
});
