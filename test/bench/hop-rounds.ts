/** What one benchmark shows in a line: ours beside a peer, measured in the same run. */
export interface BenchRow {
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  /** `ours / peer`, the median over the rounds. */
  readonly ratio: number | null;
  /** What the ratio, or without a peer our own figure, should be; null where it only informs. */
  readonly goal: string | null;
}

/**
 * Something that is measured: `run` does `count` units of work from beginning to end. Where only a part of it counts, it
 * returns how many microseconds of processor time that took.
 */
export interface Contender {
  readonly name: string;
  readonly count: number;
  readonly run: (count: number) => void | number | Promise<void | number>;
}

/** Nanoseconds of processor time for a unit, by contender, one figure for each round. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/**
 * Runs all contenders in turn, round after round, so that what else the machine does meets them alike; for the same reason
 * it is processor time that counts, the collector of garbage included. The first rounds warm up and do not count.
 */
export async function interleaved(contenders: readonly Contender[], count: number, warmups = 2): Promise<Rounds> {
  const figures = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let turn = -warmups; turn < count; turn += 1) {
    for (const contender of contenders) {
      const start = process.cpuUsage();
      const partUs = await contender.run(contender.count);
      const { user, system } = process.cpuUsage(start);
      const ns = ((partUs ?? user + system) * 1000) / contender.count;
      if (turn >= 0) figures.get(contender.name)?.push(ns);
    }
  }
  return figures;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export interface Compared {
  readonly case: string;
  readonly metric: string;
  readonly goal?: string;
}

/** The row of one contender of ours against a peer. */
export function against(rounds: Rounds, ours: string, peer: string, init: Compared): BenchRow {
  const own = rounds.get(ours) ?? [];
  const theirs = rounds.get(peer) ?? [];
  return {
    case: init.case,
    metric: init.metric,
    unit: "ns",
    ours: rounded(median(own)),
    peer: rounded(median(theirs)),
    peerName: peer,
    ratio: rounded(median(own.map((value, index) => value / (theirs[index] ?? Number.NaN)))),
    goal: init.goal ?? null,
  };
}

export function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
