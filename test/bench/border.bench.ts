import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Link } from "../../runtime/interface/link.ts";
import { remotePipeline } from "../../runtime/remote/caller.ts";
import { weriftEngine } from "../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import type { EngineChannel } from "../../runtime/transports/webrtc/engines/engine.ts";
import { weriftTransport } from "../conformance/nodejs-transport.ts";
import { realClock as clock } from "../support/real-clock.ts";
import { bytes, lastMark, random } from "./border-peer.ts";
import { median, percentile, rounded, type BenchRow } from "./hop-rounds.ts";

export const title = "Frames to a process beside, over WebRTC: sessions of ours beside bare data channels of werift";

const peerName = "werift, 128 KiB in its queue";
const rounds = process.argv.includes("--long") ? 5 : 3;
/** What a writer of bare channels lets werift hold, as its examples do. */
const water = { high: 128 * 1024, low: 32 * 1024 };
const voiceMs = 20;
const voices = 100;

/** One way over the border. */
interface Way {
  /** Sends one payload as soon as there is room. */
  bulk(payload: Uint8Array): void | Promise<void>;
  voice(payload: Uint8Array): void;
  /** Set to be told of the answer to the last of the bulk, and of each voice that came back. */
  onDone: () => void;
  onVoice: (payload: Uint8Array) => void;
  close(): Promise<void>;
}

async function session(address: string): Promise<Way> {
  const listen = (take: (payload: Uint8Array) => void): Link => ({
    writable: true,
    ready: () => Promise.resolve(),
    send: ({ payload }) => take(payload as Uint8Array),
    end: () => undefined,
    abort: () => undefined,
  });
  const open = await remotePipeline({ transport: weriftTransport(), uri: `${address}/P`, clock, random }).open({
    params: {},
    inputs: { bulk: bytes, voice: bytes },
    outputs: {
      done: { type: bytes, link: listen(() => way.onDone()) },
      echo: { type: bytes, link: listen((payload) => way.onVoice(payload)) },
    },
    schemas: {},
    signal: new AbortController().signal,
  });
  const seq = { bulk: 0, voice: 0 };
  const send = (port: "bulk" | "voice", payload: Uint8Array): void =>
    open.inputs[port]?.send({ timestampUs: 0, seq: seq[port]++, epoch: 0, flags: 0, payload });
  const bulk = open.inputs["bulk"] as Link;
  const way: Way = {
    bulk: (payload) => (bulk.writable ? send("bulk", payload) : bulk.ready().then(() => send("bulk", payload))),
    voice: (payload) => send("voice", payload),
    onDone: () => undefined,
    onVoice: () => undefined,
    close: () => open.close(),
  };
  return way;
}

async function bare(address: string): Promise<Way> {
  const engine = weriftEngine({ tuning: false });
  const natives: EngineChannel[] = [];
  const prepareChannel = (channel: EngineChannel): void => {
    natives.push(channel);
    engine.prepareChannel(channel);
  };
  const transport = weriftTransport({ engine: { ...engine, prepareChannel }, share: false });
  const connection = await transport.dial(`${address}/Any`, { signal: new AbortController().signal });
  connection.channel(1, "bulk").onMessage(() => way.onDone());
  connection.channel(2, "voice").onMessage((message) => way.onVoice(message));
  const [, bulk, voice] = natives as [EngineChannel, EngineChannel, EngineChannel];
  bulk.bufferedAmountLowThreshold = water.low;
  let wake: () => void = () => undefined;
  bulk.addEventListener("bufferedamountlow", () => wake());
  const way: Way = {
    bulk(payload) {
      if (bulk.bufferedAmount < water.high) return bulk.send(payload);
      return new Promise<void>((resolve) => (wake = resolve)).then(() => bulk.send(payload));
    },
    voice: (payload) => voice.send(payload),
    onDone: () => undefined,
    onVoice: () => undefined,
    close: () => connection.close(),
  };
  return way;
}

/** MB/s of so many payloads of a size, from the first to the answer to the last. */
async function throughput(open: () => Promise<Way>, size: number, count: number): Promise<number> {
  const way = await open();
  const done = new Promise<void>((resolve) => (way.onDone = resolve));
  const startMs = performance.now();
  for (let index = 1; index <= count; index += 1) {
    const sent = way.bulk(new Uint8Array(size).fill(index === count ? lastMark : 1));
    if (sent !== undefined) await sent;
  }
  await done;
  const ms = performance.now() - startMs;
  await way.close();
  return (size * count) / 1_000 / ms;
}

/** Milliseconds for a voice to go and come back, one every 20 ms, while bulk data goes as fast as it can. */
async function voiceTimes(open: () => Promise<Way>): Promise<number[]> {
  const way = await open();
  const sentMs: number[] = [];
  const times: number[] = [];
  const all = new Promise<void>((resolve) => {
    way.onVoice = (payload) => {
      times.push(performance.now() - (sentMs[payload[0] ?? 0] ?? Number.NaN));
      if (times.length === voices) resolve();
    };
  });
  const timer = setInterval(() => {
    if (sentMs.length === voices) return;
    sentMs.push(performance.now());
    way.voice(new Uint8Array(200).fill(sentMs.length - 1));
  }, voiceMs);
  let over = false;
  void all.then(() => (over = true));
  while (!over) {
    const sent = way.bulk(new Uint8Array(16_000).fill(1));
    await (sent ?? new Promise((resolve) => setImmediate(resolve)));
  }
  clearInterval(timer);
  await way.close();
  return times;
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const { child, addresses } = await start();
  try {
    const [sessions = "", channels = ""] = addresses;
    const ways = [() => session(sessions), () => bare(channels)] as const;
    const rows: BenchRow[] = [];
    for (const { name, size, counts, goal } of [
      { name: "frames of 100 B", size: 100, counts: [5_000, 800], goal: ">= 5" },
      { name: "frames of 1,920 B", size: 1_920, counts: [1_500, 1_500], goal: null },
      { name: "frames of 16,000 B", size: 16_000, counts: [300, 300], goal: null },
    ] as const) {
      const figures: number[][] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        for (const [index, way] of ways.entries()) {
          figures[index]?.push(await throughput(way, size, counts[index] ?? 0));
        }
      }
      rows.push(row(name, "throughput", "MB/s", figures, (all) => Math.max(...all), goal));
    }
    const voice: number[][] = [await voiceTimes(ways[0]), await voiceTimes(ways[1])];
    rows.push(row("voice beside bulk data", "there and back, median", "ms", voice, median, null));
    rows.push(row("voice beside bulk data", "there and back, 95 %", "ms", voice, (all) => percentile(all, 0.95), null));
    return {
      rows,
      notes: [
        "Throughput is the best of the rounds, each over a connection of its own; both sides in processes of their own.",
        "A voice waits for one message at most on our side, and then behind what is in flight: up to the receiver's window of 128 KiB.",
      ],
    };
  } finally {
    child.stdin?.end();
  }
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
  return {
    case: name,
    metric,
    unit,
    ours: rounded(ours),
    peer: rounded(peer),
    peerName,
    ratio: rounded(ours / peer),
    goal,
  };
}

async function start(): Promise<{ readonly child: ChildProcess; readonly addresses: readonly string[] }> {
  const path = fileURLToPath(new URL("border-peer.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, "serve"], { stdio: ["pipe", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`The other side ended early with code ${code}.`)));
  });
  return { child, addresses: line.split(" ") };
}
