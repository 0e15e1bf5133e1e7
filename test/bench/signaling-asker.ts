/**
 * Who asks a service what is registered, in a process of its own, for `bench -- signaling`. The process of ten thousand peers has to go through all
 * of their sockets when it collects its garbage, which would be timed as well.
 */
import { once } from "node:events";
import { percentile } from "./hop-rounds.ts";
import { clients, type Client, type Question } from "./signaling-clients.ts";
import type { ServerName } from "./signaling-server.ts";

export interface AskerTask {
  readonly name: ServerName;
  readonly port: number;
  /** Of each kind. */
  readonly questions: number;
}

/** Milliseconds, by what was asked; empty where there is nothing to ask. */
export type AskerAnswer = Readonly<Record<string, { readonly p50: number; readonly p99: number }>>;

/** Before it is timed. */
const warmUp = 20;

async function timesOf({ ask }: Question, askers: readonly Client[], count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < warmUp + count; index += 1) {
    const start = performance.now();
    await ask(askers[index] as Client, index);
    if (index >= warmUp) times.push(performance.now() - start);
  }
  return times;
}

async function run({ name, port, questions: count }: AskerTask): Promise<void> {
  if (globalThis.gc === undefined) throw new Error("who asks runs with --expose-gc");
  const { ask, questions } = clients[name](port);
  const askers: Client[] = [];
  // Each asks once: an endpoint takes 100 questions a second of one.
  while (questions.length > 0 && askers.length < warmUp + count) askers.push(await ask());
  const answer: Record<string, { p50: number; p99: number }> = {};
  for (const question of questions) {
    globalThis.gc();
    const times = await timesOf(question, askers, count);
    answer[question.what] = { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
  }
  process.send?.(answer satisfies AskerAnswer);
}

process.on("disconnect", () => process.exit(0));
const [task] = (await once(process, "message")) as [AskerTask];
await run(task);
