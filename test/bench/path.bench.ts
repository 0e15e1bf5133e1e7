import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { channelLimits } from "../../runtime/transports/channel/limits.ts";
import { nodejsSignaling, weriftTransport } from "../conformance/nodejs-transport.ts";
import { BadNetwork, type NetworkConditions } from "../support/bad-network.ts";
import { bare, session, start, type Way } from "./border-ways.ts";
import { cpuMs } from "./cpu-time.ts";
import type { BenchEngine } from "./webrtc-raw.ts";
import { median, percentile, rounded, type BenchRow } from "./hop-rounds.ts";

export const title =
  "Sound over paths that lose packets or are narrow, many voices, and full rate for long: beside werift as published";

const isLong = process.argv.includes("--long");
const voiceMs = 20;
const seed = 7;
const manyVoices = 50;
/** Frames of each voice before anything counts: until code is compiled, an answer takes a hundred times as long. */
const warmRounds = 80;

/** Sends frames of a size one at a time, each when the one before has come back: milliseconds for each. */
async function alternating(way: Way, size: number, count: number): Promise<number[]> {
  const times: number[] = [];
  while (times.length < count) {
    const startMs = performance.now();
    await new Promise<void>((resolve) => {
      way.onVoice = () => resolve();
      way.voice(new Uint8Array(size).fill(1));
    });
    times.push(performance.now() - startMs);
  }
  return times;
}

/** After so long the rest of a voice is not waited for, in milliseconds: it counts as long as that. */
const longestMs = 2_000;

/** A voice of 200 B every 20 ms: milliseconds there and back of each. */
async function speaking(way: Way, count: number): Promise<number[]> {
  const sentMs: number[] = [];
  const times: number[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (sentMs.length === count) return;
      sentMs.push(performance.now());
      way.voice(new Uint8Array(200).fill(sentMs.length - 1));
    }, voiceMs);
    const late = setTimeout(() => end(), count * voiceMs + longestMs);
    const end = (): void => {
      clearInterval(timer);
      clearTimeout(late);
      resolve();
    };
    way.onVoice = (payload) => {
      times.push(performance.now() - (sentMs[payload[0] ?? 0] ?? Number.NaN));
      if (times.length === count) end();
    };
  });
  const missing = Array<number>(count - times.length).fill(longestMs);
  return [...times, ...missing];
}

/** What a voice takes there and back, in milliseconds, and what goes beside it, in MB/s. */
interface Voice {
  /** The first word, when bulk data has had the path for itself until then. */
  readonly first: number;
  readonly beside: readonly number[];
  readonly alone: number;
  readonly bulk: number;
}

/** Before a voice begins bulk data goes for so long, and after that had its end the voice goes on alone, in milliseconds. */
const bulkAloneMs = 1_000;
const settledMs = 300;
/** Words until it is known that there is somebody who speaks. */
const firstWords = 10;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Bulk data as fast as it goes, until it is stopped. */
class Flood {
  readonly #sending: Promise<void>;
  #frames = 0;
  #stop: () => void = () => undefined;

