import { Balancer } from "../../balancing/balancer.ts";
import { Candidates } from "../../balancing/candidates.ts";
import type { LoadReport } from "../../balancing/load.ts";
import type { Clock } from "../../interface/clock.ts";
import type { Random } from "../../interface/random.ts";
import type { ServiceParams } from "../methods.ts";

export type Preference = NonNullable<ServiceParams<"connect">["prefer"]>;

/** One that would do. */
export interface Choosable {
  /** The id of its peer. */
  readonly peer: string;
  /** Its last report, the same object until the next. */
  readonly load: LoadReport | undefined;
}

/** Picks one of several pipelines that would do (spec R12.1 to R12.3). */
export interface Chooser {
  /**
   * @param among one at least, in the order of their peers; for `round_robin` from behind the last one on
   * @param group what is asked for: choices of the same take turns
   * @returns undefined when all are full, by what they report and by those that were sent there since
   */
  choose<T extends Choosable>(among: readonly T[], prefer: Preference, group: string, key?: string): T | undefined;
  /** The peer that had the last turn in a group. */
  last(group: string): string | undefined;
  /** A peer is there no more. */
  gone(peer: string): void;
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
  const candidates = new Candidates({ clock, arrivalMs, forgetMs });
  const groups = new Map<string, Balancer>();
  const balancerOf = (group: string, policy: Preference): Balancer =>
    groups.get(group) ?? new Balancer({ policy, clock, random, candidates, overflow: "refuse" });
  return {
    choose(among, prefer, group, key) {
      if (prefer === "round_robin") return turns.choose(among, prefer, group);
      for (const { peer, load } of among) {
        // Each report is told once.
        const known = candidates.add(peer);
        if (load !== undefined && known.lastReport !== load) candidates.report(peer, load);
      }
      const balancer = balancerOf(group, prefer);
      remember(groups, group, balancer);
      const placement = balancer.pick({ key, among: among.map(({ peer }) => peer) });
      return placement && among.find(({ peer }) => peer === placement.id);
    },
    last: (group) => turns.last(group),
    gone: (peer) => candidates.remove(peer),
  };
}

function remember<T>(groups: Map<string, T>, group: string, value: T): void {
  groups.delete(group);
  groups.set(group, value);
  const [oldest] = groups.keys();
  if (groups.size > groupsAtMost && oldest !== undefined) groups.delete(oldest);
}

/** Takes turns: after each peer comes the next in the order of ids, also when some come or go. */
export function roundRobinChooser(): Chooser {
  const last = new Map<string, string>();
  return {
    choose<T extends Choosable>(among: readonly T[], _prefer: Preference, group: string): T {
      const before = last.get(group);
      const next = among.find(({ peer }) => before !== undefined && peer > before) ?? (among[0] as T);
      remember(last, group, next.peer);
      return next;
    },
    last: (group) => last.get(group),
    gone: () => undefined,
  };
}
