import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Frame } from "../../runtime/interface/frame.ts";
import type { Link } from "../../runtime/interface/link.ts";
import { connectPipeline } from "../../runtime/mesh/connect.ts";
import { nodejsPlatform } from "../../runtime/platform/nodejs.ts";
import { bytes } from "../support/pipeline-plan-builder.ts";
import { cpuMs } from "./cpu-time.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";
import { asks, published, RawLine, type BenchEngine } from "./webrtc-raw.ts";

export const title =
  "Bytes between two processes: frames of a session with all that it does for them, beside messages of the engine alone";

const sizes = [100, 1024, 16 * 1024, 64 * 1024, 256 * 1024] as const;
const floodMs = 400;
const pingMs = 300;
const mostPings = 200;

/** One way to the other process. What comes back has been asked for: an echo or a receipt. */
interface Way {
  readonly name: string;
  readonly child: ChildProcess;
  send(message: Uint8Array): Promise<void>;
  /** The number of bytes that come back next. */
  back(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Counts bytes down for one who waits. */
class Arrivals {
  #missing = 0;
  #done: (() => void) | undefined;

  wait(count: number): Promise<void> {
    this.#missing = count;
    return new Promise((resolve) => (this.#done = resolve));
  }

  readonly take = (count: number): void => {
    this.#missing -= count;
    if (this.#missing <= 0) this.#done?.();
  };
}

function start(engine: BenchEngine, how: "session" | "raw") {
  const path = fileURLToPath(new URL("webrtc-peer.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, engine, how], { stdio: ["pipe", "pipe", "inherit"] });
  const line = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`The peer ended early with code ${code}.`)));
  });
  line.catch(() => undefined);
  return { child, line };
}

function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.stdin?.end();
  return gone;
}

async function session(engine: BenchEngine): Promise<Way> {
  const { child, line } = start(engine, "session");
  const arrivals = new Arrivals();
  const link: Link = {
    writable: true,
    ready: () => Promise.resolve(),
    send: ({ payload }: Frame) => arrivals.take((payload as Uint8Array).length),
    end: () => undefined,
    abort: () => undefined,
  };
  const opened = await connectPipeline(nodejsPlatform({}, { engine }), `${await line}/Far`, {
    params: {},
    inputs: { in: bytes },
    outputs: { out: { type: bytes, link } },
    schemas: {},
    signal: new AbortController().signal,
  });
  const input = opened.inputs["in"] as Link;
  let seq = 0;
  return {
    name: `session over ${engine}`,
    child,
    async send(payload) {
      if (!input.writable) await input.ready();
      input.send({ timestampUs: seq, seq: seq++, epoch: 0, flags: 0, payload });
    },
    back: (count) => arrivals.wait(count),
    async close() {
      await opened.close();
      await ended(child);
    },
  };
}

async function raw(engine: BenchEngine): Promise<Way> {
  const { child, line } = start(engine, "raw");
  const arrivals = new Arrivals();
  const own = new RawLine(published(engine), (message) => arrivals.take(message.length));
  await own.peer.setLocalDescription(await own.peer.createOffer());
  child.stdin?.write(`${JSON.stringify(own.peer.localDescription?.sdp)}\n`);
  await own.peer.setRemoteDescription({ type: "answer", sdp: JSON.parse(await line) as string });
  await own.opened;
  return {
    name: engine,
    child,
    send: (message) => own.send(message),
    back: (count) => arrivals.wait(count),
    async close() {
      await own.close();
      await ended(child);
    },
  };
}

/** Megabytes (10^6) a second, until the other side has them all, and milliseconds of processor time of both for one. */
async function flood(way: Way, size: number): Promise<{ readonly rate: number; readonly cpu: number }> {
  const [begin, beginCpu] = [performance.now(), cpuMs(way.child)];
  let count = 0;
  for (; performance.now() - begin < floodMs; count++) {
    await way.send(new Uint8Array(size));
    // Sending must not keep what comes back from being heard.
    if (count % 16 === 15) await new Promise((resolve) => setImmediate(resolve));
  }
  const receipt = way.back(1);
  await way.send(Uint8Array.of(asks.receipt));
  await receipt;
  const mb = (count * size) / 1e6;
  return { rate: (mb * 1_000) / (performance.now() - begin), cpu: (cpuMs(way.child) - beginCpu) / mb };
}

/** Milliseconds there and back, of what has nothing to wait for. */
async function ping(way: Way, size: number): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + pingMs;
  while (times.length < mostPings && performance.now() < end) {
    const begin = performance.now();
    // Every message that it may go in asks to come back.
    const back = way.back(size);
    await way.send(new Uint8Array(size).fill(asks.echo));
    await back;
    times.push(performance.now() - begin);
  }
  return median(times);
}

/** What a session should do at least, as a share of what its engine does alone. */
function throughputGoal(engine: BenchEngine, size: number): string | null {
  if (size === 100) return engine === "werift" ? ">= 100" : ">= 0.9";
  return size >= 16 * 1024 ? ">= 0.95" : null;
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const rows: BenchRow[] = [];
  for (const engine of ["werift", "node-datachannel"] as const) {
    const [ours, theirs] = await Promise.all([session(engine), raw(engine)]);
    const row = (size: number, metric: string, unit: string, own: number, other: number, goal: string | null): void => {
      rows.push({
        case: `${ours.name}, ${size} B`,
        metric,
        unit,
        ours: rounded(own),
        peer: rounded(other),
        peerName: theirs.name,
        ratio: rounded(own / other),
        goal,
      });
    };
    for (const size of sizes) {
      // What else the machine does meets both alike.
      const floods = { ours: [await flood(ours, size)], theirs: [await flood(theirs, size)] };
      floods.ours.push(await flood(ours, size));
      floods.theirs.push(await flood(theirs, size));
      const best = (all: readonly { readonly rate: number }[]): number => Math.max(...all.map(({ rate }) => rate));
      const least = (all: readonly { readonly cpu: number }[]): number => Math.min(...all.map(({ cpu }) => cpu));
      row(size, "throughput", "MB/s", best(floods.ours), best(floods.theirs), throughputGoal(engine, size));
      row(size, "processor, both sides", "ms/MB", least(floods.ours), least(floods.theirs), null);
      const [own, other] = [await ping(ours, size), await ping(theirs, size)];
      row(size, "there and back, median", "ms", own, other, null);
      if (size > 1024) continue;
      const added = { metric: "there and back, added by the session", unit: "ms", peer: null, peerName: null };
      rows.push({
        case: `${ours.name}, ${size} B`,
        ...added,
        ours: Number((own - other).toFixed(3)),
        ratio: null,
        goal: "<= 0.05",
      });
    }
    await Promise.all([ours.close(), theirs.close()]);
  }
  return {
    rows,
    notes: [
      "Throughput is the better of two rounds, and so is the time of the processor.",
      "An engine alone sends messages of up to 64 KiB, with 128 KiB in its queue, and reads nothing of what comes.",
    ],
  };
}
