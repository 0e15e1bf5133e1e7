import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import type { MeshError } from "../../../runtime/interface/errors.ts";
import type { JsonValue, Payload } from "../../../runtime/interface/frame.ts";
import type { LogLevel } from "../../../runtime/interface/node.ts";
import { maxModuleBytes } from "../../../runtime/interface/wasm-module.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { maxMemoryBytes, wasmDefinition } from "../../../runtime/wasm/node.ts";
import { collector, depsOf, feed, planOf } from "../../support/pipeline-run.ts";
import { echoModule, frameAt, gainModule, op } from "../../support/wasm-module.ts";

const example = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../examples/wasm-nodes/${name}`, import.meta.url)));

interface Ran {
  readonly payloads: Payload[];
  readonly error: MeshError | undefined;
  readonly logs: { readonly level: LogLevel; readonly message: string; readonly fields: JsonValue | undefined }[];
}

/** Runs a node of this signature, with `Node` standing between the input and the output of a pipeline. */
async function run(
  bytes: Uint8Array,
  {
    type = "bytes",
    out = type,
    params = "",
    args = "",
  }: { type?: string; out?: string; params?: string; args?: string },
  payloads: readonly Payload[],
): Promise<Ran> {
  const plan = planOf(`
node Node${params} { in ${type}
 out ${out}
 from "./node.wasm" }
