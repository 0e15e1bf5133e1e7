import { execFile, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);

interface PackageJson {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
}
const {
  version,
  dependencies,
  exports: doors,
} = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as PackageJson;

/** What the runtime needs at run time; all else that the package depends on belongs to the compiler or the nodes. */
const runtimeNeeds = [
  "@noble/hashes",
  "@grpc/grpc-js",
  "@grpc/proto-loader",
  "@grpc/reflection",
  "grpc-health-check",
  "werift",
  "ws",
];

let work: string;
let tarball: string;

/** A project with the tarball in it and, of all packages that it depends on, those that are named. */
function project(name: string, packages: readonly string[]): string {
  const folder = join(work, name);
  const installed = join(folder, "node_modules/pipeline-mesh");
  mkdirSync(installed, { recursive: true });
  const unpacked = spawnSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed], { encoding: "utf8" });
  if (unpacked.status !== 0) throw new Error(unpacked.stderr);
  for (const one of packages) {
    const place = join(folder, "node_modules", one);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(root, "node_modules", one), place);
  }
  // As npm does with the commands of a package.
  mkdirSync(join(folder, "node_modules/.bin"));
  symlinkSync("../pipeline-mesh/dist/meshc.js", join(folder, "node_modules/.bin/meshc"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return folder;
}

/** What is checked in, elsewhere: what is packed is built anew, and other tests use what is built here. */
function sources(): string {
  const folder = join(work, "sources");
  const { stdout } = spawnSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
  for (const file of stdout.split("\0").filter((one) => one !== "" && existsSync(join(root, one))))
    cpSync(join(root, file), join(folder, file));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

async function run(folder: string, command: string, ...args: string[]): Promise<{ code: number; out: string }> {
  return execute(command, args, { cwd: folder }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout + stderr }),
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      code: error.code ?? 1,
      out: `${error.stdout ?? ""}${error.stderr ?? ""}`,
    }),
  );
}

const program = `/// Says things louder.
node Shout(marks: int in 0..3 = 1) {
  in  text
  out text
  from "./shout.ts"
}

pipeline Main {
  in  line: text
  out answer: text
  line -> Shout(marks: 2) -> answer
}
`;

const shout = `import { defineNode } from "pipeline-mesh";

export const Shout = defineNode<{ marks: number }>({
  open: ({ marks }, { emit }) => ({
    process: ({ payload }) => emit("out", String(payload).toUpperCase() + "!".repeat(marks)),
  }),
});
`;

/** Uses every door, with types. */
const use = `import { MeshError, connect, defineNode, launch, launchPipeline, readPlan, z, type Frame, type Plan } from "pipeline-mesh";
import { compile, defineConfig, manifestSchema, memoryHost, type Diagnostic, type Manifest } from "pipeline-mesh/compiler";
import { Gain, standardModules, Vad } from "pipeline-mesh/stdlib";
import { testNode, testPipeline, virtualClock } from "pipeline-mesh/testing";
import { launchMain, type ShoutNode } from "./main.mesh.js";

const { plan, diagnostics } = compile("main.mesh", memoryHost({ "main.mesh": "" }), { compilerVersion: "1" });
const found: readonly Diagnostic[] = diagnostics;
const text: z.ZodType<string> = z.string();
const wanted: Plan | undefined = plan;
// @ts-expect-error a frame has more than a payload
const frame: Frame = { payload: "" };
const node: ShoutNode = { open: (_, { emit }) => ({ process: ({ payload }) => emit("out", payload) }) };
// @ts-expect-error the port takes texts
const wrong = async (): Promise<void> => void (await (await launchMain()).line.write(1));
const manifest = (data: unknown): Manifest => manifestSchema.parse(data);
export default defineConfig({ sources: ["."] });
export { Gain, MeshError, Vad, connect, defineNode, found, frame, launch, launchMain, launchPipeline, manifest, node, readPlan };
const tested = testPipeline(launchMain, {});
const shouted = testNode(node, { params: { marks: 1 }, inputs: { in: "text" }, outputs: { out: "text" } });
export { shouted, standardModules, tested, text, virtualClock, wanted, wrong };
`;

