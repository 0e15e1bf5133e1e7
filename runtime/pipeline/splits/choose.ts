import type { BranchLoad } from "./load.ts";

/**
 * The branch of the lowest score among those with room. Where none has any, for a node may send several frames for one that
 * it took, it is the one where the fewest wait: what is sent beyond its bound must not heap up at a branch that stands
 * still. Equals take turns, so that branches that look alike share the work.
 */
export function lowest(branches: readonly BranchLoad[], turn: number, score: (load: BranchLoad) => number): number {
  const free = branches.some((load) => load.writable);
  const start = turn % branches.length;
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step < branches.length; step += 1) {
    const index = (start + step) % branches.length;
    const load = branches[index];
    if (load === undefined || (free && !load.writable)) continue;
    const value = free ? score(load) : load.waiting;
    if (best < 0 || value < least) {
      best = index;
      least = value;
    }
  }
  return Math.max(best, 0);
}
