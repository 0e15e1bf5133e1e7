import { utilisation } from "../scores.ts";
import { lowest } from "./lowest.ts";
import type { CandidatePolicy } from "./policy.ts";

/**
 * Where the least of what there is would be in use. All are looked at: of two drawn at random, as in "The power of two choices in
 * randomized load balancing" (Mitzenmacher, IEEE Transactions on Parallel and Distributed Systems 12(10), 2001), the better one
 * is too often nearly full where some are much smaller than others.
 */
export const leastLoaded: CandidatePolicy = (among, { random }) =>
  lowest(among, random, ({ inFlight, slots }) => utilisation(inFlight, slots));