/** Runs the program from its plan, in plain JavaScript. */
const plain = `import { readFileSync } from "node:fs";
import { defineNode, launch, readPlan } from "pipeline-mesh";

const shout = defineNode({
  open: ({ marks }, { emit }) => ({ process: ({ payload }) => emit("out", payload.toUpperCase() + "!".repeat(marks)) }),
});
const plan = readPlan(JSON.parse(readFileSync("main.plan.json", "utf8")));
await using mesh = await launch(plan, { registry: () => shout });
const answers = [];
const link = { writable: true, ready: async () => {}, send: ({ payload }) => answers.push(payload), end() {}, abort() {} };
const text = { kind: "scalar", name: "text" };
const session = await mesh.open("Main", {
  params: {},
  inputs: { line: text },
  outputs: { answer: { type: text, link } },
  schemas: {},
  signal: new AbortController().signal,
});
session.inputs.line.send({ payload: "hello", seq: 0, epoch: 0, timestampUs: 0, flags: 0 });
session.inputs.line.end();
await session.closed;
console.log(answers.join());
`
  .replace("await using mesh", "const mesh")
  .concat("await mesh.close();\n");

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "mesh-package-"));
  const packed = await execute("npm", ["pack", "--pack-destination", work], { cwd: sources() });
  tarball = join(work, packed.stdout.trim().split("\n").at(-1) ?? "");
}, 300_000);

afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("the package", () => {
  it("holds what it needs to be used, its licences, and nothing of its making", () => {
    const folder = project("contents", []);
    const installed = join(folder, "node_modules/pipeline-mesh");
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name).slice(installed.length + 1));
    const wanted = ["LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "package.json", "docs/manifest.schema.json"];
    for (const file of [...wanted, "dist/THIRD-PARTY-LICENSES.txt", "dist/stdlib/audio/audio.mesh"]) {
      expect(files).toContain(file);
    }
    // What `meshc init` writes is there as it is written.
    const made = files.filter((file) => !file.startsWith("dist/templates/"));
    const top = new Set(files.map((file) => file.split("/")[0]));
    expect([...top].toSorted()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "NOTICE",
      "README.md",
      "dist",
      "docs",
      "package.json",
    ]);
    expect(made.filter((file) => /\.map$|\.test\.|(?<!\.d)\.ts$|tsconfig|\.tmp/.test(file))).toEqual([]);
    for (const door of Object.values(doors)) {
      for (const path of JSON.stringify(door).match(/\.\/[^"]+/g) ?? [])
        expect(existsSync(join(installed, path)), path).toBe(true);
    }
  });

  it("has nothing that publint or attw complain of", { timeout: 240_000 }, async () => {
    const publint = await run(root, process.execPath, "node_modules/publint/src/cli.js", "run", tarball, "--strict");
    expect(publint.code, publint.out).toBe(0);
    const attw = await run(
      root,
      process.execPath,
      "node_modules/@arethetypeswrong/cli/dist/index.js",
      tarball,
      "--profile",
      "esm-only",
      // A file for `protoc` and the like; nobody imports it.
      "--exclude-entrypoints",
      "./mesh/v1/mesh.proto",
    );
    expect(attw.code, attw.out).toBe(0);
  });

  it("loads nothing but itself and Node where the runtime is imported, and no compiler", () => {
    const dist = join(project("graph", []), "node_modules/pipeline-mesh/dist");
    const seen = new Set<string>();
    const outside = new Set<string>();
    const waiting = [join(dist, "runtime.js")];
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(
        /(?:^|[;\n}])(?:import|export)(?:[^;"']*?from)?\s*["']([^"']+)["']/g,
      )) {
        if (specifier.startsWith(".")) waiting.push(join(dirname(file), specifier));
        else outside.add(specifier);
      }
    }
    expect(seen.size).toBeGreaterThan(1);
    expect([...outside].filter((name) => !name.startsWith("node:"))).toEqual([]);
    const texts = [...seen].map((file) => readFileSync(file, "utf8")).join("\n");
    expect(texts).not.toMatch(/MESH2004|chevrotain/i);
    // Most of its own code runs pipelines, which is loaded once there is one to run: time to import is much about size.
    expect(texts).toMatch(/\bMeshError\b/);
    expect(texts).not.toMatch(/\b(LocalMesh|PeerWire|WasmInstance)\b/);
    expect(Buffer.byteLength(texts)).toBeLessThan(250_000);
  });
});

