import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { maxModuleBytes } from "../../../runtime/interface/wasm-module.ts";
import { echoModule, gainModule, op, type FunctionInit } from "../../support/wasm-module.ts";
import { tone } from "../../e2e/support/files.ts";
import { commandLine, type CommandLine } from "../support/command-line.ts";

const i32 = ["i32"] as const;

const program = `node Gain(gain: decibel = 0dB) {
  in  audio<pcm_f32, 16kHz, mono>
  out audio<pcm_f32, 16kHz, mono>
  from "./gain.wasm"
}

pipeline Main {
  in  voice: audio<pcm_f32, 16kHz, mono>
  out loud: audio<pcm_f32, 16kHz, mono>
  voice -> Gain() -> loud
}
`;

let meshc: CommandLine;
beforeEach(() => {
  meshc = commandLine();
  meshc.write("main.mesh", program);
});
afterEach(() => meshc[Symbol.dispose]());

async function build(bytes: Uint8Array | string): Promise<{ code: number; err: string; diagnostics: string[] }> {
  writeFileSync(join(meshc.folder, "gain.wasm"), bytes);
  const { code, err } = await meshc.run("build");
  return { code, err: err.replace(/\s+/g, " "), diagnostics: err.match(/^\w+\[MESH\d+\]/gm) ?? [] };
}

/** The parts of a gain node that do nothing, with others exchanged. */
const withParts = (functions: Readonly<Record<string, FunctionInit | undefined>>): Uint8Array =>
  echoModule({ set_gain: { params: ["f64"] }, ...functions });

