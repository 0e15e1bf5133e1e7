import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeFolder, loadProgram } from "../../../compiler/cli/lsp/code-cache.ts";

let folder: string;
let file: string;
let codes: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mesh-code-"));
  file = join(folder, "program.cjs");
  codes = join(folder, "caches", "code");
  program(1);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(answer: number): void {
  const text = `const { sep } = require("node:path");\nexports.answer = () => ${answer};\nexports.where = [__filename, sep];\n`;
  writeFileSync(file, text);
}

function run(): { readonly isWarm: boolean; readonly answer: number; keepCode(): void } {
  const loaded = loadProgram(file, codes);
  const exports = loaded.exports as { answer(): number; where: readonly string[] };
  expect(exports.where[0]).toBe(file);
  return { isWarm: loaded.isWarm, answer: exports.answer(), keepCode: () => loaded.keepCode() };
}

function only(): string {
  const [name = "", ...more] = readdirSync(codes);
  expect(more).toEqual([]);
  return join(codes, name);
}

describe("the code of a program", () => {
  it("is kept for the next process, and for nobody but the user", () => {
    const first = run();
    expect(first).toMatchObject({ isWarm: false, answer: 1 });
    first.keepCode();
    expect(run()).toMatchObject({ isWarm: true, answer: 1 });
    if (process.platform !== "win32") expect(statSync(only()).mode & 0o777).toBe(0o600);
  });

  it("is that of the very text", () => {
    run().keepCode();
    // As long as the one before, which is all that V8 compares.
    program(2);
    expect(run()).toMatchObject({ isWarm: false, answer: 2 });
  });

  it("is not taken where it is not as it was written, and is written anew", () => {
    run().keepCode();
    const kept = readFileSync(only());
    for (const broken of [
      Buffer.alloc(0),
      kept.subarray(0, 40),
      kept.map((byte, at) => (at === 500 ? byte ^ 1 : byte)),
    ]) {
      writeFileSync(only(), broken);
      const found = run();
      expect(found).toMatchObject({ isWarm: false, answer: 1 });
      found.keepCode();
      expect(run().isWarm).toBe(true);
    }
  });

  it.skipIf(process.platform === "win32")("is not taken where somebody else may have written it", () => {
    run().keepCode();
    chmodSync(only(), 0o622);
    expect(run()).toMatchObject({ isWarm: false, answer: 1 });
  });

  it("is kept of a few versions alone", () => {
    for (let version = 1; version <= 6; version += 1) {
      program(version);
      run().keepCode();
    }
    expect(readdirSync(codes).length).toBe(4);
  });

  it("is no condition: without a place for it the program runs as well", () => {
    writeFileSync(join(folder, "caches"), "a file in the place of the folder");
    const found = run();
    found.keepCode();
    expect(found).toMatchObject({ isWarm: false, answer: 1 });
    expect(loadProgram(file, undefined).isWarm).toBe(false);
  });
});

describe("the place for code", () => {
  const home = (): string => "/home/ada";

  it("is among the caches of the user", () => {
    expect(codeFolder({}, { platform: "linux", home })).toBe(join("/home/ada", ".cache", "pipeline-mesh", "code"));
    expect(codeFolder({}, { platform: "darwin", home })).toBe("/home/ada/Library/Caches/pipeline-mesh/code");
    const given = { XDG_CACHE_HOME: "/var/caches/ada" };
    expect(codeFolder(given, { platform: "linux", home })).toBe("/var/caches/ada/pipeline-mesh/code");
  });

  it("is never looked for where the process happens to run", () => {
    expect(codeFolder({ XDG_CACHE_HOME: "caches" }, { platform: "linux", home })).toContain("/home/ada/");
    expect(codeFolder({ LOCALAPPDATA: "caches" }, { platform: "win32", home })).toBeUndefined();
    expect(codeFolder({}, { platform: "win32", home })).toBeUndefined();
    const nobody = (): string => {
      throw new Error("no home");
    };
    expect(codeFolder({}, { platform: "linux", home: nobody })).toBeUndefined();
  });
});
