import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { lstatSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatInput } from "../../../compiler/cli/format-files.ts";
import type { Io, Output } from "../../../compiler/cli/io.ts";
import { meshc } from "../../../compiler/cli/meshc.ts";
import { style } from "../../../compiler/diagnostics/style.ts";

const untidy = "record R { a:text }\n";
const tidy = "record R { a: text }\n";
const record = (name: string): string => `record ${name} { a:text }\n`;
const broken = "record R { a: }\n";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mesh-fmt-"));
  writeFileSync(join(folder, "package.json"), "{}");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string | Uint8Array): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const read = (name: string): string => readFileSync(join(folder, name), "utf8");

interface Heard {
  readonly out: string[];
  readonly err: string[];
  readonly io: Io;
}

function outputTo(to: string[]): Output {
  return {
    write: (text) => void to.push(text),
    isTTY: false,
    columns: 80,
    rows: 24,
    style: style({ color: false, hyperlinks: false }),
    flushed: () => Promise.resolve(),
  };
}

function listening(): Heard {
  const out: string[] = [];
  const err: string[] = [];
  return {
    out,
    err,
    io: { out: outputTo(out), err: outputTo(err), cwd: folder, env: {}, onInterrupt: () => () => {} },
  };
}

async function fmt(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { out, err, io } = listening();
  const code = await meshc(["fmt", ...args], io);
  return { code, out: out.join(""), err: err.join("") };
}

describe("meshc fmt", () => {
  it("lays out what a folder holds and says which files", async () => {
    write("a.mesh", untidy);
    write("deep/b.mesh", tidy);
    write("deep/node_modules/c.mesh", untidy);
    expect(await fmt()).toEqual({ code: 0, out: "a.mesh laid out\n2 files: 1 laid out\n", err: "" });
    expect(read("a.mesh")).toBe(tidy);
    expect(read("deep/node_modules/c.mesh")).toBe(untidy);
    expect(await fmt()).toMatchObject({ code: 0, out: "2 files: 0 laid out\n" });
  });

  it("replaces a file as a whole, with the rights that it had", async () => {
    const file = write("a.mesh", untidy);
    chmodSync(file, 0o666);
    const before = statSync(file).ino;
    await fmt("a.mesh");
    expect(statSync(file).mode & 0o777).toBe(0o666);
    expect(statSync(file).ino).not.toBe(before);
    expect(readdirSync(folder).toSorted()).toEqual(["a.mesh", "package.json"]);
  });

  it("does not touch a file that is laid out", async () => {
    const before = statSync(write("a.mesh", tidy)).ino;
    await fmt("a.mesh");
    expect(statSync(join(folder, "a.mesh")).ino).toBe(before);
  });

  it("follows a link within the project, which stays one", async () => {
    write("deep/a.mesh", untidy);
    symlinkSync("deep/a.mesh", join(folder, "b.mesh"));
    expect(await fmt("b.mesh")).toMatchObject({ code: 0 });
    expect(read("deep/a.mesh")).toBe(tidy);
    expect(lstatSync(join(folder, "b.mesh")).isSymbolicLink()).toBe(true);
  });

  it("leaves a file with errors alone, lays out the others, and ends with 1", async () => {
    write("a.mesh", broken);
    write("b.mesh", untidy);
    const { code, out, err } = await fmt();
    expect(code).toBe(1);
    expect(out).toBe("b.mesh laid out\n2 files: 1 laid out, 1 with errors left alone\n");
    expect(err).toContain("MESH1003");
    expect(err).toContain("a.mesh: 1 error, left as it is\n");
    expect(read("a.mesh")).toBe(broken);
    expect(read("b.mesh")).toBe(tidy);
  });

  it("lays out only some lines where it is asked to", async () => {
    write("a.mesh", `${record("One")}${record("Two")}${record("Three")}`);
    expect(await fmt("--range", "2:2", "a.mesh")).toMatchObject({ code: 0 });
    expect(read("a.mesh")).toBe(`${record("One")}record Two { a: text }\n${record("Three")}`);
    expect(await fmt("--range", "1", "--check", "a.mesh")).toMatchObject({ code: 1, err: expect.any(String) });
    expect(await fmt("--range", "2:2", "a.mesh")).toMatchObject({ code: 0, out: "1 file: 0 laid out\n" });
  });

  it.each([
    [["--range", "0:2", "a.mesh"], "`--range` cannot be `0:2`"],
    [["--range", "3:2", "a.mesh"], "`--range` cannot be `3:2`"],
    [["--range", "all", "a.mesh"], "`--range` cannot be `all`"],
    [["--range", "1:2", "a.mesh", "b.mesh"], "`--range` is for one file"],
    [["--range", "9:12", "a.mesh"], "There is no line 9 in a.mesh"],
  ])("refuses lines that are none: %s", async (args, message) => {
    write("a.mesh", untidy);
    write("b.mesh", untidy);
    const { code, err } = await fmt(...args);
    expect({ code, told: err.includes(message) ? message : err }).toEqual({ code: 2, told: message });
    expect(read("a.mesh")).toBe(untidy);
  });

  it("ends with 3 where a file cannot be read", async () => {
    write("a.mesh", new Uint8Array([0xff, 0xfe, 0x00]));
    write("b.mesh", untidy);
    const { code, err } = await fmt("a.mesh", "b.mesh");
    expect(code).toBe(3);
    expect(err).toContain("not text in UTF-8");
    expect(read("b.mesh")).toBe(tidy);
    expect(await fmt("c.mesh")).toMatchObject({ code: 3 });
  });

  it.each([
    ["an option that does not exist", ["--chek"], "--check"],
    ["the standard input beside a file", ["-", "a.mesh"], "`-` stands alone"],
  ])("ends with 2 for %s", async (_, args, said) => {
    const { code, err } = await fmt(...args);
    expect(code).toBe(2);
    expect(err).toContain(said);
  });
});