describe("meshc build", () => {
  it("writes a module that finds the WebAssembly beside it, wherever it is written to", async () => {
    expect((await build(gainModule())).code).toBe(0);
    const text = meshc.read("main.mesh.ts");
    expect(text).toContain('nodes: { Gain: wasmNode(new URL("./gain.wasm", import.meta.url)) }');
    expect(text).not.toContain('from "./gain');
    await meshc.run("build", "--out", "gen/deep");
    expect(meshc.read("gen/deep/main.mesh.ts")).toContain('new URL("../../gain.wasm", import.meta.url)');
  });

  it.each([
    ["in place, without a count", {}],
    ["where `out_ptr` says", { out_ptr: { results: i32, body: op.i32(8) } }],
    [
      "with a buffer of fixed size",
      { in_ptr: { results: i32, body: op.i32(8) }, in_capacity: { results: i32, body: op.i32(8) } },
    ],
    ["with a parameter as f32", { set_gain: { params: ["f32"] as const } }],
    [
      "with what no node asks for",
      { other: { params: ["i64"] as const, results: ["i64"] as const, body: op.local(0) } },
    ],
    ["with a setter that the node does not need", { set_other: { params: i32 } }],
  ])("takes a module that works %s", async (_, parts) => {
    expect(await build(withParts(parts))).toMatchObject({ code: 0, diagnostics: [] });
  });

  it.each<readonly [string, Readonly<Record<string, FunctionInit | undefined>>, string]>([
    ["lacks `process`", { process: undefined }, "does not fit `Gain`: it exports no `process`."],
    ["lacks a parameter", { set_gain: undefined }, "does not fit `Gain`: it exports no `set_gain`."],
    [
      "takes a parameter as an integer",
      { set_gain: { params: i32 } },
      "its `set_gain` is `(i32) -> ()`, and has to be `(f64) -> ()` or `(f32) -> ()`.",
    ],
    [
      "counts in 64 bits",
      { process: { params: ["i64"], results: ["i64"], body: op.local(0) } },
      "its `process` is `(i64) -> i64`, and has to be `(i32) -> i32` or `(i32) -> ()`.",
    ],
    [
      "does not tell how much room it has",
      { in_ptr: { results: i32, body: op.i32(8) } },
      "it exports no `in_capacity`.",
    ],
    [
      "does not count what lies elsewhere",
      { process: { params: i32 }, out_ptr: { results: i32, body: op.i32(8) } },
      "its `process` is `(i32) -> ()`, and has to be `(i32) -> i32`.",
    ],
    ["has an end without a place", { end: { results: i32, body: op.i32(0) } }, "it exports `end` without an `out_ptr`"],
    [
      "is a program",
      { _start: {} },
      "it is a program with a `_start`, not a reactor: build it with `-mexec-model=reactor`.",
    ],
  ])("says that a module %s, once and on the line of its `from`", async (_, parts, message) => {
    const { code, err, diagnostics } = await build(withParts(parts));
    expect(diagnostics).toEqual(["error[MESH3021]"]);
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(err).toContain("--> main.mesh:4:8");
    expect(err).toContain("docs/wasm.md tells what a module exports.");
    // The contract is there all the same.
    expect(meshc.read("main.mesh.ts")).toContain("export type GainNode");
  });

  it("tells everything that does not fit in one diagnostic", async () => {
    const { err, diagnostics } = await build(withParts({ in_ptr: undefined, set_gain: undefined }));
    expect(diagnostics).toEqual(["error[MESH3021]"]);
    expect(err).toContain("does not fit `Gain`: it exports no `in_ptr`.");
    expect(err).toContain("= note: It exports no `set_gain`.");
  });

  it("says what a module imports that nobody gives it", async () => {
    const foreign = echoModule(
      { set_gain: { params: ["f64"] } },
      {
        imports: [
          { module: "env", name: "printf", params: i32, results: i32 },
          { module: "wasi_snapshot_preview1", name: "fd_write" },
          { module: "env", name: "abort" },
          { module: "wasi_unstable", name: "fd_write" },
        ],
      },
    );
    const { err, diagnostics } = await build(foreign);
    expect(diagnostics).toEqual(["error[MESH3021]"]);
    expect(err).toContain("it imports `env.printf`, `wasi_unstable.fd_write`, which nobody gives it");
  });

  it.each<readonly [string, Uint8Array | string, string]>([
    ["text", "export const Gain = 1;", "`gain.wasm` is no WebAssembly."],
    ["empty", "", "`gain.wasm` is empty."],
    ["cut short", gainModule().subarray(0, -3), "`gain.wasm` is cut short."],
    [
      "a component",
      Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0),
      "is a component, and a node takes a core module",
    ],
    ["not valid", withParts({ process: { params: i32, results: i32 } }), "is not valid WebAssembly"],
    ["with a shared memory", sharedMemory(), "has a shared memory; build it without threads"],
  ])("says that a module is %s", async (_, bytes, message) => {
    const { code, err, diagnostics } = await build(bytes);
    expect(diagnostics).toEqual(["error[MESH2022]"]);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });

  it("says that a module is too large, without reading it", async () => {
    writeFileSync(join(meshc.folder, "gain.wasm"), "");
    // A file of holes: it takes no room on the disk.
    truncateSync(join(meshc.folder, "gain.wasm"), maxModuleBytes + 1);
    const { code, err } = await meshc.run("build");
    expect(code).toBe(1);
    expect(err).toContain("error[MESH2022]: gain.wasm is 64.0 MiB large; a module may have 64 MiB at most.");
  });

  it("says that there is no such module, with the nearest name", async () => {
    writeFileSync(join(meshc.folder, "gane.wasm"), gainModule());
    const { code, err } = await meshc.run("build");
    expect(code).toBe(1);
    expect(err).toContain("error[MESH2020]: The code of `Gain` should be in `gain.wasm`, and there is no such file.");
    expect(err).toContain('Did you mean "./gane.wasm"?');
  });

  it("keeps a path from saying more than it does", async () => {
    meshc.write("main.mesh", program.replace("./gain.wasm", "./a#b%20c?.wasm"));
    writeFileSync(join(meshc.folder, "a#b%20c?.wasm"), gainModule());
    expect((await meshc.run("build")).code).toBe(0);
    const address = /new URL\((".*"), import/.exec(meshc.read("main.mesh.ts"))?.[1] ?? '""';
    const { pathname } = new URL(JSON.parse(address) as string, "file:///folder/main.mesh.ts");
    expect(decodeURIComponent(pathname)).toBe("/folder/a#b%20c?.wasm");
  });

  it("holds a module against its node again when it changes while it is watched", async () => {
    writeFileSync(join(meshc.folder, "gain.wasm"), gainModule());
    const watched = meshc.start("build", "--watch");
    await watched.said("waiting for changes");
    // Told again where what is known of the program has changed.
    writeFileSync(join(meshc.folder, "gain.wasm"), "");
    await watched.said("waiting for changes");
    watched.interrupt();
    expect(await watched.ended).toBe(1);
  });
});

describe("meshc run", () => {
  it("says what is wrong with a module as the build does, and runs nothing", async () => {
    writeFileSync(join(meshc.folder, "gain.wasm"), withParts({ set_gain: undefined }));
    const { code, err } = await meshc.run("run", "main.mesh", "--pipeline", "Main");
    expect(code).toBe(1);
    expect(err).toContain("error[MESH3021]: `gain.wasm` does not fit `Gain`: it exports no `set_gain`.");
  });

  it("says that there is no such module", async () => {
    writeFileSync(join(meshc.folder, "voice.wav"), tone(0.1, { encoding: "pcm_f32" }));
    const { code, err } = await meshc.run("run", "main.mesh", "--pipeline", "Main", "--in", "voice=voice.wav");
    expect(code).toBe(1);
    expect(err).toContain("the node `Gain` comes from gain.wasm, and there is no such file.");
  });
});

/** Valid but for its memory, which is shared with threads. */
function sharedMemory(): Uint8Array {
  const bytes = echoModule({ set_gain: { params: ["f64"] } }, { memory: { min: 1, max: 1 } });
  const at = bytes.findIndex((byte, index) => byte === 5 && bytes[index + 1] === 4 && bytes[index + 2] === 1);
  bytes[at + 3] = 3;
  return bytes;
}
