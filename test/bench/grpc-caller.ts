import * as grpc from "@grpc/grpc-js";
import { setMaxListeners } from "node:events";
import type { Link } from "../../runtime/interface/link.ts";
import type { Transport, UnaryCalls } from "../../runtime/interface/transport.ts";
import { remotePipeline } from "../../runtime/remote/caller.ts";
import { grpcTransport } from "../../runtime/transports/grpc/transport.nodejs.ts";
import { realClock as clock } from "../support/real-clock.ts";
import { bytes, lastMark, random } from "./border-peer.ts";
import { benchService, sizes, type Data, type Job } from "./grpc-peer.ts";
import { median, percentile } from "./hop-rounds.ts";

/**
 * The calling side of `bench -- grpc`, in a process of its own that knows one way alone: `pipelines` or `by-hand`, and the address. Does
 * what its parent asks for, one after the other, and says how that went.
 */

/** Milliseconds p50 and p99; a second; MB a second; MB; microseconds of processor time so far. */
export type Figures = readonly number[];

/** One question, and its answer. */
type Ask = (payload: Uint8Array) => Promise<unknown>;
/** So many payloads of a size one way, as fast as there is room; resolves when the last has arrived. */
type Send = (size: number, count: number) => Promise<void>;

interface Way {
  readonly ask: Ask;
  readonly send: Send;
  readonly slow?: (size: number, ms: number) => Promise<number>;
}

const { signal } = new AbortController();
setMaxListeners(0, signal);

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

async function ours(address: string): Promise<Way> {
  const transport = ourTransport();
  return {
    ask: ourAsk(transport, address),
    send: await ourSend(transport, address),
    slow: (size, ms) => heldBySlow(transport, address, size, ms),
  };
}

function byHand(address: string): Way {
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

/** MB that a producer has to keep for a consumer that takes 50 frames a second, at most. */
async function heldBySlow(transport: Transport, address: string, size: number, ms: number): Promise<number> {
  let [sent, most] = [0, 0];
  const { session, bulk } = await openStream(transport, address, "Slow", () => undefined);
  const untilMs = performance.now() + ms;
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

async function done({ ask, send, slow }: Way, { kind, size, count }: Job): Promise<Figures> {
  switch (kind) {
    case "one by one": {
      const times = await latencies(ask, size, count);
      return [median(times), percentile(times, 0.99)];
    }
    case "many":
      return [await callRate(ask, size, count)];
    case "stream":
      return [await streamRate(send, size, count)];
    case "slow":
      return [(await slow?.(size, count)) ?? Number.NaN];
    case "cpu": {
      const { user, system } = process.cpuUsage();
      return [user + system];
    }
    default:
      return kind satisfies never;
  }
}

const [, , kind, address = ""] = process.argv;
const way = kind === "by-hand" ? byHand(address) : await ours(address);
process.on("message", (job) => {
  void done(way, job as Job).then((figures) => process.send?.(figures));
});
process.once("disconnect", () => process.exit(0));
process.send?.([]);
