import { defineNode } from "../../runtime/interface/node.ts";
import { audioRows } from "./audio-hop.ts";
import * as chains from "./hop-chains.ts";
import { against, interleaved, type BenchRow, type Contender, type Rounds } from "./hop-rounds.ts";
import { workerRows } from "./worker-hop.ts";

export const title =
  "Processor time of one hop, in a chain of nodes that do integer arithmetic: what 20 more nodes cost, by 20; metrics on";

/** The quickest form of a node. */
const mapping = chains.sessionOf(({ payload }) => defineNode({ sync: true, open: () => ({ map: payload }) }));

const returning = chains.sessionOf(({ frame }) => defineNode({ sync: true, open: () => ({ process: frame }) }));

/** As a node does that may send more or less than it takes. */
const emitting = chains.sessionOf((work) =>
  defineNode({ sync: true, open: (_, { emit }) => ({ process: work.emitting(emit) }) }),
);

/** Not declared `sync`, so that a queue stands in front of each. */
const queued = chains.sessionOf((work) => defineNode({ open: (_, { emit }) => ({ process: work.emitting(emit) }) }));

const shortHops = 10;
const longHops = 30;

const measured: readonly { readonly name: string; readonly count: number; readonly chain: chains.Chain }[] = [
  { name: "fused, map", count: 50_000, chain: mapping },
  { name: "fused, process", count: 50_000, chain: returning },
  { name: "fused, emit", count: 50_000, chain: emitting },
  { name: "direct calls", count: 100_000, chain: chains.directCalls },
  { name: "direct calls, frames", count: 100_000, chain: chains.directFrames },
  { name: "RxJS", count: 100_000, chain: chains.rxjs },
  { name: "RxJS, frames", count: 100_000, chain: chains.rxjsFrames },
  { name: "queued", count: 8_000, chain: queued },
  { name: "Node object streams", count: 8_000, chain: chains.nodeStreams },
  { name: "async generators", count: 4_000, chain: chains.asyncGenerators },
  { name: "web streams", count: 400, chain: chains.webStreams },
];

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const contenders = measured.flatMap(({ name, count, chain }): Contender[] =>
    [shortHops, longHops].map((hops) => ({ name: `${name} ${hops}`, count, run: (frames) => chain(frames, hops) })),
  );
  const rounds = perHop(await interleaved(contenders, 15));
  const row = (ours: string, peer: string, goal?: string): BenchRow =>
    against(rounds, ours, peer, { case: ours, metric: "hop", ...(goal !== undefined && { goal }) });
  return {
    rows: [
      row("fused, map", "direct calls", "<= 2"),
      row("fused, map", "RxJS", "<= 0.5"),
      row("fused, process", "direct calls, frames", "<= 2"),
      row("fused, process", "RxJS, frames"),
      row("fused, emit", "direct calls, frames"),
      row("fused, emit", "RxJS, frames"),
      row("fused, map", "Node object streams"),
      row("fused, map", "async generators"),
      row("fused, map", "web streams"),
      row("queued", "Node object streams", "<= 1"),
      row("queued", "async generators"),
      row("queued", "web streams"),
      ...(await workerRows((pair) => interleaved(pair, 9))),
      ...(await audioRows((all) => interleaved(all, 9))),
    ],
    notes: [
      "frames: the value travels in an object with media time, number, epoch and flags, as it does between nodes with",
      "`process`; `map` works on the bare value, and so do the peers that it stands beside.",
      "audio: 20 ms at 48 kHz through nodes that each give an array of their own, of `buffers` or by `new`.",
      "worker hop: 960 samples go to a thread and come back, one frame at a time; both copy once and move the copy.",
    ],
  };
}

/** What a hop costs without the ends of the chain. */
function perHop(rounds: Rounds): Rounds {
  const figures = (name: string, hops: number): readonly number[] => rounds.get(`${name} ${hops}`) ?? [];
  return new Map(
    measured.map(({ name }) => {
      const short = figures(name, shortHops);
      const long = figures(name, longHops);
      return [name, long.map((ns, index) => (ns - (short[index] ?? Number.NaN)) / (longHops - shortHops))];
    }),
  );
}