pipeline Main { in a: ${type}
 out b: ${out}
 a -> Node(${args}) -> b }`);
  const logs: Ran["logs"] = [];
  const deps = {
    ...depsOf({ Node: wasmDefinition("node.wasm", () => Promise.resolve(bytes)) }),
    log: (level: LogLevel, message: string, fields?: JsonValue) => void logs.push({ level, message, fields }),
  };
  const main = plan.pipelines["Main"];
  const { link, payloads: made } = collector();
  const signal = new AbortController().signal;
  try {
    const session = await pipelineEndpoint(plan, "Main", deps).open({
      params: {},
      inputs: { a: main?.inputs["a"]?.type as FlowType },
      outputs: { b: { type: main?.outputs["b"]?.type as FlowType, link } },
      schemas: {},
      signal,
    });
    void feed(session, "a", payloads).catch(() => undefined);
    const { error } = await session.closed;
    return { payloads: made, error, logs };
  } catch (error) {
    return { payloads: made, error: error as MeshError, logs };
  }
}

/** Adds a value to the end of a list in memory, whose address stands at 0. */
const note = (value: readonly number[]): number[] => [
  ...[...op.i32(0), ...op.load32, ...value, ...op.store32],
  ...[...op.i32(0), ...op.i32(0), ...op.load32, ...op.i32(4), ...op.add, ...op.store32],
];

/** A string of AssemblyScript: its size stands before it. */
const utf16 = (text: string): Uint8Array => {
  const units = Uint16Array.from(text, (one) => one.charCodeAt(0));
  return Uint8Array.of(units.byteLength, 0, 0, 0, ...new Uint8Array(units.buffer));
};

const sound = { type: "audio<pcm_f32, 48kHz, mono>" };
const integers = { type: "audio<pcm_s16, 48kHz, mono>" };
const i32 = ["i32"] as const;

describe("a WebAssembly node", () => {
  it("takes and gives sound as f32, in place, with a parameter", async () => {
    const signature = { ...sound, params: "(gain: float)", args: "gain: 0.5" };
    const frames = [Float32Array.of(1, -0.5, 0.25), Float32Array.of(0.5)];
    const { payloads, error } = await run(gainModule(), signature, frames);
    expect(error).toBeUndefined();
    expect(payloads).toEqual([Float32Array.of(0.5, -0.25, 0.125), Float32Array.of(0.25)]);
    // What went in is not written to, and what comes out is not the memory of the module.
    expect(frames[1]).toEqual(Float32Array.of(0.5));
    expect((payloads[0] as Float32Array).buffer.byteLength).toBe(12);
  });

  it.each([
    ["integers", integers.type, Int16Array.of(1, -2, 32_767)],
    ["bytes", "bytes", Uint8Array.of(0, 255, 7)],
    ["encoded sound", "audio<opus, 48kHz, mono>", Uint8Array.of(1, 2, 3)],
    ["pictures", "video<i420, 2x2, 30fps>", Uint8Array.of(1, 2, 3, 4, 5, 6)],
    ["tensors", "tensor<f32, [1, 2]>", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)],
    ["texts", "text", "Grüße, 世界"],
    ["numbers", "float", -12.5],
    ["quantities", "duration", 20_000],
  ])("takes and gives %s", async (_, type, payload) => {
    const { payloads, error } = await run(echoModule(), { type }, [payload]);
    expect(error).toBeUndefined();
    expect(payloads).toEqual([payload]);
  });

  it("gives another type than it takes, from where `out_ptr` says", async () => {
    // The number of bytes, as a number.
    const bytes = echoModule({
      process: {
        params: i32,
        results: i32,
        body: [...op.i32(64), ...op.local(0), ...op.toDouble, ...op.storeDouble, ...op.i32(1)],
      },
      out_ptr: { results: i32, body: op.i32(64) },
    });
    const { payloads, error } = await run(bytes, { type: "text", out: "int" }, ["four", ""]);
    expect(error).toBeUndefined();
    expect(payloads).toEqual([4, 0]);
  });

  it("sends nothing for 0, and at the end what is left, frame by frame", async () => {
    const bytes = echoModule(
      {
        process: { params: i32, results: i32, body: op.i32(0) },
        out_ptr: { results: i32, body: op.i32(frameAt) },
        // 3 bytes, then 2, 1 and 0: the memory at 0 counts down.
        end: {
          results: i32,
          body: [
            ...op.i32(0),
            ...op.i32(0),
            ...op.load32,
            ...op.i32(-1),
            ...op.add,
            ...op.store32,
            ...op.i32(0),
            ...op.load32,
          ],
        },
      },
      { data: [{ at: 0, bytes: Uint8Array.of(4) }] },
    );
    const { payloads, error } = await run(bytes, {}, [Uint8Array.of(1, 2, 3)]);
    expect(error).toBeUndefined();
    expect(payloads).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2), Uint8Array.of(1)]);
  });

  it("is told its formats before its parameters, and both before the first frame", async () => {
    const pair = { params: ["i32", "i32"] as const, body: [...note(op.local(0)), ...note(op.local(1))] };
    const bytes = echoModule(
      {
        _initialize: { body: note(op.i32(1)) },
        in_format: pair,
        out_format: pair,
        set_level: { params: i32, body: note(op.local(0)) },
        set_fast: { params: i32, body: note(op.local(0)) },
        in_ptr: { params: i32, results: i32, body: op.i32(8192) },
        out_ptr: { results: i32, body: op.i32(frameAt) },
        process: { params: i32, results: i32, body: op.i32(28) },
      },
      { data: [{ at: 0, bytes: Uint8Array.of(0, 4) }] },
    );
    const { payloads, error } = await run(
      bytes,
      {
        type: "audio<opus, 48kHz, stereo>",
        out: "audio<opus, 16kHz, mono>",
        params: "(level: int, fast: bool, unused: float?)",
        args: "level: -7, fast: true",
      },
      [Uint8Array.of(1)],
    );
    expect(error).toBeUndefined();
    expect([...new Int32Array((payloads[0] as Uint8Array).slice().buffer)]).toEqual([1, 48_000, 2, 16_000, 1, -7, 1]);
  });

  it("takes a text parameter where frames are written to", async () => {
    const bytes = echoModule({
      set_greeting: { params: i32, body: [...op.i32(0), ...op.local(0), ...op.store32] },
      in_ptr: {
        params: i32,
        results: i32,
        // Frames go elsewhere once the text is there.
        body: op.choose([...op.i32(0), ...op.load32], op.i32(8192), op.i32(frameAt)),
      },
      out_ptr: { results: i32, body: op.i32(frameAt) },
      process: { params: i32, results: i32, body: [...op.i32(0), ...op.load32] },
    });
    const signature = { type: "text", params: "(greeting: text)", args: 'greeting: "Grüße"' };
    const { payloads, error } = await run(bytes, signature, ["x"]);
    expect(error).toBeUndefined();
    expect(payloads).toEqual(["Grüße"]);
  });

  it("goes on when its memory grows", async () => {
    const grow = [...op.i32(1), ...op.grow, ...op.drop];
    const bytes = echoModule({
      in_ptr: { params: i32, results: i32, body: [...grow, ...op.i32(frameAt)] },
      process: { params: i32, results: i32, body: [...grow, ...op.local(0)] },
      out_ptr: { results: i32, body: [...grow, ...op.i32(frameAt)] },
    });
    const frames = Array.from({ length: 100 }, (_, index) => Float32Array.of(index, -index));
    const { payloads, error } = await run(bytes, sound, frames);
    expect(error).toBeUndefined();
    expect(payloads).toEqual(frames);
  });

  it("has an instance for each session, and is read once", async () => {
    let reads = 0;
    const node = wasmDefinition("node.wasm", () => {
      reads += 1;
      return reads === 1 ? Promise.reject(new Error("not yet")) : Promise.resolve(echoModule());
    });
    const context = {
      formats: { inputs: { in: { kind: "scalar", name: "text" } }, outputs: { out: { kind: "scalar", name: "text" } } },
    } as unknown as Parameters<typeof node.open>[1];
    await expect(Promise.resolve(node.open({}, context))).rejects.toThrow("not yet");
    const [one, other] = await Promise.all([node.open({}, context), node.open({}, context)]);
    expect(reads).toBe(2);
    expect(one).not.toBe(other);
  });
});

describe("the examples", () => {
  it("runs AssemblyScript, as samples change by decibels", async () => {
    const signature = { ...sound, params: "(gain: decibel)", args: "gain: -6dB" };
    const { payloads, error } = await run(example("gain.wasm"), signature, [Float32Array.of(1, -0.5, 0)]);
    expect(error).toBeUndefined();
    const [frame] = payloads as Float32Array[];
    expect(frame?.[0]).toBeCloseTo(10 ** (-6 / 20), 5);
    expect(frame?.[1]).toBeCloseTo(-0.5 * 10 ** (-6 / 20), 5);
    expect(frame?.[2]).toBe(0);
  });

  it("refuses a frame that AssemblyScript has no room for", async () => {
    const signature = { ...sound, params: "(gain: decibel)", args: "gain: 0dB" };
    const { error } = await run(example("gain.wasm"), signature, [new Float32Array(16_385)]);
    expect(error?.code).toBe("node-failed");
    expect(error?.message).toContain("its `in_ptr` has no room for a frame of 65540 bytes");
  });

  it("runs a WASI reactor made of C, whose standard error goes to the log, a line at a time", async () => {
    const signature = { ...sound, params: "(ceiling: decibel)", args: "ceiling: 0dB" };
    const frames = [Float32Array.of(0.25, -0.5), Float32Array.of(4, -4), Float32Array.of(4)];
    const { payloads, error, logs } = await run(example("limiter.wasm"), signature, frames);
    expect(error).toBeUndefined();
    const values = (payloads as Float32Array[]).flatMap((one) => [...one]);
    expect(values.slice(0, 2)).toEqual([0.25, -0.5]);
    expect(values[2]).toBeCloseTo(0.5 + 0.5 * Math.tanh(7), 5);
    expect(values[3]).toBeCloseTo(-0.5 - 0.5 * Math.tanh(7), 5);
    expect(logs).toEqual([
      { level: "warn", message: "the sound is too loud and is being limited", fields: { node: "Node" } },
    ]);
  });

  it("refuses a frame that C has no room for, before it is written", async () => {
    const signature = { ...sound, params: "(ceiling: decibel)", args: "ceiling: 0dB" };
    const { error } = await run(example("limiter.wasm"), signature, [new Float32Array(16_385)]);
    expect(error?.message).toContain("a frame of 65540 bytes is more than the 65536 that its input has room for");
  });
});

describe("a hostile module", () => {
  const frame = [Float32Array.of(1, 2)];
  const pageEnd = 65_536;
  const failures: readonly (readonly [name: string, bytes: Uint8Array, message: string | RegExp])[] = [
    ["no WebAssembly", new TextEncoder().encode("hello, world"), "`node.wasm` is no WebAssembly."],
    ["nothing", new Uint8Array(), "`node.wasm` is empty."],
    ["a file that is cut short", gainModule().subarray(0, 60), "`node.wasm` is cut short."],
    ["a file that is too large", new Uint8Array(maxModuleBytes + 1), "is 64.0 MiB large; a module may have 64 MiB"],
    [
      "a component",
      Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0),
      "is a component, and a node takes a core module",
    ],
    ["code that is not valid", echoModule({ process: { params: i32, results: i32, body: [] } }), "is not valid: "],
    ["no memory", echoModule({}, { memory: undefined }), "it exports no `memory`"],
    [
      "a wrong signature",
      echoModule({ process: { params: i32, results: ["f32"], body: [0x43, 0, 0, 0, 0] } }),
      "its `process` is `(i32) -> f32`",
    ],
    ["too much memory at once", echoModule({}, { memory: { min: 8193 } }), "asks for 512.0625 MiB of memory"],
    [
      "an import that nobody has",
      echoModule({}, { imports: [{ module: "env", name: "system" }] }),
      "imports `env.system`",
    ],
    [
      "a trap",
      echoModule({ process: { params: i32, results: i32, body: op.unreachable } }),
      "trapped in `process`: unreachable",
    ],
    [
      "a trap at the start",
      echoModule({ _initialize: { body: op.unreachable } }),
      "trapped in `_initialize`: unreachable",
    ],
    [
      "recursion without end",
      echoModule({ process: { params: i32, results: i32, body: [...op.local(0), ...op.call(1)] } }),
      /trapped in `process`: .*stack/,
    ],
    [
      "an input outside its memory",
      echoModule({ in_ptr: { params: i32, results: i32, body: op.i32(pageEnd - 4) } }),
      "its `in_ptr` is 65532, and 8 bytes from there end outside its memory of 65536",
    ],
    [
      "a negative address",
      echoModule({ in_ptr: { params: i32, results: i32, body: op.i32(-8) } }),
      "its `in_ptr` is 4294967288",
    ],
    [
      "an address between two samples",
      echoModule({ in_ptr: { params: i32, results: i32, body: op.i32(1022) } }),
      "its `in_ptr` is 1022, which is no multiple of 4",
    ],
    [
      "no address",
      echoModule({ in_ptr: { params: i32, results: i32, body: op.i32(0) } }),
      "no room for a frame of 8 bytes",
    ],
    [
      "an output outside its memory",
      echoModule({ out_ptr: { results: i32, body: op.i32(pageEnd) } }),
      "its `out_ptr` is 65536",
    ],
    [
      "a count beyond its memory",
      echoModule({ process: { params: i32, results: i32, body: op.i32(0x7fff_ffff) } }),
      "its `in_ptr` is 1024, and 8589934588 bytes from there",
    ],
    [
      "a negative count",
      echoModule({ process: { params: i32, results: i32, body: op.i32(-3) } }),
      "its `process` has returned -3, which says that it has failed",
    ],
  ];

  it.each(failures)("that is %s fails the node by name and place", async (_, bytes, message) => {
    const { payloads, error } = await run(bytes, sound, frame);
    expect(payloads).toEqual([]);
    expect(error?.message).toMatch(/^Node `Node` of pipeline `Main` \(main\.mesh:7:7\) failed: /);
    expect(error?.message).toMatch(
      typeof message === "string" ? new RegExp(message.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")) : message,
    );
    expect(error?.code).toBe("node-failed");
    expect(error).toMatchObject({ node: "Node", location: { line: 7 } });
  });

  it("cannot have more memory than a node may, however long it asks", async () => {
    // Grows page by page until that fails, and tells the pages it has then.
    const bytes = echoModule({
      process: {
        params: i32,
        results: i32,
        body: [
          ...op.loop([...op.i32(16), ...op.grow], [...op.i32(-1), ...op.greater], op.branchIf(0)),
          ...[...op.i32(frameAt), ...op.memorySize, ...op.toDouble, ...op.storeDouble, ...op.i32(1)],
        ],
      },
    });
    const { payloads, error } = await run(bytes, { type: "bytes", out: "int" }, [Uint8Array.of(1)]);
    expect(error).toBeUndefined();
    expect(payloads).toEqual([maxMemoryBytes / 65_536 - ((maxMemoryBytes / 65_536 - 1) % 16)]);
  });

  it("does not go on for ever at its end", async () => {
    const bytes = echoModule({ out_ptr: { results: i32, body: op.i32(8) }, end: { results: i32, body: op.i32(1) } });
    const { error } = await run(bytes, {}, [Uint8Array.of(1)]);
    expect(error?.message).toContain("its `end` has given 4096 frames and does not come to 0");
  });

  it.each([
    ["a text that is none", { type: "bytes", out: "text" }, new Uint8Array(8), "the text that it gives is not UTF-8"],
    ["two numbers", { type: "bytes", out: "float" }, new Uint8Array(2), "it gives 2 numbers for one"],
    ["no number", { type: "bytes", out: "float" }, Uint8Array.of(1), "it gives NaN for a number"],
    ["half a number for an int", { type: "bytes", out: "int" }, Uint8Array.of(1), "it gives NaN for an integer"],
  ])("cannot give %s", async (_, signature, payload, message) => {
    const nan = new Uint8Array(Float64Array.of(Number.NaN).buffer);
    const bytes = echoModule({ out_ptr: { results: i32, body: op.i32(64) } }, { data: [{ at: 64, bytes: nan }] });
    const { payloads, error } = await run(bytes, signature, [payload]);
    expect(payloads).toEqual([]);
    expect(error?.message).toContain(message);
  });

  it("cannot take a number that its setter does not hold", async () => {
    const bytes = echoModule({ set_count: { params: i32 } });
    const signature = { params: "(count: int)", args: "count: 3000000000" };
    const { error } = await run(bytes, signature, [Uint8Array.of(1)]);
    expect(error).toMatchObject({ code: "invalid-argument" });
    expect(error?.message).toContain("`set_count` takes 32 bits, too few for 3000000000");
  });

  it("ends its own session only, by `proc_exit` or `abort`", async () => {
    const exit = echoModule(
      { process: { params: i32, results: i32, body: [...op.i32(3), ...op.call(0), ...op.unreachable] } },
      { imports: [{ module: "wasi_snapshot_preview1", name: "proc_exit", params: i32 }] },
    );
    expect((await run(exit, {}, [Uint8Array.of(1)])).error?.message).toContain(
      "failed: `node.wasm` in `process`: it has ended itself with exit code 3",
    );
    const abort = echoModule(
      {
        process: {
          params: i32,
          results: i32,
          body: [...op.i32(204), ...op.i32(304), ...op.i32(12), ...op.i32(5), ...op.call(0), ...op.unreachable],
        },
      },
      {
        imports: [{ module: "env", name: "abort", params: ["i32", "i32", "i32", "i32"] }],
        data: [
          { at: 200, bytes: utf16("too loud") },
          { at: 300, bytes: utf16("gain.ts") },
        ],
      },
    );
    expect((await run(abort, {}, [Uint8Array.of(1)])).error?.message).toContain("too loud (gain.ts:12:5)");
  });
});

it("modules of these tests are wrong where they are meant to be, and nowhere else", () => {
  for (const bytes of [gainModule(), echoModule()]) {
    expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  }
});
