import { lowest } from "./choose.ts";
import type { BranchPolicy } from "./policy.ts";

/** One choice in so many goes to the branch whose turn it is, or a branch that was slow once would never be tried again. */
const probeEvery = 32;

/** Where a frame takes the least time; a branch that has not been measured yet comes first. */
export const fastest: BranchPolicy = (branches, turn) => {
  if (turn % probeEvery === probeEvery - 1) {
    return lowest(branches, Math.floor(turn / probeEvery), () => 0);
  }
  return lowest(branches, turn, (load) => load.serviceMs ?? (load.waiting + load.sessions === 0 ? -1 : 0));
};
