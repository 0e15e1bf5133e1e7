import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { moduleGenerator } from "../../../compiler/generate.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { nodejsHost } from "../../../compiler/host/nodejs.ts";
import { generate } from "./support/generate.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const baselines = "test/baselines/codegen";
const run = promisify(execFile);

/** A folder with the package as it is installed, types only, and a project that uses generated modules. */
let folder: string;

async function compiler(name: string, args: readonly string[]): Promise<string> {
  const script = join(root, "node_modules", name, "bin/tsc");
  return run(process.execPath, [script, ...args], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout ?? String(error),
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mesh-types-"));
  const installed = join(folder, "node_modules/pipeline-mesh");
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  for (const name of ["zod", "@types"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  const types = ["--noEmit", "false", "--emitDeclarationOnly", "--declaration", "--rootDir", root];
  await compiler("typescript", [
    "-p",
    join(root, "scripts/tsconfig.types.json"),
    ...types,
    "--outDir",
    join(installed, "dist/types"),
  ]);

  const source = join(folder, "source");
  cpSync(join(root, baselines, "everything"), source, { recursive: true });
  for (const name of readdirSync(source).filter((one) => one.endsWith(".mesh"))) {
    writeFileSync(join(source, `${name}.ts`), generate(join(baselines, "everything", name), nodejsHost(root)).text);
  }
  for (const name of ["use.ts", "misuse.ts"]) {
    const text = readFileSync(join(root, "test/compiler/codegen/fixtures/types", `${name}.txt`), "utf8");
    writeFileSync(join(source, name), text);
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeImports();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tsConfig(module: string, resolution: string, include: readonly string[], more: object = {}): string {
  return JSON.stringify({
    compilerOptions: {
      target: "es2022",
      lib: ["es2023", "esnext.disposable", "dom"],
      module,
      moduleResolution: resolution,
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
      noUnusedLocals: true,
      isolatedModules: true,
      isolatedDeclarations: true,
      erasableSyntaxOnly: true,
      verbatimModuleSyntax: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: ".",
      outDir: "out",
      allowArbitraryExtensions: true,
      ...more,
    },
    include,
  });
}

/** A program, and what imports it by the name that it has in the code of a page. */
const program = "record Item { size: int }\npipeline Main { in a: Item\n out b: Item\n a -> b }\n";
const use = `import { launchMain, type Item } from "./main.mesh";
const main = await launchMain();
const item: Item = { size: 1 };
await main.a.write(item);
// @ts-expect-error a text is no item
await main.a.write("one");
export {};
`;

/** A folder for each file that may stand beside a program, with a module that imports it. */
async function writeImports(): Promise<void> {
  const host = memoryHost({ "main.mesh": program });
  const result = compile("main.mesh", host, { compilerVersion: "0.0.0" });
  const texts = {
    "main.d.mesh.ts": (await moduleGenerator()).declarations(result, "browser"),
    "main.mesh.ts": generate("main.mesh", host).text,
  };
  for (const [name, text] of Object.entries(texts)) {
    const project = join(folder, importsOf(name));
    mkdirSync(project);
    writeFileSync(join(project, name), text);
    writeFileSync(join(project, "use.ts"), use);
  }
}

function importsOf(beside: string): string {
  return beside === "main.mesh.ts" ? "imports-module" : "imports-declarations";
}

// Older versions take several seconds for each, most of it for what all of them read, so that all that one of them is to take is one program.
describe("generated modules compile, right uses of them too, and wrong ones do not; so do imports of `.mesh` files", () => {
  it.each([
    ["typescript", "nodenext", "nodenext", ["main.d.mesh.ts"]],
    ["typescript", "esnext", "bundler", ["main.d.mesh.ts", "main.mesh.ts"]],
    ["typescript-6", "nodenext", "nodenext", ["main.d.mesh.ts"]],
    ["typescript-6", "esnext", "bundler", ["main.mesh.ts"]],
    ["typescript-5.9", "nodenext", "nodenext", ["main.d.mesh.ts"]],
    ["typescript-5.9", "preserve", "bundler", ["main.d.mesh.ts", "main.mesh.ts"]],
  ])("with %s, modules %s, resolution %s, beside a program %j", async (name, module, resolution, beside) => {
    const include = ["source", ...beside.map(importsOf)];
    writeFileSync(join(folder, "tsconfig.json"), tsConfig(module, resolution, include));
    expect(await compiler(name, ["-p", "."])).toBe("");
  });

  it("and a module beside its program needs no setting of its own", async () => {
    const settings = { allowArbitraryExtensions: false };
    writeFileSync(join(folder, "tsconfig.json"), tsConfig("esnext", "bundler", [importsOf("main.mesh.ts")], settings));
    expect(await compiler("typescript", ["-p", "."])).toBe("");
  });
});
