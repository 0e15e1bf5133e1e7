import { guessedServiceMs, timeToEnd } from "../../balancing/scores.ts";
import { lowest } from "./choose.ts";
import type { BranchPolicy } from "./policy.ts";

/**
 * Where a frame would be done first: what is there before it, and itself, times what each takes. A branch that has not
 * been measured is taken to be as quick as the quickest that has.
 */
export const adaptive: BranchPolicy = (branches, turn) => {
  const guessMs = guessedServiceMs(branches);
  return lowest(branches, turn, (load) => timeToEnd(load.waiting + load.sessions, 1, load.serviceMs ?? guessMs));
};
