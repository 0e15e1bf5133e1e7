import * as grpc from "@grpc/grpc-js";
import { spawn, type ChildProcess } from "node:child_process";
import { setMaxListeners } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Link } from "../../runtime/interface/link.ts";
import type { Transport, UnaryCalls } from "../../runtime/interface/transport.ts";
import { remotePipeline } from "../../runtime/remote/caller.ts";
import { grpcTransport } from "../../runtime/transports/grpc/transport.nodejs.ts";
import { realClock as clock } from "../support/real-clock.ts";
import { bytes, lastMark, random } from "./border-peer.ts";
import { benchService, sizes, type Data } from "./grpc-peer.ts";
import { median, percentile, rounded, type BenchRow } from "./hop-rounds.ts";

export const title =
  "Pipelines over gRPC beside a service written by hand with @grpc/grpc-js, both sides in processes of their own";

const peerName = "grpc-js, by hand";
const rounds = process.argv.includes("--long") ? 9 : 3;
const { signal } = new AbortController();
setMaxListeners(0, signal);

/** One question, and its answer. */
type Ask = (payload: Uint8Array) => Promise<unknown>;
/** So many payloads of a size one way, as fast as there is room; resolves when the last has arrived. */
type Send = (size: number, count: number) => Promise<void>;

function ourTransport(): Transport {
  const transport = grpcTransport({ clock });
  // As a mesh does while it runs.
  void transport.keepIdle?.();
  return transport;
}

function ourAsk(transport: Transport, address: string): Ask {
  const { unary } = transport;
  const request = { params: {}, signal };
  return (payload) =>
    (unary as UnaryCalls).execute(`${address}/Mirror`, { ...request, inputs: { data: { payload, timestampUs: 0 } } });
}

function byHand(address: string): { readonly ask: Ask; readonly send: Send } {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), sizes);
  const { Echo, Count } = benchService as Record<string, grpc.MethodDefinition<Data, Data>>;
  const metadata = new grpc.Metadata();
  return {
    ask: (payload) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = Echo as grpc.MethodDefinition<Data, Data>;
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { payload }, metadata, (error, response) =>
          error === null ? resolve(response) : reject(error),
        );
      }),
    send: (size, count) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = Count as grpc.MethodDefinition<Data, Data>;
        const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, metadata, (error) =>
          error === null ? resolve() : reject(error),
        );
        let left = count;
        const go = (): void => {
          while (left > 0) {
            left -= 1;
            if (!call.write({ payload: new Uint8Array(size).fill(1) })) {
              call.once("drain", go);
              return;
            }
          }
          call.end();
        };
        go();
      }),
  };
}

function sinkOf(take: (payload: Uint8Array) => void): Link {
  return {
    writable: true,
    ready: () => Promise.resolve(),
    send: ({ payload }) => take(payload as Uint8Array),
    end: () => undefined,
    abort: () => undefined,
  };
}

async function openStream(transport: Transport, address: string, name: string, take: (payload: Uint8Array) => void) {
  const session = await remotePipeline({
    transport,
    uri: `${address}/${name}`,
    clock,
    random,
  }).open({
    params: {},
    inputs: { bulk: bytes },
    outputs: { done: { type: bytes, link: sinkOf(take) } },
    schemas: {},
    signal,
  });
  return { session, bulk: session.inputs["bulk"] as Link };
}

/** Over one session, which stays open. */
async function ourSend(transport: Transport, address: string): Promise<Send> {
  let isDone: () => void = () => undefined;
  const { bulk } = await openStream(transport, address, "Count", () => isDone());
  return async (size, count) => {
    const done = new Promise<void>((resolve) => (isDone = resolve));
    for (let seq = 0; seq < count; seq += 1) {
      if (!bulk.writable) await bulk.ready();
      const payload = new Uint8Array(size).fill(seq === count - 1 ? lastMark : 1);
      bulk.send({ timestampUs: 0, seq, epoch: 0, flags: 0, payload });
    }
    await done;
  };
}

/** Milliseconds of questions one after the other. */
async function latencies(ask: Ask, size: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startMs = performance.now();
    await ask(new Uint8Array(size));
    times.push(performance.now() - startMs);
  }
  return times;
}

/** Questions a second, 16 at once. */
async function callRate(ask: Ask, size: number, count: number): Promise<number> {
  const startMs = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await ask(new Uint8Array(size));
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return (count * 1_000) / (performance.now() - startMs);
}

