import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { rounded, type BenchRow } from "./hop-rounds.ts";
import type { AskerAnswer, AskerTask } from "./signaling-asker.ts";
import type { LoadAnswer, LoadTask } from "./signaling-load.ts";
import type { ServerName, ServerState, ServerTask } from "./signaling-server.ts";

const peers = 10_000;
const questions = 400;
const work = {
  peers,
  relaysPerSecond: 2_000,
  seconds: process.argv.includes("--long") ? 20 : 4,
} as const;
/** The engine gives memory back when it has had nothing to do for about so long. */
const quietMs = process.argv.includes("--long") ? 15_000 : undefined;

export const title = `${peers} registered peers at one signaling service; service, peers and who asks in a process each, over the loopback`;

type Answer<Kind extends LoadAnswer["kind"]> = Extract<LoadAnswer, { readonly kind: Kind }>;

interface Figures {
  readonly registeredPerSecond: number;
  /** Of the service, for a peer that is there. */
  readonly rssBytes: number;
  /** The same when nothing has been said for a while; only with `--long`. */
  readonly quietRssBytes: number | undefined;
  readonly heapBytes: number;
  readonly registerUs: number;
  readonly discover: AskerAnswer;
  readonly relay: Answer<"relayed">;
  /** Processor time of the service for each message that it passed on. */
  readonly relayUs: number;
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-signaling-"));
  try {
    // Bundled, as it ships: what a loader of TypeScript adds to each function would be counted as memory of the peers.
    const [server, load, asker] = await Promise.all(
      ["server", "load", "asker"].map((name) => bundled(folder, `signaling-${name}`)),
    );
    const files = { server, load, asker } as Files;
    const ours = await measured(files, "ours");
    const peerjs = await measured(files, "PeerJS server");
    return { rows: rowsOf(ours, peerjs), notes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const notes = [
  "registered: connected, greeted, and at ours registered with an address, a capability and the ports of a pipeline; PeerJS's server keeps",
  "an id. resident: what the process of the service has more with the peers than without, collected. relay: messages as large as an offer,",
  "2 KB, from 50 callers to as many peers, until they are there. discover: one after the other, in pages of at most 56 KiB.",
];

function rowsOf(ours: Figures, peerjs: Figures): BenchRow[] {
  const row = (
    name: string,
    metric: string,
    unit: string,
    of: (one: Figures) => number,
    goal: string | null,
  ): BenchRow => {
    const [own, theirs] = [of(ours), of(peerjs)];
    return {
      case: name,
      metric,
      unit,
      ours: rounded(own),
      peer: rounded(theirs),
      peerName: "PeerJS server",
      ratio: rounded(own / theirs),
      goal,
    };
  };
  const alone = (what: string, metric: string, value: number, goal: string | null): BenchRow => ({
    case: `discover ${what}`,
    metric,
    unit: "ms",
    ours: rounded(value),
    peer: null,
    peerName: null,
    ratio: null,
    goal,
  });
  return [
    row("10,000 peers", "resident", "kB a peer", ({ rssBytes }) => rssBytes / 1_000, "ours <= 10 kB"),
    ...(ours.quietRssBytes === undefined
      ? []
      : [
          row(
            "10,000 peers",
            "resident, after 15 s of quiet",
            "kB a peer",
            (one) => (one.quietRssBytes ?? 0) / 1_000,
            null,
          ),
        ]),
    row("10,000 peers", "heap", "kB a peer", ({ heapBytes }) => heapBytes / 1_000, null),
    row("10,000 peers", "registered", "/s", ({ registeredPerSecond }) => registeredPerSecond, null),
    row("10,000 peers", "CPU of one", "us", ({ registerUs }) => registerUs, null),
    row("relay at 2,000/s", "passed on", "/s", ({ relay }) => relay.perSecond, null),
    row("relay at 2,000/s", "p50", "ms", ({ relay }) => relay.p50, null),
    row("relay at 2,000/s", "p99", "ms", ({ relay }) => relay.p99, "ours <= 25 ms"),
    row("relay at 2,000/s", "CPU of one", "us", ({ relayUs }) => relayUs, null),
    ...Object.entries(ours.discover).flatMap(([what, { p50, p99 }]) => [
      alone(what, "p50", p50, null),
      alone(what, "p99", p99, "<= 10 ms"),
    ]),
  ];
}

async function bundled(folder: string, name: string): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile,
    logLevel: "warning",
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
  });
  return outfile;
}

interface Files {
  readonly server: string;
  readonly load: string;
  readonly asker: string;
}

async function measured(files: Files, name: ServerName): Promise<Figures> {
  const server = fork(files.server, [], { execArgv: ["--expose-gc"] });
  const load = fork(files.load, []);
  const asker = fork(files.asker, [], { execArgv: ["--expose-gc"] });
  try {
    const peerjs = import.meta.resolve("peer");
    const task: ServerTask = { name, peerjs };
    server.send(task);
    const started = await next<ServerState>(server);
    /** What the peers tell next, and how the service is then. */
    const after = async <Kind extends LoadAnswer["kind"]>(
      kind: Kind,
      word: unknown,
    ): Promise<[Answer<Kind>, ServerState]> => {
      load.send(word as object);
      const answer = await next<LoadAnswer>(load);
      if (answer.kind !== kind) throw new Error(`${kind} was to come, and ${answer.kind} has`);
      server.send("state");
      return [answer as Answer<Kind>, await next<ServerState>(server)];
    };
    const loadTask: LoadTask = { name, port: started.port, ...work };
    const [registered, full] = await after("registered", loadTask);
    const quiet = quietMs === undefined ? undefined : await stateAfter(server, quietMs);
    asker.send({ name, port: started.port, questions } satisfies AskerTask);
    const discover = await next<AskerAnswer>(asker);
    asker.disconnect();
    const asked = await stateAfter(server, 0);
    const [relay, end] = await after("relayed", "go on");
    return {
      registeredPerSecond: registered.perSecond,
      rssBytes: (full.rss - started.rss) / peers,
      quietRssBytes: quiet && (quiet.rss - started.rss) / peers,
      heapBytes: (full.heap - started.heap) / peers,
      registerUs: (full.cpuUs - started.cpuUs) / peers,
      discover,
      relay,
      relayUs: (end.cpuUs - asked.cpuUs) / (work.relaysPerSecond * work.seconds),
    };
  } finally {
    const running = [server, load, asker].filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    const gone = Promise.all(running.map((child) => once(child, "exit")));
    for (const child of running) child.kill();
    await gone;
  }
}

async function stateAfter(server: ChildProcess, ms: number): Promise<ServerState> {
  await setTimeout(ms);
  server.send("state");
  return next<ServerState>(server);
}

async function next<T>(child: ChildProcess): Promise<T> {
  const gone = new AbortController();
  const ended = once(child, "exit", { signal: gone.signal }).then(([code]): never => {
    throw new Error(`a process ended with code ${String(code)}`);
  });
  try {
    return (await Promise.race([once(child, "message", { signal: gone.signal }), ended]))[0] as T;
  } finally {
    gone.abort();
    ended.catch(() => undefined);
  }
}
