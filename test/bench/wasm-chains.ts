import { readFileSync } from "node:fs";
import type { FlowType } from "../../runtime/interface/caps.ts";
import { defineNode, type NodeDefinition } from "../../runtime/interface/node.ts";
import { wasmDefinition } from "../../runtime/wasm/node.ts";
import { PipelineBuilder, planWith } from "../support/pipeline-plan-builder.ts";
import { frameSource } from "./frame-source.ts";
import { runToEnd } from "../support/run-to-end.ts";

/** 20 ms of sound at 48 kHz. */
export const samples = 960;

const sound: FlowType = { kind: "audio", dims: { codec: ["pcm_f32"], rate: [48_000], channels: [1] } };

/** Of amplitude: what -0.1 dB is, so that a long chain does not fade to numbers that are slow to multiply. */
const gain = -0.1;
const factor = Math.fround(10 ** (gain / 20));

const example = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../examples/wasm-nodes/${name}`, import.meta.url)));

const frame = Float32Array.from({ length: samples }, (_, index) => Math.sin(index / 7));

/** Keeps results from being optimised away. */
const consumed = { total: 0 };
const consume = (payload: Float32Array): void => void (consumed.total += payload[7] ?? 0);

/** The AssemblyScript of the examples, as a node. */
export const wasmGain: NodeDefinition = wasmDefinition("gain.wasm", () => Promise.resolve(example("gain.wasm")));

/** The same in TypeScript, in the quickest form of a node. */
export const typeScriptGain: NodeDefinition = defineNode<{ gain: number }>({
  sync: true,
  borrows: true,
  open: (params, { buffers }) => {
    const by = Math.fround(10 ** (params.gain / 20));
    return {
      map: (payload) => {
        const given = payload as Float32Array;
        const louder = buffers.float32(given.length);
        for (let index = 0; index < given.length; index += 1) louder[index] = (given[index] ?? 0) * by;
        return louder;
      },
    };
  },
});

/** The exports of the same module, called by hand. */
export async function exportsOf(): Promise<{
  /** The work alone: what is in memory is changed there. */
  callOnly(count: number): void;
  /** Copies a frame in, calls, and copies what comes out. */
  copied(count: number): void;
}> {
  const { instance } = await WebAssembly.instantiate(example("gain.wasm"), {});
  const {
    memory,
    in_ptr: place,
    process,
    set_gain: set,
  } = instance.exports as unknown as {
    readonly memory: WebAssembly.Memory;
    readonly in_ptr: (bytes: number) => number;
    readonly process: (count: number) => void;
    readonly set_gain: (gain: number) => void;
  };
  set(gain);
  const floats = new Float32Array(memory.buffer);
  return {
    callOnly(count) {
      // Back to a sound of the same loudness now and then, for it fades.
      for (let index = 0; index < count; index += 1) {
        if (index % 64 === 0) floats.set(frame, place(samples * 4) >> 2);
        process(samples);
      }
      consume(floats);
    },
    copied(count) {
      for (let index = 0; index < count; index += 1) {
        const at = place(samples * 4) >> 2;
        floats.set(frame, at);
        process(samples);
        consume(floats.slice(at, at + samples));
      }
    },
  };
}

/** The loop of the TypeScript node, without a node around it. */
export function loop(count: number): void {
  for (let index = 0; index < count; index += 1) {
    const louder = new Float32Array(samples);
    for (let at = 0; at < samples; at += 1) louder[at] = (frame[at] ?? 0) * factor;
    consume(louder);
  }
}

const sink = defineNode({
  sync: true,
  borrows: true,
  open: () => ({ process: ({ payload }) => consume(payload as Float32Array) }),
});

/** A session from a source through so many of these nodes to a sink. */
export async function runChain(node: NodeDefinition, count: number, nodes: number): Promise<void> {
  const definitions: Record<string, NodeDefinition> = { Source: frameSource(count, () => frame), Sink: sink };
  const builder = new PipelineBuilder("Chain").node("Source", {}, { out: sound });
  let last = "Source";
  for (let index = 0; index < nodes; index += 1) {
    const name = `N${index}`;
    definitions[name] = node;
    builder.node(name, { in: sound }, { out: sound }).link(`${last}.out`, `${name}.in`);
    last = name;
  }
  builder.node("Sink", { in: sound }, {}).link(`${last}.out`, "Sink.in");
  const plan = planWith(builder);
  for (const one of plan.pipelines["Chain"]?.nodes ?? []) {
    if (one.id.startsWith("N")) one.params["gain"] = { literal: gain };
  }
  const session = await runToEnd(plan, "Chain", definitions);
  for (const { id, frames } of session.describe().nodes.slice(1)) {
    if (frames !== count) throw new Error(`${frames} of ${count} frames came to ${id}`);
  }
}
