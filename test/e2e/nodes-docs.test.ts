import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { createFormatter } from "../../grammar/index.ts";
import { blocksOf } from "../support/markdown.ts";
import { meshc } from "./support/meshc.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);
const page = readFileSync(join(root, "docs/nodes.md"), "utf8");
const blocks = blocksOf(page);
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** The project that the page shows, where the package is installed. */
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mesh-nodes-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/pipeline-mesh"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const { file, text } of blocks) if (file !== undefined) writeFileSync(join(folder, file), text);
  return () => rmSync(folder, { recursive: true, force: true });
});

describe("the page about nodes", () => {
  it("shows whole files, and a program that is laid out as it should be", () => {
    expect(blocks.filter(({ file }) => file === undefined)).toEqual([]);
    const program = blocks.find(({ language }) => language === "mesh")?.text ?? "";
    expect(createFormatter()(program)).toMatchObject({ text: program });
    const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = ""]) => target);
    expect(links.filter((target) => !existsSync(join(root, "docs", target)))).toEqual([]);
  });

  it("shows code that fits the program", async () => {
    expect(await meshc(["build", "main.mesh"], { cwd: folder })).toMatchObject({ code: 0, err: "" });
  });

  it("shows code that compiles", async () => {
    const compilerOptions = {
      paths: {
        "pipeline-mesh": [join(root, "runtime/platform/nodejs.ts")],
        "pipeline-mesh/testing": [join(root, "runtime/testing/index.ts")],
      },
      typeRoots: [join(root, "node_modules/@types")],
    };
    const files = blocks.flatMap(({ file }) => (file?.endsWith(".ts") === true ? [file] : []));
    const config = { extends: join(root, "tsconfig.json"), compilerOptions, include: [], files };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const said = await execute(process.execPath, [tsc, "-p", folder]).then(
      ({ stdout }) => stdout,
      (error: { stdout?: string }) => error.stdout ?? String(error),
    );
    expect(said).toBe("");
  });

  it("shows tests that pass", async () => {
    const files = ["nodes.test.ts", "captions.test.ts"];
    const said = await execute(process.execPath, ["--import", tsx, "--test", ...files], { cwd: folder }).then(
      ({ stdout }) => stdout,
      (error: { stdout?: string }) => error.stdout ?? String(error),
    );
    const shown = blocks.reduce((sum, { text }) => sum + (text.match(/^test\(/gm)?.length ?? 0), 0);
    expect(shown).toBe(11);
    expect(said).toMatch(/fail 0\n/);
    expect(said, said).toMatch(new RegExp(`pass ${shown}\\n`));
  });
});