describe("a project that the package is installed in", () => {
  let folder: string;

  beforeAll(async () => {
    folder = project("consumer", [
      ...Object.keys(dependencies),
      "@types/node",
      "typescript",
      "typescript-5.9",
      "typescript-6",
    ]);
    writeFileSync(join(folder, "main.mesh"), program);
    writeFileSync(join(folder, "shout.ts"), shout);
    writeFileSync(join(folder, "use.ts"), use);
    writeFileSync(join(folder, "plain.js"), plain);
    writeFileSync(join(folder, "tsconfig.json"), "{}");
    const built = await run(folder, join(folder, "node_modules/.bin/meshc"), "build", "main.mesh");
    expect(built.out).toContain("1 program built: 4 files written");
    expect(built.code).toBe(0);
  }, 240_000);

  it("has the command line", async () => {
    expect(await run(folder, "npx", "--no-install", "meshc", "--version")).toEqual({ code: 0, out: `${version}\n` });
    expect((await run(folder, "npx", "--no-install", "meshc", "check", "main.mesh")).code).toBe(0);
    expect((await run(folder, "npx", "--no-install", "meshc", "explain", "MESH3001")).out).toContain("MESH3001");
  });

  const shown = ["docs/package.md", "docs/build.md"].flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/^npx (meshc [^#\n]*)/gm)].map(([, line = ""]) => line.trim()),
  );

  it.each(shown)("can do what the pages show: npx %s", async (line) => {
    const result = await run(folder, "npx", "--no-install", ...line.split(/\s+/));
    expect(result.code, result.out).toBe(0);
  });

  it.each([
    ["typescript", "node16", "node16"],
    ["typescript", "nodenext", "nodenext"],
    ["typescript", "esnext", "bundler"],
    ["typescript-6", "nodenext", "nodenext"],
    ["typescript-5.9", "node16", "node16"],
    ["typescript-5.9", "preserve", "bundler"],
  ])(
    "compiles what uses every door with %s, modules %s, resolution %s",
    { timeout: 240_000 },
    async (name, module, moduleResolution) => {
      const compilerOptions = {
        target: "es2022",
        lib: ["es2023", "esnext.disposable", "dom"],
        module,
        moduleResolution,
        types: ["node"],
        strict: true,
        verbatimModuleSyntax: true,
        noEmit: true,
        // The declarations of the package itself are checked too, but not those of the language, which take most of the time.
        skipLibCheck: false,
        skipDefaultLibCheck: true,
      };
      writeFileSync(join(folder, `tsconfig.${module}.json`), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
      const script = join(root, "node_modules", name, "bin/tsc");
      expect(await run(folder, process.execPath, script, "-p", `tsconfig.${module}.json`)).toEqual({
        code: 0,
        out: "",
      });
    },
  );

  it("loads every door from plain JavaScript", async () => {
    const script = Object.keys(doors)
      .filter((door) => !/\.(json|proto)$/.test(door))
      .map((door) => `console.log(Object.keys(await import("${door.replace(/^\./, "pipeline-mesh")}")).length > 0);`);
    const result = await run(folder, process.execPath, "--input-type=module", "-e", script.join("\n"));
    expect(result).toEqual({ code: 0, out: "true\n".repeat(script.length) });
  });

  it("tests nodes with the test runner of Node", async () => {
    const test = `import assert from "node:assert/strict";
import { test } from "node:test";
import { defineNode, MeshError, ports } from "pipeline-mesh";
import { testNode } from "pipeline-mesh/testing";

test("a node", async () => {
  const node = await testNode(defineNode({
    inputs: { in: ports.text },
    outputs: { out: ports.text },
    open: (_, { clock }) => ({
      async process({ payload }) {
        await new Promise((resolve) => clock.schedule(60_000, resolve));
        if (payload === "bad") throw new MeshError("resource-exhausted", "enough");
        return payload.toUpperCase();
      },
    }),
  }));
  const fed = node.send("in", "hello");
  await node.clock.advanceAsync(60_000);
  await fed;
  assert.deepEqual(node.payloads("out"), ["HELLO"]);
  const failing = assert.rejects(node.send("in", "bad"), (error) => error instanceof MeshError && error.code === "resource-exhausted");
  await node.clock.advanceAsync(60_000);
  await failing;
  await node.close();
});
`;
    writeFileSync(join(folder, "node.test.js"), test);
    const result = await run(folder, process.execPath, "--test", "node.test.js");
    expect(result.code, result.out).toBe(0);
    expect(result.out).toMatch(/pass 1\n/);
  });

  it("bundles a generated module for a page with no more than the runtime for browsers", async () => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: 'export { launchMain } from "./main.mesh.ts";', resolveDir: folder },
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "browser",
      nodePaths: [join(root, "node_modules")],
    });
    expect(outputFiles).toHaveLength(1);
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.some((path) => path.endsWith("dist/runtime.browser.js"))).toBe(true);
    expect(inputs.filter((path) => /werift|\/ws\/|dist\/runtime\.js/.test(path))).toEqual([]);
  });

  it("runs a program with the compiler and what it needs taken away", async () => {
    const lean = project("lean", runtimeNeeds);
    for (const file of ["main.plan.json", "plain.js"])
      writeFileSync(join(lean, file), readFileSync(join(folder, file)));
    for (const name of ["compiler.js", "meshc.js"]) rmSync(join(lean, "node_modules/pipeline-mesh/dist", name));
    expect(await run(lean, process.execPath, "plain.js")).toEqual({ code: 0, out: "HELLO!!\n" });
  });
});