  constructor(way: Way) {
    let isOver = false;
    const over = new Promise<void>((resolve) => {
      this.#stop = () => {
        isOver = true;
        resolve();
      };
    });
    this.#sending = (async () => {
      while (!isOver) {
        const sent = way.bulk(new Uint8Array(16_000).fill(1));
        this.#frames += 1;
        await Promise.race([sent, new Promise((resolve) => setImmediate(resolve))]);
        await Promise.race([sent, over]);
      }
    })();
  }

  /** @returns tells how much has gone since, in MB/s */
  measure(): () => number {
    const [startMs, before] = [performance.now(), this.#frames];
    return () => ((this.#frames - before) * 16) / (performance.now() - startMs);
  }

  async stop(): Promise<void> {
    this.#stop();
    await this.#sending;
  }
}

/** A voice while bulk data goes as fast as it can, and then alone. */
async function besideBulk(way: Way, count: number): Promise<Voice> {
  const flood = new Flood(way);
  await wait(bulkAloneMs);
  const rate = flood.measure();
  const [first = Number.NaN] = await speaking(way, firstWords);
  // Where the first word has not come, none does.
  const isHeard = first < longestMs;
  const beside = isHeard ? await speaking(way, count) : [first];
  const bulk = rate();
  await flood.stop();
  await wait(settledMs);
  return { first, beside, bulk, alone: isHeard ? median(await speaking(way, 25)) : 0 };
}

/** How long a path is given to become known, and how long is measured then, in milliseconds. */
const longPathMs = { known: 1_000, measured: isLong ? 10_000 : 1_500 };

/** Bulk data alone: MB/s. */
async function bulkAlone(way: Way): Promise<number> {
  const flood = new Flood(way);
  await wait(longPathMs.known);
  const rate = flood.measure();
  await wait(longPathMs.measured);
  const all = rate();
  await flood.stop();
  return all;
}

/** A machine that is busy with other things takes connections for lost, and werift as published fails to connect at all. */
const attempts = 3;

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let left = attempts; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

/** One after the other over networks of the same conditions. */
async function over<T>(
  addresses: readonly string[],
  conditions: NetworkConditions,
  measure: (way: Way) => Promise<T>,
  engine: BenchEngine = "werift",
): Promise<readonly [ours: T, peer: T]> {
  const run = async (who: "ours" | "peer", address: string): Promise<T> => {
    // Without loss: werift as published fails to connect then.
    const lossless = { ...conditions, loss: 0 };
    const network = new BadNetwork(seed, lossless);
    try {
      const open = who === "ours" ? session : bare;
      const way = await open(address, network.around(nodejsSignaling()), engine);
      network.conditions = conditions;
      const times = await measure(way);
      network.conditions = lossless;
      await way.close();
      return times;
    } finally {
      await network.close();
    }
  };
  const [sessions = "", channels = ""] = addresses;
  return [await patiently(() => run("ours", sessions)), await patiently(() => run("peer", channels))];
}

/** Milliseconds there and back of voices of 1,920 B, 50 of each in a second, and the share of one core that both sides take. */
async function voices(
  child: ChildProcess,
  send: readonly ((payload: Uint8Array) => void | Promise<void>)[],
  listen: (take: (payload: Uint8Array) => void) => void,
): Promise<{ readonly times: number[]; readonly core: number }> {
  const rounds = warmRounds + (isLong ? 500 : 60);
  const times: number[] = [];
  const sentMs = new Float64Array(send.length * rounds);
  let isDone: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (isDone = resolve));
  listen((payload) => {
    const id = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    times.push(performance.now() - (sentMs[id] ?? Number.NaN));
    if (times.length === sentMs.length) isDone();
  });
  const startMs = performance.now();
  let [warmMs, warmCpu] = [Number.NaN, Number.NaN];
  for (let round = 0; round < rounds; round += 1) {
    if (round === warmRounds) [warmMs, warmCpu] = [performance.now(), cpuMs(child)];
    // Spread over the time of a frame, as voices that began at any time are.
    for (const [index, one] of send.entries()) {
      const dueMs = startMs + round * voiceMs + (index * voiceMs) / send.length;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0.5) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const payload = new Uint8Array(1_920);
      const id = round * send.length + index;
      new DataView(payload.buffer).setUint32(0, id);
      sentMs[id] = performance.now();
      // Without room it waits, which counts.
      const sent = one(payload);
      if (sent !== undefined) await sent;
    }
  }
  await all;
  const core = (cpuMs(child) - warmCpu) / (performance.now() - warmMs);
  return { times: times.slice(warmRounds * send.length), core };
}

/** Each voice in a session of its own, over one connection or each over its own. */
async function inSessions(address: string, child: ChildProcess, shared: boolean): ReturnType<typeof voices> {
  const signaling = nodejsSignaling();
  const one = shared ? weriftTransport({ signaling }) : undefined;
  const ways: Way[] = [];
  while (ways.length < manyVoices) ways.push(await session(address, signaling, "werift", one));
  const result = await voices(
    child,
    ways.map((way) => (payload) => way.voice(payload)),
    (listener) => ways.forEach((way) => (way.onVoice = listener)),
  );
  await Promise.all(ways.map((way) => way.close()));
  return result;
}

