import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figures } from "./grpc-caller.ts";
import type { Job } from "./grpc-peer.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";

export const title =
  "Pipelines over gRPC beside a service written by hand with @grpc/grpc-js, each with a process that calls and one that answers";

const peerName = "grpc-js, by hand";
const sets = process.argv.includes("--long") ? 9 : 3;

/** One way, with both its processes. */
interface Contender {
  readonly processes: readonly ChildProcess[];
  readonly ask: (job: Job) => Promise<Figures>;
  /** Microseconds of processor time, of both processes, so far. */
  readonly cpu: () => Promise<number>;
}

function started(file: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return fork(path, args, {
    execArgv: ["--import", "tsx"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

/** What a process says next. */
function said(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      reject(new Error(`A process of the bench ended early with code ${code}.`));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message);
    });
  });
}

async function contender(kind: "pipelines" | "by-hand"): Promise<Contender> {
  const server = started("grpc-peer.ts", [kind]);
  const address = String(await said(server));
  const client = started("grpc-caller.ts", [kind, address]);
  await said(client);
  const ask = async (child: ChildProcess, job: Job): Promise<Figures> => {
    child.send(job);
    return (await said(child)) as Figures;
  };
  const cpu: Job = { kind: "cpu", size: 0, count: 0 };
  return {
    processes: [client, server],
    ask: (job) => ask(client, job),
    cpu: async () => ((await ask(client, cpu))[0] ?? 0) + ((await ask(server, cpu))[0] ?? 0),
  };
}

interface Case {
  readonly name: string;
  readonly size: number;
  /** Before anything counts, of each. */
  readonly warm: number;
  readonly rounds: number;
  /** Of a round: questions one after the other, 16 at once, and frames of a stream. */
  readonly singles: number;
  readonly calls: number;
  readonly frames: number;
}

const cases: readonly Case[] = [
  { name: "100 B", size: 100, warm: 4_000, rounds: 3, singles: 400, calls: 1_000, frames: 4_000 },
  { name: "16 KB", size: 16_000, warm: 1_000, rounds: 2, singles: 200, calls: 400, frames: 1_000 },
  { name: "1 MB", size: 1_000_000, warm: 16, rounds: 2, singles: 10, calls: 16, frames: 40 },
];

const metrics = ["p50", "p99", "rate", "cpu", "stream"] as const;
/** Ours and the peer's, round by round. */
type Rounds = Record<(typeof metrics)[number], readonly [number[], number[]]>;

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const figures = cases.map(() => Object.fromEntries(metrics.map((metric) => [metric, [[], []]])) as unknown as Rounds);
  let kept = Number.NaN;
  for (let set = 0; set < sets; set += 1) {
    const all = [await contender("pipelines"), await contender("by-hand")] as const;
    try {
      for (const [index, one] of cases.entries()) await measure(all, one, figures[index] as Rounds);
      if (set === sets - 1) [kept = Number.NaN] = await all[0].ask({ kind: "slow", size: 100_000, count: 2_000 });
    } finally {
      for (const { processes } of all) for (const child of processes) if (child.connected) child.disconnect();
    }
  }
  const rows = cases.flatMap(({ name }, index) => rowsOf(name, figures[index] as Rounds));
  rows.push({
    case: "slow consumer of 100 KB frames",
    metric: "kept by the producer",
    unit: "MB",
    ours: rounded(kept),
    peer: null,
    peerName: null,
    ratio: null,
    goal: "<= 4.3",
  });
  const counts = cases.map(({ name, rounds }) => `${sets * rounds} of ${name}`).join(", ");
  const notes = [
    `Figures, ratios and differences are medians of rounds, ours and the peer's in turn: ${counts}, in ${sets} sets of processes,`,
    "for in one it is chance how long streams of HTTP/2 that are over hold on to each other, which is a fifth of a small call.",
    "Processor time is that of both processes. A stream ends when its last payload has arrived.",
  ];
  return { rows, notes };
}

async function measure(all: readonly [Contender, Contender], one: Case, figures: Rounds): Promise<void> {
  const { size, warm, rounds, singles, calls, frames } = one;
  for (const { ask } of all) {
    await ask({ kind: "many", size, count: warm });
    await ask({ kind: "stream", size, count: frames });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const { ask, cpu } = all[index];
      const [p50 = Number.NaN, p99 = Number.NaN] = await ask({ kind: "one by one", size, count: singles });
      const before = await cpu();
      const [rate = Number.NaN] = await ask({ kind: "many", size, count: calls });
      const tookUs = (await cpu()) - before;
      const [stream = Number.NaN] = await ask({ kind: "stream", size, count: frames });
      const taken = { p50, p99, rate, stream, cpu: tookUs / calls };
      for (const metric of metrics) figures[metric][index].push(taken[metric]);
    }
  }
}

function rowsOf(name: string, { p50, p99, rate, cpu, stream }: Rounds): BenchRow[] {
  const [ours, theirs] = p50;
  const added = median(ours.map((ms, round) => ms - (theirs[round] ?? Number.NaN)));
  const none = { peer: null, peerName: null, ratio: null };
  return [
    row(`unary, ${name}`, "one after the other, p50", "ms", p50, null),
    row(`unary, ${name}`, "one after the other, p99", "ms", p99, null),
    { case: `unary, ${name}`, metric: "added to p50", unit: "ms", ours: rounded(added), ...none, goal: "<= 0.2" },
    row(`unary, ${name}`, "16 at once", "calls/s", rate, ">= 0.9"),
    row(`unary, ${name}`, "16 at once, processor time", "us/call", cpu, null),
    row(`stream, ${name}`, "throughput", "MB/s", stream, ">= 0.9"),
  ];
}

function row(
  name: string,
  metric: string,
  unit: string,
  [ours, theirs]: readonly [readonly number[], readonly number[]],
  goal: string | null,
): BenchRow {
  // Round by round: a machine that others use as well is not as fast in all of them.
  const ratio = median(ours.map((one, round) => one / (theirs[round] ?? Number.NaN)));
  const [own, peer] = [median(ours), median(theirs)];
  return { case: name, metric, unit, ours: rounded(own), peer: rounded(peer), peerName, ratio: rounded(ratio), goal };
}
