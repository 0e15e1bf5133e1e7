import { execFile, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { readWasm } from "../../runtime/interface/wasm-module.ts";
import { echoModule, op } from "../support/wasm-module.ts";
import { folderWith, readWav } from "./support/files.ts";
import { meshc } from "./support/meshc.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const example = join(root, "examples/wasm-nodes");
const execute = promisify(execFile);
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) => block ?? "");

/** The files of the example in a folder of their own, where the package is installed as it ships. */
function project(...names: readonly string[]): string {
  const folder = folderWith({ "package.json": JSON.stringify({ type: "module" }) });
  for (const name of names) copyFileSync(join(example, name), join(folder, name));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/pipeline-mesh"));
  return folder;
}

/** Why a test cannot run here; it says so. */
function missing(what: string, found: boolean): boolean {
  if (!found) console.warn(`Skipping what is built by ${what}: it is not installed.`);
  return !found;
}

const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const clang = succeeds("clang", "--version") && succeeds("wasm-ld", "--version");
const rustc = ["/usr/bin/rustc", "rustc"].find(
  (one) =>
    succeeds(one, "--version") &&
    existsSync(
      spawnSync(one, ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"], {
        encoding: "utf8",
      }).stdout.trim(),
    ),
);

describe("the example with WebAssembly nodes", () => {
  it("runs by the command of its README, as it should", async () => {
    const [command = "", build] = blocks(read("examples/wasm-nodes/README.md"), "sh").map((one) => one.trim());
    expect(command).toMatch(/^npx meshc run examples\/wasm-nodes\/main\.mesh .* --out loud=loud\.wav$/);
    expect(build).toBe("examples/wasm-nodes/build.sh");
    const wav = join(folderWith(), "loud.wav");
    const args = command
      .split(" ")
      .slice(2)
      .map((one) => one.replace("loud=loud.wav", `loud=${wav}`));
    const { code, out, err } = await meshc(args, { cwd: root });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("the sound is too loud and is being limited");
    expect(readFileSync(wav)).toEqual(readFileSync(join(example, "expected.wav")));
    const quiet = await meshc([...args, "--param", "gain=-6dB"], { cwd: root });
    expect(quiet.out).not.toContain("limited");
    const [before, after] = [readWav(join(example, "voice.wav")).samples, readWav(wav).samples];
    expect(after.length).toBe(before.length);
    expect(after.every((one, index) => Math.abs(one - (before[index] ?? 0) * 10 ** (-6 / 20)) <= 1)).toBe(true);
  });

  it("runs from the module that meshc build writes", async () => {
    const folder = project("main.mesh", "gain.wasm", "limiter.wasm");
    expect(await meshc(["build", "main.mesh"], { cwd: folder })).toMatchObject({ code: 0, err: "" });
    const voice = readWav(join(example, "voice.wav"));
    writeFileSync(join(folder, "voice.json"), JSON.stringify([...voice.samples]));
    writeFileSync(
      join(folder, "app.ts"),
      `import { readFileSync } from "node:fs";
import { launchLoud } from "./main.mesh.ts";

const samples = Int16Array.from(JSON.parse(readFileSync("voice.json", "utf8")));
await using pipeline = await launchLoud({ params: { gain: 12 } });
const heard: number[] = [];
const reading = (async () => {
  for await (const frame of pipeline.loud) heard.push(...frame);
})();
for (let at = 0; at < samples.length; at += 320) await pipeline.voice.write(samples.slice(at, at + 320));
pipeline.end();
await reading;
console.log(JSON.stringify(heard));
`,
    );
    const { stdout } = await execute(process.execPath, ["--import", tsx, "app.ts"], { cwd: folder });
    expect(JSON.parse(stdout)).toEqual([...readWav(join(example, "expected.wav")).samples]);
  });

  it("has a module that its AssemblyScript builds to, byte by byte, and one that its C still fits", async () => {
    const folder = project("main.mesh");
    const built = await execute(join(example, "build.sh"), [folder], { cwd: root });
    expect(readFileSync(join(folder, "gain.wasm"))).toEqual(readFileSync(join(example, "gain.wasm")));
    if (existsSync(join(folder, "limiter.wasm"))) {
      expect(await meshc(["build", "main.mesh"], { cwd: folder })).toMatchObject({ code: 0, err: "" });
    } else {
      // Which is said, too.
      expect(built.stderr).toContain("limiter.wasm is not built");
      console.warn("limiter.wasm was not built anew: clang or wasi-libc is not installed.");
    }
  });
});