/** Frames of 16,000 B as fast as they go. */
async function atFullRate(address: string, child: ChildProcess, seconds: number) {
  const rssMb = (): number => {
    const other = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? "0";
    return process.memoryUsage().rss / 1e6 + Number(other) / 1e3;
  };
  const way = await session(address);
  const startMs = performance.now();
  const warmMs = (seconds * 1_000) / 4;
  let [frames, atFirst, later, lost] = [0, 0, 0, 0];
  let lookMs = 0;
  try {
    for (let ms = 0; ms < seconds * 1_000; ms = performance.now() - startMs) {
      const sent = way.bulk(new Uint8Array(16_000).fill(1));
      if (sent !== undefined) await sent;
      frames += 1;
      if (frames % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (ms - lookMs < 100) continue;
      lookMs = ms;
      // Garbage comes and goes by tens of megabytes, so peaks are held against peaks.
      if (ms < warmMs) atFirst = Math.max(atFirst, rssMb());
      else later = Math.max(later, rssMb());
    }
  } catch {
    lost = 1;
  }
  const ms = performance.now() - startMs;
  await way.close();
  return { rate: (frames * 16) / ms, mostMb: Math.max(atFirst, later), grownMb: later - atFirst, lost };
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const { child, addresses } = await start();
  const [sessions = ""] = addresses;
  const rows: BenchRow[] = [];
  const compared = (
    name: string,
    metric: string,
    unit: string,
    both: readonly number[],
    peerName: string,
    goal: string | null = null,
  ): void => {
    const [ours = Number.NaN, peer = Number.NaN] = both;
    const [ratio, figures] = [rounded(ours / peer), { ours: rounded(ours), peer: rounded(peer) }];
    rows.push({ case: name, metric, unit, ...figures, peerName, ratio, goal });
  };
  const beside = (
    name: string,
    metric: string,
    all: readonly (readonly number[])[],
    of: typeof median,
    peerName: BenchEngine = "werift",
  ): void => compared(name, metric, "ms", all.map(of), peerName);
  const alone = (name: string, metric: string, unit: string, ours: number, goal: string | null): void => {
    rows.push({ case: name, metric, unit, ours: rounded(ours), peer: null, peerName: null, ratio: null, goal });
  };
  const of99 = (all: readonly number[]): number => percentile(all, 0.99);
  const of95 = (all: readonly number[]): number => percentile(all, 0.95);
  try {
    // First, while the memory of these processes is their own need and not what others have left behind.
    const seconds = isLong ? 600 : 4;
    const full = await atFullRate(sessions, child, seconds);
    const fullName = `${seconds} s at full rate`;
    alone(fullName, "throughput", "MB/s", full.rate, null);
    alone(fullName, "memory, both sides, at most", "MB", full.mostMb, null);
    alone(fullName, "memory, both sides, at most, beyond that of the first quarter", "MB", full.grownMb, "<= 50");
    alone(fullName, "sessions taken for lost", "", full.lost, "<= 0");

    const lossy = { loss: 0.01, delayMs: 10 };
    const lossyName = "1 % lost, 20 ms there and back, frames of 1,920 B";
    const lossyTimes = await over(addresses, lossy, (way) => alternating(way, 1_920, isLong ? 1_000 : 110));
    beside(lossyName, "there and back, median", lossyTimes, median);
    beside(lossyName, "there and back, 99 %", lossyTimes, of99);
    alone(lossyName, "there and back, 99 %", "ms", of99(lossyTimes[0]), "<= 200");

    // One message of bulk data takes so long.
    const chunkMs = channelLimits.messageBytes / 2_000;
    const narrow = { delayMs: 10, bytesPerSecond: 2_000_000, mtuBytes: 1_500 };
    for (const engine of ["werift", "node-datachannel"] as const) {
      const far = engine === "werift" ? { child, addresses } : await start(engine);
      const name = `${engine}: 2 MB/s, 20 ms there and back, a voice beside bulk data`;
      const both = await over(far.addresses, narrow, (way) => besideBulk(way, isLong ? 250 : 60), engine);
      const times = both.map(({ beside: all }) => all);
      beside(name, "there and back, median", times, median, engine);
      beside(name, "there and back, 95 %", times, of95, engine);
      const added = both.map(({ beside: all, alone: own }) => median(all) - own);
      compared(name, "added by the bulk data, median", "ms", added, engine, `<= ${rounded(chunkMs)}`);
      const first = both.map((one) => one.first);
      compared(name, "the first word, where bulk data was alone", "ms", first, engine);
      const bulk = both.map((one) => one.bulk);
      compared(name, "the bulk data", "MB/s", bulk, engine);
      if (far.child !== child) far.child.stdin?.end();
    }

    const long = { delayMs: 25, bytesPerSecond: 20_000_000, mtuBytes: 1_500 };
    const rates = await over(addresses, long, bulkAlone);
    compared("20 MB/s, 50 ms there and back, bulk data alone", "throughput", "MB/s", rates, "werift", ">= 0.95");

    for (const [name, shared] of [
      [`${manyVoices} voices over one connection`, true],
      [`${manyVoices} voices over ${manyVoices} connections`, false],
    ] as const) {
      const { times, core } = await patiently(() => inSessions(sessions, child, shared));
      alone(name, "there and back, median", "ms", median(times), null);
      alone(name, "there and back, 99 %", "ms", of99(times), null);
      alone(name, "processor, both sides", "cores", core, null);
    }
    return {
      rows,
      notes: [
        "Paths are a relay of UDP in this process; what it does to the packets of both follows from the same seed.",
        "With --long: several times as many frames and voices, and full rate for ten minutes.",
      ],
    };
  } finally {
    child.stdin?.end();
  }
}
