import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as library from "node-datachannel";
import type { Connection } from "../../runtime/interface/transport.ts";
import type { WebrtcEngine } from "../../runtime/transports/webrtc/engines/engine.ts";
import { nodeDatachannelEngine } from "../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { openResources, weriftTransport } from "../conformance/nodejs-transport.ts";
import { rounded, type BenchRow } from "./hop-rounds.ts";

const long = process.argv.includes("--long");
const count = long ? 1_000 : 100;
/** Tables, pools and compiled code grow once. */
const warmups = long ? 200 : 50;

export const title = `What is left of ${count} connections between two peers of one process, opened, used and closed one after the other`;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

interface Held {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** Timers left out. */
  readonly handles: number;
  readonly files: number;
}

async function held(): Promise<Held> {
  // Engines and sockets let go in turns of their own.
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    collectGarbage();
  }
  const { rss, heapUsed } = process.memoryUsage();
  return {
    rssMiB: rss / 2 ** 20,
    heapMiB: heapUsed / 2 ** 20,
    handles: openResources().length,
    files: readdirSync("/proc/self/fd").length,
  };
}

async function measure(engine: WebrtcEngine): Promise<readonly BenchRow[]> {
  const transport = weriftTransport({ engine });
  let accepted: (connection: Connection) => void = () => undefined;
  const listener = await transport.listen("webrtc://127.0.0.1:0", (connection) => accepted(connection));
  const { signal } = new AbortController();
  const once = async (): Promise<void> => {
    const coming = new Promise<Connection>((resolve) => (accepted = resolve));
    const here = await transport.dial(`${listener.address}/P`, { signal });
    const there = await coming;
    const [one, other] = [here.channel(1, "data"), there.channel(1, "data")];
    const come = new Promise<void>((resolve) => other.onMessage(() => resolve()));
    one.send(new Uint8Array(1_000));
    await come;
    await Promise.all([here.close(), there.closed]);
  };
  for (let round = 0; round < warmups; round += 1) await once();
  const before = await held();
  const start = performance.now();
  for (let round = 0; round < count; round += 1) await once();
  const tookMs = performance.now() - start;
  const after = await held();
  await listener.close();
  const row = (metric: string, unit: string, ours: number, goal: string | null): BenchRow => ({
    case: engine.name,
    metric,
    unit,
    ours: rounded(ours),
    peer: null,
    peerName: null,
    ratio: null,
    goal,
  });
  return [
    row("RSS, growth", "MiB", after.rssMiB - before.rssMiB, long ? "< 10" : null),
    // Compiled code and what engines learn of it grow too: `v8.queryObjects` finds no object of a connection more.
    row("heap, growth for each", "KiB", ((after.heapMiB - before.heapMiB) * 1_024) / count, null),
    row("handles, growth", "", after.handles - before.handles, "0"),
    row("open files, growth", "", after.files - before.files, "0"),
    row("a connection there and back", "ms", tookMs / count, null),
  ];
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[] }> {
  return { rows: [...(await measure(weriftEngine())), ...(await measure(nodeDatachannelEngine({ library })))] };
}