describe("docs/wasm.md", () => {
  const text = read("docs/wasm.md");

  it("shows the sources and commands of the example as they are", () => {
    const [assemblyScript = ""] = blocks(text, "ts");
    expect(read("examples/wasm-nodes/assembly/gain.ts")).toContain(assemblyScript);
    const limiter = read("examples/wasm-nodes/limiter.c");
    for (const part of (blocks(text, "c")[0] ?? "").split("\n\n")) expect(limiter).toContain(part.trim());
    const script = read("examples/wasm-nodes/build.sh").replaceAll(/"\$folder\/([\w.]+)"/g, "$1");
    for (const command of blocks(text, "sh")) expect(script).toContain(command.trim());
    expect(read("examples/wasm-nodes/main.mesh")).toContain(
      (blocks(text, "mesh")[0] ?? "").split("\n").slice(1).join("\n"),
    );
  });

  it("shows how code of one's own names a module", async () => {
    const [, wrapping = ""] = blocks(text, "ts");
    const folder = project("main.mesh", "gain.wasm", "limiter.wasm", "voice.wav");
    mkdirSync(join(folder, "nodes"));
    copyFileSync(join(example, "gain.wasm"), join(folder, "nodes/gain.wasm"));
    writeFileSync(join(folder, "nodes/gain.ts"), wrapping);
    writeFileSync(
      join(folder, "main.mesh"),
      readFileSync(join(folder, "main.mesh"), "utf8").replace("./gain.wasm", "./nodes/gain.ts"),
    );
    const args = ["run", "main.mesh", "--pipeline", "Loud", "--in", "voice=voice.wav", "--out", "loud=loud.wav"];
    expect(await meshc(args, { cwd: folder })).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(join(folder, "loud.wav"))).toEqual(readFileSync(join(example, "expected.wav")));
  });

  it.skipIf(missing("clang", clang))("shows how C is built without a library", () => {
    const folder = folderWith({
      "gain.c":
        'static float frame[8];\n__attribute__((export_name("in_ptr"))) float *in_ptr(void) { return frame; }\n',
    });
    const [, command = ""] = /`(clang --target=wasm32 -nostdlib [^`]*)`/.exec(text) ?? [];
    const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { exports, imports } = readWasm(readFileSync(join(folder, "gain.wasm")));
    expect([[...exports.keys()], imports]).toEqual([["memory", "in_ptr"], []]);
  });

  it.skipIf(missing("rustc for wasm32-unknown-unknown", rustc !== undefined))("shows a node in Rust", async () => {
    const folder = project("main.mesh", "limiter.wasm");
    writeFileSync(join(folder, "gain.rs"), blocks(text, "rust")[0] ?? "");
    const options = [
      "--target",
      "wasm32-unknown-unknown",
      "--crate-type",
      "cdylib",
      "-O",
      "gain.rs",
      "-o",
      "gain.wasm",
    ];
    const { status, stderr } = spawnSync(rustc ?? "", options, { cwd: folder, encoding: "utf8" });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(await meshc(["build", "main.mesh"], { cwd: folder })).toMatchObject({ code: 0, err: "" });
  });
});

it("tells of a module that traps which node it is, and where", async () => {
  const program = `node Upper {
  in  text
  out text
  from "./upper.wasm"
}

pipeline Main {
  in  line: text
  out answer: text
  line -> Upper() -> answer
}
`;
  const folder = folderWith({
    "package.json": "{}",
    "main.mesh": program,
    "lines.txt": "one\n",
    "upper.wasm": echoModule({ process: { params: ["i32"], results: ["i32"], body: op.unreachable } }),
  });
  const { code, err } = await meshc(["run", "main.mesh", "--pipeline", "Main", "--in", "line=lines.txt"], {
    cwd: folder,
  });
  expect(code).toBe(1);
  expect(err.replace(/\s+/g, " ")).toContain(
    "Node `Upper` of pipeline `Main` (main.mesh:10:11) failed: `upper.wasm` trapped in `process`: unreachable",
  );
});
