import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { allCodes } from "../../compiler/diagnostics/catalog.ts";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { renderDiagnostic } from "../../compiler/diagnostics/render-text.ts";
import { memoryHost } from "../../compiler/host/memory.ts";
import { createFormatter } from "../../grammar/index.ts";
import { generate } from "../compiler/codegen/support/generate.ts";
import { compileText, standard, summary } from "../compiler/support/marked.ts";
import { blocksOf, programOf, withTexts, type Block } from "../support/markdown.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const path = join(root, "docs/language.md");
const page = readFileSync(path, "utf8");
const grammar = readFileSync(join(root, "docs/grammar.md"), "utf8");
const blocks = blocksOf(page);
const programs = blocks.filter((one) => one.language === "mesh");
const format = createFormatter();

/** The files that the page has told the reader to write by the time of a block. */
function filesBefore(index: number): Record<string, string> {
  return Object.fromEntries(
    blocks.slice(0, index).flatMap((one) => (one.file === undefined ? [] : [[one.file, one.text] as const])),
  );
}

/** `MESH3001 7` for each diagnostic: its code and its line. */
function found(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map((one) => summary(one).split(":")[0] ?? "");
}

/** A comment that names a code marks the line at which the compiler reports it. */
function marked(text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const code = /\/\/ (MESH\d{4})\b/.exec(line)?.[1];
    return code === undefined ? [] : [`${code} ${index + 1}`];
  });
}

function compiled(block: Block): readonly Diagnostic[] {
  return compileText(programOf(block).text, filesBefore(blocks.indexOf(block))).diagnostics;
}

function shown(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((one) => renderDiagnostic(one, { columns: 100 })).join("\n");
}

function place(block: Block): string {
  return `line ${block.line}: ${block.text.split("\n").find((line) => line.trim() !== "") ?? ""}`;
}

describe("the language page", () => {
  it.each(programs.map((block) => [place(block), block] as const))("%s: is judged as it says", (_, block) => {
    const { text } = programOf(block);
    expect(found(compiled(block))).toEqual(marked(text));
  });

  it.each(programs.map((block) => [place(block), block] as const))("%s: is laid out as it should be", (_, block) => {
    const { text } = programOf(block);
    const result = format(text);
    // What cannot be read has no layout.
    if ("errors" in result) expect(marked(text)[0]).toMatch(/^MESH1/);
    else expect(result.text).toBe(text);
  });

  it("shows what the compiler says, and the grammar as it is", async () => {
    // `vitest -u` writes the page anew.
    const fresh = withTexts(page, (block, index) => {
      if (block.grammar !== undefined) return grammarOf(block.grammar);
      if (block.language !== "text") return undefined;
      if (block.mistake !== undefined) return mistaken(block.mistake, index);
      const before = blocks[index - 1];
      return before?.language === "mesh" ? shown(compiled(before)) : undefined;
    });
    await expect(fresh).toMatchFileSnapshot(path);
  });

  it("teaches each mistake by one diagnostic", () => {
    for (const [index, { mistake }] of blocks.entries()) {
      if (mistake === undefined) continue;
      expect([mistake, mistaken(mistake, index).match(/^(?:error|warning)\[/gm)]).toEqual([
        mistake,
        [expect.any(String)],
      ]);
    }
  });

  it("links only to what is there", () => {
    const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => anchorOf(text));
    const prose = page.replaceAll(/^```[^]*?^```$/gm, "");
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const dead = links.filter((target) => {
      const [file = "", anchor] = target.split("#");
      if (file === "") return !headings.includes(anchor ?? "");
      return !existsSync(join(root, "docs", file));
    });
    expect(dead).toEqual([]);
  });

  it("speaks of each kind of mistake that can be made", () => {
    const spoken = new Set(page.match(/MESH\d{4}/g));
    const silent = allCodes().filter((code) => !code.startsWith("MESH1") && !spoken.has(code));
    expect(silent).toEqual([]);
  });

  it("shows TypeScript that compiles", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mesh-language-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const files = filesBefore(blocks.length);
    const source = join(folder, "source");
    mkdirSync(source);
    blocks.forEach((one, index) => {
      if (one.language === "ts") writeFileSync(join(source, one.file ?? `block${index}.ts`), one.text);
    });
    const host = memoryHost(files, standard);
    for (const name of Object.keys(files).filter((one) => one.endsWith(".mesh"))) {
      writeFileSync(join(source, `${name}.ts`), generate(name, host).text);
    }
    writeFileSync(join(folder, "tsconfig.json"), tsConfig());
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const said = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).then(
      ({ stdout }) => stdout,
      (error: { stdout?: string }) => error.stdout ?? String(error),
    );
    expect(said).toBe("");
  });
});

/** As GitHub makes them. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function mistaken({ file, right, wrong }: NonNullable<Block["mistake"]>, index: number): string {
  const files = filesBefore(index);
  const text = files[file] ?? "";
  expect(text.split(right), `${right} stands once in ${file}`).toHaveLength(2);
  const { diagnostics } = compileText(
    text.replace(right, () => wrong),
    files,
    file,
  );
  return shown(diagnostics);
}

function grammarOf(section: string): string {
  const at = grammar.indexOf(`\n## ${section}\n`);
  expect(at, `grammar.md has a section ${section}`).toBeGreaterThan(0);
  return blocksOf(grammar.slice(at)).find((one) => one.language === "ebnf")?.text ?? "";
}

function tsConfig(): string {
  return JSON.stringify({
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      paths: {
        "pipeline-mesh": [join(root, "runtime/platform/nodejs.ts")],
        "pipeline-mesh/stdlib": [join(root, "stdlib/index.ts")],
      },
      typeRoots: [join(root, "node_modules/@types")],
    },
    include: ["source"],
    files: [join(root, "stdlib/audio/speex-resampler-wasm.d.ts")],
  });
}
