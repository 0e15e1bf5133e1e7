import type { FlowType } from "../../runtime/interface/caps.ts";
import { defineNode, type NodeContext, type NodeDefinition } from "../../runtime/interface/node.ts";
import { PipelineBuilder, planWith } from "../support/pipeline-plan-builder.ts";
import { runToEnd } from "../support/run-to-end.ts";
import { median, rounded, type BenchRow, type Contender } from "./hop-rounds.ts";

const sound: FlowType = { kind: "audio", dims: { codec: ["pcm_f32"], rate: [48_000], channels: [1] } };
/** 20 ms. */
const frame = Float32Array.from({ length: 960 }, (_, index) => Math.sin(index / 7));
const nodes = 6;
/** Frames between two looks at the memory, few enough that the collector mostly does not come between. */
const lookEvery = 20;

/** Keeps results from being optimised away. */
const consumed = { total: 0 };

type Make = (buffers: NodeContext["buffers"]) => (length: number) => Float32Array<ArrayBuffer>;

const pooled: Make = (buffers) => (length) => buffers.float32(length);
const unpooled: Make = () => (length) => new Float32Array(length);

const gainOf = (sync: boolean, make: Make): NodeDefinition =>
  defineNode({
    sync,
    borrows: true,
    open: (_, { buffers, emit }) => {
      const take = make(buffers);
      const louder = (given: Float32Array): Float32Array => {
        const output = take(given.length);
        for (let index = 0; index < given.length; index += 1) output[index] = (given[index] ?? 0) * 0.999;
        return output;
      };
      if (sync) return { map: (payload) => louder(payload as Float32Array) };
      return { process: ({ payload }) => void emit("out", louder(payload as Float32Array)) };
    },
  });

/** Sends frames as they come from a microphone: each when the one before has been worked off. */
async function runChain(sync: boolean, make: Make, count: number, grown: number[]): Promise<void> {
  let seen = 0;
  let last = 0;
  let next = (): void => undefined;
  const definitions: Record<string, NodeDefinition> = {
    Source: defineNode({
      open: (_, { emit }) => ({
        async run() {
          for (let index = 0; index < count; index += 1) {
            const worked = new Promise<void>((resolve) => (next = resolve));
            void emit("out", frame, { timestampUs: index * 20_000 });
            await worked;
          }
        },
      }),
    }),
    Gain: gainOf(sync, make),
    Sink: defineNode({
      sync: true,
      borrows: true,
      open: () => ({
        process({ payload }) {
          consumed.total += (payload as Float32Array)[7] ?? 0;
          seen += 1;
          if (seen % lookEvery === 0) {
            const { arrayBuffers } = process.memoryUsage();
            // Where the collector has been, it says nothing.
            if (arrayBuffers >= last) grown.push((arrayBuffers - last) / lookEvery);
            last = arrayBuffers;
          }
          next();
        },
      }),
    }),
  };
  const builder = new PipelineBuilder("Chain").node("Source", {}, { out: sound });
  let from = "Source";
  for (let index = 0; index < nodes; index += 1) {
    const id = `Gain#${index}`;
    builder.node(id, { in: sound }, { out: sound }).link(`${from}.out`, `${id}.in`);
    from = id;
  }
  builder.node("Sink", { in: sound }, {}).link(`${from}.out`, "Sink.in");
  await runToEnd(planWith(builder), "Chain", definitions);
  if (seen !== count) throw new Error(`${seen} of ${count} frames came to the end`);
}

/** Payload memory and processor time of a frame that goes through a chain, with buffers of the runtime and with new arrays. */
export async function audioRows(
  measure: (contenders: readonly Contender[]) => Promise<ReadonlyMap<string, readonly number[]>>,
): Promise<readonly BenchRow[]> {
  const ways = [
    { name: `audio through ${nodes} nodes, fused`, sync: true },
    { name: `audio through ${nodes} nodes, queued`, sync: false },
  ];
  const peer = "new arrays";
  const memory = new Map<string, number[]>();
  const contenders = ways.flatMap(({ name, sync }) =>
    [pooled, unpooled].map((make): Contender => {
      const key = make === pooled ? name : `${name}, ${peer}`;
      const grown: number[] = [];
      memory.set(key, grown);
      return { name: key, count: 1_000, run: (count) => runChain(sync, make, count, grown) };
    }),
  );
  const times = await measure(contenders);
  return ways.flatMap(({ name }): BenchRow[] => {
    const [own = [], theirs = []] = [times.get(name), times.get(`${name}, ${peer}`)];
    const [bytes, newBytes] = [median(memory.get(name) ?? []), median(memory.get(`${name}, ${peer}`) ?? [])];
    const row = { case: name, peerName: peer };
    return [
      {
        ...row,
        metric: "payload memory of a frame",
        unit: "B",
        ours: rounded(bytes),
        peer: rounded(newBytes),
        ratio: rounded(bytes / newBytes),
        goal: "<= 0.01",
      },
      {
        ...row,
        metric: "processor time of a frame",
        unit: "ns",
        ours: rounded(median(own)),
        peer: rounded(median(theirs)),
        ratio: rounded(median(own.map((value, index) => value / (theirs[index] ?? Number.NaN)))),
        goal: null,
      },
    ];
  });
}
