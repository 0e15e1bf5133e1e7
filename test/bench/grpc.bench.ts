import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figures } from "./grpc-caller.ts";
import type { Job } from "./grpc-peer.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";

export const title =
  "Pipelines over gRPC beside a service written by hand with @grpc/grpc-js, each with a process that calls and one that answers";

const peerName = "grpc-js, by hand";
const rounds = process.argv.includes("--long") ? 25 : 7;

/** One way, with both its processes. */
interface Contender {
  readonly processes: readonly ChildProcess[];
  readonly ask: (job: Job) => Promise<Figures>;
  /** Collects the garbage of both processes. */
  readonly tidy: () => Promise<void>;
  /** Microseconds of processor time, of both processes, so far. */
  readonly cpu: () => Promise<number>;
}

function started(file: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return fork(path, args, {
    execArgv: ["--expose-gc", "--import", "tsx"],
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
  const tidy: Job = { kind: "tidy", size: 0, count: 0 };
  return {
    processes: [client, server],
    ask: (job) => ask(client, job),
    tidy: async () => void (await Promise.all([ask(client, tidy), ask(server, tidy)])),
    cpu: async () => ((await ask(client, cpu))[0] ?? 0) + ((await ask(server, cpu))[0] ?? 0),
  };
}

const cases = [
  { name: "100 B", size: 100, calls: 1_000, singles: 400, frames: 4_000, warm: 8_000 },
  { name: "16 KB", size: 16_000, calls: 500, singles: 200, frames: 1_000, warm: 1_500 },
  { name: "1 MB", size: 1_000_000, calls: 16, singles: 10, frames: 40, warm: 32 },
] as const;

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const all = [await contender("pipelines"), await contender("by-hand")] as const;
  try {
    const rows: BenchRow[] = [];
    for (const one of cases) rows.push(...(await measured(all, one)));
    const [kept = Number.NaN] = await all[0].ask({ kind: "slow", size: 100_000, count: 2_000 });
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
    const notes = [
      `Figures, ratios and differences are medians of ${rounds} rounds, ours and the peer's in turn.`,
      "Processor time is that of both processes. A stream ends when its last payload has arrived.",
    ];
    return { rows, notes };
  } finally {
    for (const { processes } of all) for (const child of processes) child.disconnect();
  }
}

async function measured(all: readonly [Contender, Contender], one: (typeof cases)[number]): Promise<BenchRow[]> {
  const { name, size, calls, singles, frames, warm } = one;
  // By metric, ours and the peer's.
  const figures = { p50: [[], []], p99: [[], []], rate: [[], []], cpu: [[], []], stream: [[], []] } as Record<
    "p50" | "p99" | "rate" | "cpu" | "stream",
    [number[], number[]]
  >;
  for (const way of all) await way.ask({ kind: "many", size, count: warm });
  for (let round = -1; round < rounds; round += 1) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const { ask, cpu, tidy } = all[index];
      // Streams of HTTP/2 that are over may hold on to each other until then, in a process or not: chance, which costs a fifth of a call.
      await tidy();
      const [p50 = Number.NaN, p99 = Number.NaN] = await ask({ kind: "one by one", size, count: singles });
      const before = await cpu();
      const [rate = Number.NaN] = await ask({ kind: "many", size, count: calls });
      const tookUs = (await cpu()) - before;
      const [stream = Number.NaN] = await ask({ kind: "stream", size, count: frames });
      if (round < 0) continue;
      figures.p50[index].push(p50);
      figures.p99[index].push(p99);
      figures.rate[index].push(rate);
      figures.cpu[index].push(tookUs / calls);
      figures.stream[index].push(stream);
    }
  }
  const none = { peer: null, peerName: null, ratio: null };
  const [ours, theirs] = figures.p50;
  const added = median(ours.map((ms, round) => ms - (theirs[round] ?? Number.NaN)));
  return [
    row(`unary, ${name}`, "one after the other, p50", "ms", figures.p50, null),
    row(`unary, ${name}`, "one after the other, p99", "ms", figures.p99, null),
    { case: `unary, ${name}`, metric: "added to p50", unit: "ms", ours: rounded(added), ...none, goal: "<= 0.2" },
    row(`unary, ${name}`, "16 at once", "calls/s", figures.rate, ">= 0.9"),
    row(`unary, ${name}`, "16 at once, processor time", "us/call", figures.cpu, null),
    row(`stream, ${name}`, "throughput", "MB/s", figures.stream, ">= 0.9"),
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
