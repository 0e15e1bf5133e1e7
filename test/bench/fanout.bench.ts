import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as branches from "./fanout-branches.ts";
import { against, interleaved, median, rounded, type BenchRow, type Contender, type Rounds } from "./hop-rounds.ts";

export const title =
  "Processor time of delivering one frame to one of so many branches that a source is broadcast to; metrics on";

const widths = [1, 10, 100, 1_000];
/** As many in each run, whatever the number of branches, so that none of them has warmed up better. */
const deliveries = 200_000;
const rounds = 9;

const fans: readonly { readonly name: string; readonly fan: branches.Fan; readonly goal: string | null }[] = [
  { name: "synchronous", fan: branches.sessionOf(true), goal: "<= 1.5" },
  { name: "RxJS Subject", fan: branches.subject, goal: null },
  { name: "EventEmitter", fan: branches.eventEmitter, goal: null },
  { name: "queued", fan: branches.sessionOf(false), goal: "<= 1.5" },
  { name: "Node object streams", fan: branches.nodeStreams, goal: null },
];

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const collect = collector();
  const contenders = [0, ...widths].flatMap((width) =>
    fans.map(({ name, fan }): Contender => ({
      name: `${name} ${width}`,
      count: deliveries,
      run(count) {
        // What a thousand branches of the one before have left is not for this one to clear away.
        collect();
        return fan(width === 0 ? count : count / width, width);
      },
    })),
  );
  const figures = await interleaved(contenders, rounds);
  const thousand = (name: string): number => delivery(figures, name, 1_000);
  const beside = (ours: string, peer: string): BenchRow[] =>
    widths.map((width) => ({
      ...against(figures, `${ours} ${width}`, `${peer} ${width}`, { case: `${ours}, ${width}`, metric: "delivery" }),
      peerName: peer,
    }));
  return {
    rows: [
      ...fans.flatMap(({ name, goal }) => [
        ...[1, 10].map((from) =>
          growth(`${name}, ${from} to 1000`, delivery(figures, name, from), thousand(name), goal),
        ),
        growth(
          `${name}, 1 to 1000, without what is sent to nobody`,
          delivery(figures, name, 1) - delivery(figures, name, 0),
          thousand(name) - delivery(figures, name, 0) / 1_000,
          goal,
        ),
      ]),
      ...fans.map(({ name }): BenchRow => ({
        ...nothing,
        case: `${name}, to nobody`,
        metric: "frame sent",
        unit: "ns",
        ours: rounded(delivery(figures, name, 0)),
      })),
      ...beside("synchronous", "RxJS Subject"),
      ...beside("synchronous", "EventEmitter"),
      ...beside("queued", "Node object streams"),
    ],
    notes: [
      "growth: the delivery to one of 1,000 branches by that to one of fewer; with a single one, it bears all that the source costs.",
      "to nobody: what the source alone costs, for each frame; what is left without it is the delivery.",
      "A frame carries its media time, number, epoch and flags with all. Each branch has had 600 frames before those that count.",
    ],
  };
}

/** Collects what is young. A full collection would take the optimised code of the peers with it. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: { readonly type: "minor" }) => void;
  return () => gc({ type: "minor" });
}

const nothing = { peer: null, peerName: null, ratio: null, goal: null } as const;

/** Nanoseconds of one delivery, or of one frame that is sent to nobody. */
function delivery(figures: Rounds, name: string, width: number): number {
  return median(figures.get(`${name} ${width}`) ?? []);
}

function growth(name: string, few: number, many: number, goal: string | null): BenchRow {
  return { ...nothing, case: name, metric: "growth", unit: "x", ours: rounded(many / few), goal };
}
