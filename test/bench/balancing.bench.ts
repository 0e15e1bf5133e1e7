import { calls, quantile, type CallsInit } from "./balancing-calls.ts";
import { contenders } from "./balancing-contenders.ts";
import { oursWithRefusal, sessions, withoutReports, type PlacedSessions } from "./balancing-sessions.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";

const long = process.argv.includes("--long");
const seeds = Array.from({ length: 10 }, (_, index) => index + 1);
/** Simulated milliseconds that count, for each seed. */
const callsForMs = long ? 120_000 : 20_000;
const sessionsForMs = long ? 3_600_000 : 300_000;

export const title =
  `Latency of calls to 12 servers of three speeds, by 4 balancers that each see their own calls, and sessions placed on 24 servers ` +
  `of six sizes; simulated, median of ${seeds.length} seeds, mean for sessions`;

interface Figures {
  readonly p50: readonly number[];
  readonly p99: readonly number[];
}

function figures(name: keyof typeof contenders, scene: Pick<CallsInit, "load" | "slowdowns">): Figures {
  const runs = seeds.map((seed) => calls({ make: contenders[name], seed, forMs: callsForMs, ...scene }));
  return { p50: runs.map((run) => quantile(run, 0.5)), p99: runs.map((run) => quantile(run, 0.99)) };
}

interface Peer {
  readonly name: keyof typeof contenders;
  readonly shown: string;
  readonly goal: string;
}

const peers: readonly Peer[] = [
  { name: "envoy", shown: "Envoy, least request, P2C", goal: "<= 0.45" },
  { name: "finagle", shown: "Finagle, P2C peak EWMA", goal: "<= 0.5" },
  { name: "leastRequestOfAll", shown: "least request, all looked at", goal: "<= 1" },
  { name: "peakEwmaOfAll", shown: "peak EWMA, all looked at", goal: "<= 1" },
];

function rowsOfCalls(load: number, slowdowns: boolean): readonly BenchRow[] {
  const own = figures("adaptive", { load, slowdowns });
  const about = `calls, load ${load}${slowdowns ? ", slowdowns" : ""}`;
  return peers.flatMap(({ name, shown, goal }) => {
    const theirs = figures(name, { load, slowdowns });
    return (["p99", "p50"] as const).map((metric): BenchRow => {
      const ratio = median(own[metric].map((value, seed) => value / (theirs[metric][seed] ?? Number.NaN)));
      return {
        case: about,
        metric,
        unit: "ms",
        ours: rounded(median(own[metric])),
        peer: rounded(median(theirs[metric])),
        peerName: shown,
        ratio: rounded(ratio),
        goal: metric === "p99" && slowdowns ? goal : null,
      };
    });
  });
}

async function rowsOfSessions(): Promise<readonly BenchRow[]> {
  const runs = async (make: Parameters<typeof sessions>[0]): Promise<readonly PlacedSessions[]> => {
    const all: PlacedSessions[] = [];
    for (const seed of seeds) all.push(await sessions(make, seed, sessionsForMs));
    return all;
  };
  const own = await runs(oursWithRefusal);
  const percent = (all: readonly PlacedSessions[], what: "over" | "refused"): number =>
    rounded((100 * all.reduce((sum, one) => sum + one[what], 0)) / all.length);
  const row = { case: "sessions, load 0.85", unit: "%", ratio: null };
  const over = { ...row, metric: "placed over capacity", ours: percent(own, "over"), goal: "0" };
  const envoy = await runs(withoutReports("envoy"));
  const inTurn = await runs(withoutReports("round_robin"));
  return [
    { ...over, peer: percent(envoy, "over"), peerName: "Envoy, least request, P2C" },
    { ...over, peer: percent(inTurn, "over"), peerName: "round robin" },
    {
      ...row,
      metric: "refused by all asked",
      ours: percent(own, "refused"),
      peer: null,
      peerName: null,
      goal: "<= 0.5",
    },
  ];
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const rows = [
    ...rowsOfCalls(0.6, true),
    ...rowsOfCalls(0.8, true),
    ...rowsOfCalls(0.8, false),
    ...(await rowsOfSessions()),
  ];
  return {
    rows,
    notes: [
      "ours: the module that ships, `adaptive` for calls, `least_loaded` with refusal for sessions",
      "servers: speeds 1 (6), 0.5 (4), 0.25 (2), 4 slots each, work lognormal, 20 ms on the average; slowdowns: 4 times for 2 s, every 20 s",
    ],
  };
}
