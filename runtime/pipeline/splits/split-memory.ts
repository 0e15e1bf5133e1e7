import type { Clock } from "../../interface/clock.ts";
import { Hedging } from "./hedging.ts";
import type { LoadProbe } from "./load.ts";

/** Live sessions that are looked at for how fast a branch is. */
const probedSessions = 16;

/** What the sessions of a pipeline in this process know together of one `any`. */
export class SplitTally {
  turn = 0;
  readonly #sessions: Set<LoadProbe>[];

  constructor(branches: number) {
    this.#sessions = Array.from({ length: branches }, () => new Set());
  }

  sessions(branch: number): number {
    return this.#sessions[branch]?.size ?? 0;
  }

  /** Probes of some sessions that use the branch. */
  probes(branch: number): LoadProbe[] {
    const found: LoadProbe[] = [];
    for (const probe of this.#sessions[branch] ?? []) {
      found.push(probe);
      if (found.length === probedSessions) break;
    }
    return found;
  }

  /** A session has chosen the branch; what is returned says that it is over. */
  join(branch: number, probe: LoadProbe): () => void {
    this.#sessions[branch]?.add(probe);
    return () => void this.#sessions[branch]?.delete(probe);
  }
}

/** What the sessions of a peer know together of their splits; lives as long as the peer. */
export class SplitMemory {
  readonly #tallies = new Map<string, SplitTally>();
  readonly #hedgings = new Map<string, Hedging>();

  /** Of a `first` that is hedged. @param defaultMs the delay before enough is known */
  hedging(pipeline: string, split: string, clock: Clock, defaultMs: number): Hedging {
    const key = `${pipeline}\n${split}`;
    const found = this.#hedgings.get(key) ?? new Hedging(clock, defaultMs);
    this.#hedgings.set(key, found);
    return found;
  }

  tally(pipeline: string, split: string, branches: number): SplitTally {
    const key = `${pipeline}\n${split}`;
    let found = this.#tallies.get(key);
    if (found === undefined) {
      found = new SplitTally(branches);
      this.#tallies.set(key, found);
    }
    return found;
  }
}
