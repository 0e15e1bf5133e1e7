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
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tsConfig(module: string, resolution: string): string {
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
      rootDir: "source",
      outDir: "out",
    },
    include: ["source"],
  });
}

describe("generated modules compile, right uses of them too, and wrong ones do not", () => {
  it.each([
    ["typescript", "nodenext", "nodenext"],
    ["typescript", "esnext", "bundler"],
    ["typescript-6", "nodenext", "nodenext"],
    ["typescript-5.9", "nodenext", "nodenext"],
    ["typescript-5.9", "preserve", "bundler"],
  ])(
    "with %s, modules %s, resolution %s",
    async (name, module, resolution) => {
      writeFileSync(join(folder, "tsconfig.json"), tsConfig(module, resolution));
      expect(await compiler(name, ["-p", "."])).toBe("");
    },
    60_000,
  );
});

describe("an import of a `.mesh` file has types", () => {
  const program = "record Item { size: int }\npipeline Main { in a: Item\n out b: Item\n a -> b }\n";
  const use = `import { launchMain, type Item } from "./main.mesh";
const main = await launchMain();
const item: Item = { size: 1 };
await main.a.write(item);
// @ts-expect-error a text is no item
await main.a.write("one");
export {};
`;

  it.each([
    ["main.d.mesh.ts", "typescript", "esnext", "bundler", true],
    ["main.d.mesh.ts", "typescript", "nodenext", "nodenext", true],
    ["main.d.mesh.ts", "typescript-6", "nodenext", "nodenext", true],
    ["main.d.mesh.ts", "typescript-5.9", "esnext", "bundler", true],
    ["main.d.mesh.ts", "typescript-5.9", "nodenext", "nodenext", true],
    ["main.mesh.ts", "typescript", "esnext", "bundler", false],
    ["main.mesh.ts", "typescript-6", "esnext", "bundler", false],
    ["main.mesh.ts", "typescript-5.9", "esnext", "bundler", false],
  ])(
    "from %s, with %s, modules %s, resolution %s",
    async (beside, name, module, moduleResolution, allowArbitraryExtensions) => {
      const project = join(folder, "imports");
      rmSync(project, { recursive: true, force: true });
      mkdirSync(project);
      const result = compile("main.mesh", memoryHost({ "main.mesh": program }), { compilerVersion: "0.0.0" });
      const text =
        beside === "main.mesh.ts"
          ? generate("main.mesh", memoryHost({ "main.mesh": program })).text
          : (await moduleGenerator()).declarations(result, "browser");
      writeFileSync(join(project, beside), text);
      writeFileSync(join(project, "use.ts"), use);
      const compilerOptions = {
        ...(JSON.parse(tsConfig(module, moduleResolution)) as { compilerOptions: object }).compilerOptions,
        allowArbitraryExtensions,
        isolatedDeclarations: false,
        rootDir: ".",
        noEmit: true,
        declaration: false,
        emitDeclarationOnly: false,
      };
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
      expect(await compiler(name, ["-p", "imports"])).toBe("");
    },
    60_000,
  );
});
