import { lowest } from "./choose.ts";
import type { BranchPolicy } from "./policy.ts";

/** Where the fewest sessions are, or the fewest frames wait or are in work. */
export const leastLoaded: BranchPolicy = (branches, turn) =>
  lowest(branches, turn, (load) => load.sessions + load.waiting);
