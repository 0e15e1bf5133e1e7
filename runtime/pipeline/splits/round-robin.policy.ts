import { lowest } from "./choose.ts";
import type { BranchPolicy } from "./policy.ts";

/** One after the other. */
export const roundRobin: BranchPolicy = (branches, turn) => lowest(branches, turn, () => 0);
