import { Balancer } from "../../balancing/balancer.ts";
import type { Clock } from "../../interface/clock.ts";
import type { Random } from "../../interface/random.ts";
import type { FoundPipeline, ServiceParams } from "../methods.ts";

export type Preference = NonNullable<ServiceParams<"connect">["prefer"]>;

/** Picks one of several pipelines that would do (spec R12.1 to R12.3). */
export interface Chooser {
  /**
   * @param among one at least, in the order of their peers; for `round_robin` from behind the last one on
   * @param group what is asked for: choices of the same take turns, and know of each other
   * @returns undefined when all are full, by what they report and by those that were sent there since
   */
  choose(among: readonly FoundPipeline[], prefer: Preference, group: string, key?: string): FoundPipeline | undefined;
  /** The peer that had the last turn in a group. */
  last(group: string): string | undefined;
}

/** Groups that are remembered; of more, the one that was used the longest ago begins anew. */
const groupsAtMost = 1_024;

/** Milliseconds that connecting takes: what a peer reports within them may not know of a session that was sent there. */
const arrivalMs = 1_000;

/** Milliseconds after which a session is taken for gone that no report has counted. */
const forgetMs = 10_000;

/** Chooses as `prefer` says: in turn, or by what the peers report of their load (`runtime/balancing/`). */
export function balancingChooser(clock: Clock, random: Random): Chooser {
  const turns = roundRobinChooser();
  const groups = new Map<string, LoadedGroup>();
  return {
    choose(among, prefer, group, key) {
      if (prefer === "round_robin") return turns.choose(among, prefer, group);
      const one = groups.get(group) ?? new LoadedGroup(prefer, clock, random);
      groups.delete(group);
      groups.set(group, one);
      const [oldest] = groups.keys();
      if (groups.size > groupsAtMost && oldest !== undefined) groups.delete(oldest);
      return one.choose(among, key);
    },
    last: (group) => turns.last(group),
  };
}

/** The candidates for one question, and what was sent to each. */
class LoadedGroup {
  readonly #balancer: Balancer;
  /** The report that the balancer has of a candidate: each is told once. */
  #known = new Map<string, FoundPipeline["load"]>();

  constructor(policy: Preference, clock: Clock, random: Random) {
    this.#balancer = new Balancer({ policy, clock, random, overflow: "refuse", arrivalMs, forgetMs });
  }

  choose(among: readonly FoundPipeline[], key: string | undefined): FoundPipeline | undefined {
    const there = new Map(among.map((one) => [one.peer, one]));
    for (const [id, { load }] of there) {
      if (this.#known.has(id) && this.#known.get(id) === load) continue;
      this.#known.set(id, load);
      if (load === undefined) this.#balancer.add(id);
      else this.#balancer.report(id, load);
    }
    const exclude = new Set([...this.#known.keys()].filter((id) => !there.has(id)));
    // Who is left out of one question is in the next; who has left is forgotten when more have than are there.
    if (exclude.size > there.size) {
      for (const id of exclude) {
        this.#balancer.remove(id);
        this.#known.delete(id);
      }
    }
    const placement = this.#balancer.pick({ key, exclude });
    return placement && there.get(placement.id);
  }
}

/** Takes turns: after each peer comes the next in the order of ids, also when some come or go. */
export function roundRobinChooser(): Chooser {
  const last = new Map<string, string>();
  return {
    choose(among, _prefer, group) {
      const before = last.get(group);
      const next = among.find(({ peer }) => before !== undefined && peer > before) ?? (among[0] as FoundPipeline);
      last.delete(group);
      last.set(group, next.peer);
      const [oldest] = last.keys();
      if (last.size > groupsAtMost && oldest !== undefined) last.delete(oldest);
      return next;
    },
    last: (group) => last.get(group),
  };
}