async function streamRate(send: Send, size: number, count: number): Promise<number> {
  const startMs = performance.now();
  await send(size, count);
  return (size * count) / 1_000 / (performance.now() - startMs);
}

/** MB that a producer has to keep for a consumer that takes 50 frames a second, at most, over two seconds. */
async function heldBySlow(transport: Transport, address: string): Promise<number> {
  const size = 100_000;
  let [sent, most] = [0, 0];
  const { session, bulk } = await openStream(transport, address, "Slow", () => undefined);
  const untilMs = performance.now() + 2_000;
  while (performance.now() < untilMs) {
    if (bulk.writable) {
      bulk.send({ timestampUs: 0, seq: sent, epoch: 0, flags: 0, payload: new Uint8Array(size) });
      sent += 1;
      const stream = session.describe().streams.find(({ name }) => name === "bulk");
      most = Math.max(most, stream?.queued ?? sent);
    } else await Promise.race([bulk.ready(), new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  await session.close();
  return (most * size) / 1e6;
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const { child, addresses } = await start();
  try {
    const [pipelines = "", hand = ""] = addresses;
    const peer = byHand(hand);
    const transport = ourTransport();
    const asks = [ourAsk(transport, pipelines), peer.ask] as const;
    const sends = [await ourSend(transport, pipelines), peer.send] as const;
    const rows: BenchRow[] = [];
    for (const { name, size, calls, frames } of [
      { name: "100 B", size: 100, calls: 1_600, frames: 10_000 },
      { name: "16 KB", size: 16_000, calls: 1_000, frames: 3_000 },
      { name: "1 MB", size: 1_000_000, calls: 48, frames: 80 },
    ]) {
      const waits: number[][] = [[], []];
      const called: number[][] = [[], []];
      const streamed: number[][] = [[], []];
      // Until both are compiled: what the library does for the one is warm for the other.
      for (let warmed = 0; warmed < 3; warmed += 1) for (const ask of asks) await callRate(ask, size, calls);
      for (let round = -1; round < rounds; round += 1) {
        for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
          const wait = await latencies(asks[index], size, calls / 2);
          const rate = await callRate(asks[index], size, calls);
          const stream = await streamRate(sends[index], size, frames);
          if (round < 0) continue;
          waits[index]?.push(...wait);
          called[index]?.push(rate);
          streamed[index]?.push(stream);
        }
      }
      const best = (all: readonly number[]): number => Math.max(...all);
      rows.push(row(`unary, ${name}`, "one after the other, p50", "ms", waits, median, null));
      rows.push(row(`unary, ${name}`, "one after the other, p99", "ms", waits, (all) => percentile(all, 0.99), null));
      rows.push(added(`unary, ${name}`, waits));
      rows.push(row(`unary, ${name}`, "16 at once", "calls/s", called, best, ">= 0.9"));
      rows.push(row(`stream, ${name}`, "throughput", "MB/s", streamed, best, ">= 0.9"));
    }
    rows.push({
      case: "slow consumer of 100 KB frames",
      metric: "kept by the producer",
      unit: "MB",
      ours: rounded(await heldBySlow(transport, pipelines)),
      peer: null,
      peerName: null,
      ratio: null,
      goal: "<= 4.3",
    });
    return { rows, notes: ["Rates are the best of the rounds. A stream ends when its last payload has arrived."] };
  } finally {
    child.stdin?.end();
  }
}

function added(name: string, waits: readonly (readonly number[])[]): BenchRow {
  const ours = median(waits[0] ?? []) - median(waits[1] ?? []);
  const none = { peer: null, peerName: null, ratio: null };
  return { case: name, metric: "added to p50", unit: "ms", ours: rounded(ours), ...none, goal: "<= 0.2" };
}

function row(
  name: string,
  metric: string,
  unit: string,
  figures: readonly (readonly number[])[],
  of: (all: readonly number[]) => number,
  goal: string | null,
): BenchRow {
  const [ours, peer] = [of(figures[0] ?? []), of(figures[1] ?? [])];
  const ratio = rounded(ours / peer);
  return { case: name, metric, unit, ours: rounded(ours), peer: rounded(peer), peerName, ratio, goal };
}

async function start(): Promise<{ readonly child: ChildProcess; readonly addresses: readonly string[] }> {
  const path = fileURLToPath(new URL("grpc-peer.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path], { stdio: ["pipe", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`The other side ended early with code ${code}.`)));
  });
  return { child, addresses: line.split(" ") };
}
