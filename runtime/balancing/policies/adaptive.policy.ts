import { guessedServiceMs, timeToEnd } from "../scores.ts";
import { lowest } from "./lowest.ts";
import type { CandidatePolicy } from "./policy.ts";

/**
 * Where one more costs the least (`timeToEnd`), by what the candidates themselves report of their service time, of what is in
 * flight and of their slots, so that what others send them counts as well. The load that servers report is what Prequal goes by (Wydrowski et al., "Load is
 * not what you should balance", NSDI 2024); the product with a mean of times is Finagle's (see `peak-mean.ts`).
 */
export const adaptive: CandidatePolicy = (among, { random }) => {
  const guessMs = guessedServiceMs(among);
  return lowest(among, random, (load) => timeToEnd(load.inFlight, load.slots, load.serviceMs ?? guessMs));
};
