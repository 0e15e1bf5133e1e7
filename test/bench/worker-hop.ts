import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { FlowType } from "../../runtime/interface/caps.ts";
import type { Frame } from "../../runtime/interface/frame.ts";
import { pipelineEndpoint } from "../../runtime/pipeline/endpoint.ts";
import { workerNode } from "../../runtime/platform/nodejs.ts";
import { PipelineBuilder, planWith } from "../support/pipeline-plan-builder.ts";
import { depsOf } from "../support/pipeline-run.ts";
import { median, rounded, type BenchRow, type Contender } from "./hop-rounds.ts";

const sound: FlowType = { kind: "audio", dims: { codec: ["pcm_f32"], rate: [48_000], channels: [1] } };
const frame = new Float32Array(960).fill(0.5);

/** Sends frames to a thread and back, each when the one before has come. */
interface RoundTrips extends AsyncDisposable {
  run(count: number): Promise<void>;
}

/** Ours: a pipeline of a node that passes on what it gets, on a thread of its own. */
async function ourTrips(): Promise<RoundTrips> {
  const echo = "export const Echo = { open: () => ({ map: (payload) => payload }) };";
  const builder = new PipelineBuilder("Hop", { a: sound }, { b: sound })
    .node("Echo", { in: sound }, { out: sound })
    .link("a", "Echo.in")
    .link("Echo.out", "b");
  let arrived = (_frame: Frame): void => undefined;
  const link = {
    writable: true,
    ready: async () => undefined,
    send: (one: Frame) => arrived(one),
    end() {},
    abort() {},
  };
  const code = workerNode(`data:text/javascript,${encodeURIComponent(echo)}`, "Echo");
  const session = await pipelineEndpoint(planWith(builder), "Hop", depsOf({ Echo: code })).open({
    params: {},
    inputs: { a: sound },
    outputs: { b: { type: sound, link } },
    schemas: {},
    signal: new AbortController().signal,
  });
  let seq = 0;
  return {
    async run(count) {
      for (let index = 0; index < count; index += 1) {
        const back = new Promise<Frame>((resolve) => (arrived = resolve));
        session.inputs["a"]?.send({ timestampUs: seq * 20_000, seq, epoch: 0, flags: 0, payload: frame });
        seq += 1;
        if (((await back).payload as Float32Array).length !== frame.length) throw new Error("a frame came back short");
      }
    },
    [Symbol.asyncDispose]: () => session.close(),
  };
}

/** The same by hand: a copy of the samples is moved there, and moved back. */
async function plainTrips(): Promise<RoundTrips> {
  const program = `const { parentPort } = require("node:worker_threads");
parentPort.on("message", (samples) => parentPort.postMessage(samples, [samples.buffer]));`;
  const worker = new Worker(program, { eval: true });
  await once(worker, "online");
  let arrived = (_samples: Float32Array): void => undefined;
  worker.on("message", (samples: Float32Array) => arrived(samples));
  return {
    async run(count) {
      for (let index = 0; index < count; index += 1) {
        const back = new Promise<Float32Array>((resolve) => (arrived = resolve));
        const copy = frame.slice();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
        worker.postMessage(copy, [copy.buffer]);
        if ((await back).length !== frame.length) throw new Error("a frame came back short");
      }
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

const names = { ours: "worker hop of a 20 ms frame", peer: "postMessage by hand" };
const count = 500;

/** Processor time and time from one end to the other, of both in turn. */
export async function workerRows(
  measure: (contenders: readonly Contender[]) => Promise<ReadonlyMap<string, readonly number[]>>,
): Promise<readonly BenchRow[]> {
  await using ours = await ourTrips();
  await using plain = await plainTrips();
  const times = new Map([names.ours, names.peer].map((name) => [name, [] as number[]]));
  const timed = (name: string, trips: RoundTrips): Contender => ({
    name,
    count,
    run: async (frames) => {
      const startMs = performance.now();
      await trips.run(frames);
      times.get(name)?.push(((performance.now() - startMs) * 1e6) / frames);
    },
  });
  const processor = await measure([timed(names.ours, ours), timed(names.peer, plain)]);
  const row = (metric: string, rounds: ReadonlyMap<string, readonly number[]>): BenchRow => {
    const [own = [], theirs = []] = [rounds.get(names.ours), rounds.get(names.peer)];
    return {
      case: names.ours,
      metric,
      unit: "ns",
      ours: rounded(median(own)),
      peer: rounded(median(theirs)),
      peerName: names.peer,
      ratio: rounded(median(own.map((value, index) => value / (theirs[index] ?? Number.NaN)))),
      goal: null,
    };
  };
  return [row("processor time", processor), row("there and back", times)];
}
