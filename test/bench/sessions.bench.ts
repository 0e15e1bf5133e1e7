import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { rounded, type BenchRow } from "./hop-rounds.ts";
import type { ContenderName } from "./sessions-contenders.ts";
import type { SessionsAnswer, SessionsTask } from "./sessions-worker.ts";

const long = process.argv.includes("--long");
const sessions = long ? 10_000 : 2_000;
const seconds = long ? 10 : 4;
const framesPerSecond = 50;

export const title = `${sessions} sessions of a pipeline of five nodes at ${framesPerSecond} frames a second each, in one process; metrics on`;

const peers: readonly ContenderName[] = ["RxJS", "async generators", "Node object streams", "direct calls"];

interface Figure {
  readonly metric: string;
  readonly unit: string;
  readonly of: (answer: SessionsAnswer) => number;
}

const figures: readonly Figure[] = [
  { metric: "CPU", unit: "% of a core", of: ({ cpuPercent }) => cpuPercent },
  // Where the machine cannot follow, the share of a core says nothing any more.
  {
    metric: "CPU of a frame",
    unit: "us",
    of: ({ cpuPercent, framesPerSecond: left }) => (cpuPercent * 1e4) / left,
  },
  { metric: "frames that left", unit: "/s", of: ({ framesPerSecond: left }) => left },
  { metric: "delay, p99", unit: "ms", of: ({ p99Us }) => p99Us / 1000 },
  { metric: "delay, p50", unit: "ms", of: ({ p50Us }) => p50Us / 1000 },
  { metric: "heap", unit: "kB a session", of: ({ heapBytes }) => heapBytes / 1000 },
  { metric: "resident", unit: "kB a session", of: ({ rssBytes }) => rssBytes / 1000 },
  { metric: "opening", unit: "us of CPU", of: ({ openUs }) => openUs },
];

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-sessions-"));
  try {
    // Bundled, as it ships: what a loader of TypeScript adds to each function would be counted as memory of the sessions.
    const worker = join(folder, "worker.mjs");
    await build({
      entryPoints: [fileURLToPath(new URL("sessions-worker.ts", import.meta.url))],
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      outfile: worker,
      logLevel: "warning",
      banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
    });
    const ours = await answer(worker, "ours");
    const rows: BenchRow[] = [
      {
        case: "ours",
        metric: "frames that left",
        unit: "/s",
        ours: rounded(ours.framesPerSecond),
        peer: sessions * framesPerSecond,
        peerName: "due",
        ratio: rounded(ours.framesPerSecond / (sessions * framesPerSecond)),
        goal: ">= 0.99",
      },
    ];
    for (const peerName of peers) {
      const peer = await answer(worker, peerName);
      for (const { metric, unit, of } of figures) {
        const [own, theirs] = [of(ours), of(peer)];
        rows.push({
          case: `beside ${peerName}`,
          metric,
          unit,
          ours: rounded(own),
          peer: rounded(theirs),
          peerName,
          ratio: rounded(own / theirs),
          goal: null,
        });
      }
    }
    return {
      rows,
      notes: [
        "Each in a process of its own. A frame becomes due every 20 ms in each session, the sessions evenly spread over them, from one",
        "timer; delay: until it left the pipeline. heap, resident: what the sessions added, collected, after they have run.",
        ...(long
          ? ["10,000 sessions are more than one core can follow at that rate: compare the processor time of a frame."]
          : ["--long: 10,000 sessions."]),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answer(worker: string, name: ContenderName): Promise<SessionsAnswer> {
  const child = fork(worker, [], { execArgv: ["--expose-gc"] });
  const task: SessionsTask = { name, sessions, seconds };
  child.send(task);
  const gone = once(child, "exit").then(([code]): never => {
    throw new Error(`${name} ended with code ${String(code)}`);
  });
  gone.catch(() => undefined);
  const [message] = (await Promise.race([once(child, "message"), gone])) as [SessionsAnswer];
  await gone.catch(() => undefined);
  return message;
}
