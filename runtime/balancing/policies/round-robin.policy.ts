import type { CandidateLoad } from "../load.ts";
import type { CandidatePolicy } from "./policy.ts";

/** The one whose last turn is the longest ago. One that is new has its turn at once, one that was away loses none. */
export const roundRobin: CandidatePolicy = <T extends CandidateLoad>(among: readonly T[]): T =>
  among.reduce((best, load) => (load.chosen < best.chosen ? load : best));
