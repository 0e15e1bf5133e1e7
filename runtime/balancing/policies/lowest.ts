import type { Random } from "../../interface/random.ts";
import type { CandidateLoad } from "../load.ts";

/** The one of the lowest score; among equals any, so that balancers that see the same do not all choose the same. */
export function lowest<T extends CandidateLoad>(among: readonly T[], random: Random, score: (load: T) => number): T {
  const start = Math.floor(random.next() * among.length);
  let best = among[start] as T;
  let least = score(best);
  for (let step = 1; step < among.length; step += 1) {
    const load = among[(start + step) % among.length] as T;
    const value = score(load);
    if (value < least) {
      least = value;
      best = load;
    }
  }
  return best;
}
