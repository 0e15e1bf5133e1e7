import type { FoundPipeline, ServiceParams } from "../methods.ts";

export type Preference = NonNullable<ServiceParams<"connect">["prefer"]>;

/** Picks one of several pipelines that would do (spec R12.1 to R12.3). */
export interface Chooser {
  /**
   * @param among one at least, in the order of their peers
   * @param group what is asked for: choices of the same take turns
   */
  choose(among: readonly FoundPipeline[], prefer: Preference, group: string, key?: string): FoundPipeline;
}

/** Groups that are remembered; of more, the one that was used the longest ago begins anew. */
const groupsAtMost = 1_024;

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
  };
}