describe("meshc fmt --check", () => {
  it("prints a diff, writes nothing and ends with 1", async () => {
    write("a.mesh", untidy);
    write("b.mesh", tidy);
    expect(await fmt("--check")).toEqual({
      code: 1,
      out: "--- a.mesh\n+++ a.mesh\n@@ -1 +1 @@\n-record R { a:text }\n+record R { a: text }\n",
      err: "2 files: 1 would be laid out\n",
    });
    expect(read("a.mesh")).toBe(untidy);
  });

  it("ends with 0 where nothing would change", async () => {
    write("a.mesh", tidy);
    expect(await fmt("--check")).toEqual({ code: 0, out: "", err: "1 file: 0 would be laid out\n" });
  });
});

async function inputOf(text: string, check = false): Promise<{ code: number; out: string; err: string }> {
  const { out, err, io } = listening();
  const code = await formatInput(["-"], { check }, io, () => Promise.resolve(text));
  return { code, out: out.join(""), err: err.join("") };
}

describe("meshc fmt -", () => {
  it("gives the layout of the standard input", async () => {
    expect(await inputOf(untidy)).toEqual({ code: 0, out: tidy, err: "" });
    expect(await inputOf("")).toEqual({ code: 0, out: "", err: "" });
  });

  it("gives nothing but the errors where there are some", async () => {
    const { code, out, err } = await inputOf(broken);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("standard input:1:15");
  });

  it("gives a diff with --check", async () => {
    expect(await inputOf(untidy, true)).toMatchObject({
      code: 1,
      out: expect.stringContaining("+record R { a: text }"),
    });
    expect(await inputOf(tidy, true)).toMatchObject({ code: 0, out: "" });
  });
});

describe("the program as it ships", () => {
  const program = fileURLToPath(new URL("../../../dist/meshc.js", import.meta.url));
  const run = (args: readonly string[], input: string, env: Readonly<Record<string, string>> = {}) =>
    spawnSync(process.execPath, [program, "fmt", ...args], {
      cwd: folder,
      input,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", ...env },
    });

  it("is built", () => expect(existsSync(program)).toBe(true));

  it("reads the standard input and writes the standard output", () => {
    expect(run(["-"], untidy)).toMatchObject({ status: 0, stdout: tidy, stderr: "" });
    expect(run(["-"], broken)).toMatchObject({ status: 1, stdout: "" });
  });

  it("colours the diff only where that is wanted", () => {
    write("a.mesh", untidy);
    expect(run(["--check"], "", { FORCE_COLOR: "1" })).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("\u001b["),
    });
    expect(run(["--check"], "", { FORCE_COLOR: "1", NO_COLOR: "1" }).stdout).not.toContain("\u001b[");
    expect(run(["--check"], "").stdout).not.toContain("\u001b[");
  });
});
