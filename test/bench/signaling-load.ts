/** Many peers in a process of their own, for `bench -- signaling`: they connect, register and are called, and it is timed how long that takes. */
import { once } from "node:events";
import { clients, type Client } from "./signaling-clients.ts";
import type { ServerName } from "./signaling-server.ts";
import { percentile } from "./hop-rounds.ts";

export interface LoadTask {
  readonly name: ServerName;
  readonly port: number;
  readonly peers: number;
  /** Messages that are passed on in a second, and for how many seconds. */
  readonly relaysPerSecond: number;
  readonly seconds: number;
}

/** After both parts of the work; it goes on when it is told to. */
export type LoadAnswer =
  | { readonly kind: "registered"; readonly perSecond: number }
  | { readonly kind: "relayed"; readonly p50: number; readonly p99: number; readonly perSecond: number };

/** Connections that are being opened at the same time. */
const opening = 64;
/** Callers, of whom each sends its share: an endpoint takes 100 messages a second of one. */
const callers = 50;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function openAll(count: number, open: (index: number) => Promise<Client>): Promise<Client[]> {
  const all: Client[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) all[index] = await open(index);
  };
  await Promise.all(Array.from({ length: opening }, worker));
  return all;
}

/** Sends so many messages a second, evenly spread, and times each until it is there. */
async function relaying(
  { relaysPerSecond, seconds }: LoadTask,
  ways: readonly ((sentMs: number) => void)[],
  taken: readonly number[],
) {
  const startMs = performance.now();
  const due = relaysPerSecond * seconds;
  for (let sent = 0; sent < due;) {
    const until = Math.min(due, Math.floor(((performance.now() - startMs) / 1_000) * relaysPerSecond));
    for (; sent < until; sent += 1) ways[sent % ways.length]?.(performance.now());
    await wait(1);
  }
  for (let left = 100; left > 0 && taken.length < due; left -= 1) await wait(20);
  const tookMs = performance.now() - startMs;
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99), perSecond: taken.length / (tookMs / 1_000) };
}

async function run(task: LoadTask): Promise<void> {
  const { name, port, peers } = task;
  const { open, call } = clients[name](port);
  const startMs = performance.now();
  const taken: number[] = [];
  const onRelay = (sentMs: number): void => void taken.push(performance.now() - sentMs);
  const all = await openAll(peers, (index) => open(index, onRelay));
  const perSecond = peers / ((performance.now() - startMs) / 1_000);
  await tell({ kind: "registered", perSecond });
  const ways = await Promise.all(Array.from({ length: callers }, (_, index) => call(all, index * 7 + 1)));
  taken.length = 0;
  await tell({ kind: "relayed", ...(await relaying(task, ways, taken)) });
}

/** Resolves when it is to go on. */
async function tell(answer: LoadAnswer): Promise<void> {
  const goOn = once(process, "message");
  process.send?.(answer);
  await goOn;
}

process.on("disconnect", () => process.exit(0));
const [task] = (await once(process, "message")) as [LoadTask];
await run(task);
