import type { Random } from "../../interface/random.ts";
import type { CandidateLoad } from "../load.ts";

/** What is known of a choice beside the candidates. */
export interface Choice {
  readonly random: Random;
  /** The choices made so far. */
  readonly turn: number;
  /** What `hash` goes by. */
  readonly key: string | undefined;
}

/** Chooses one of several candidates, at least one. Made anew for each balancer, for some remember what they did. */
export type CandidatePolicy = <T extends CandidateLoad>(among: readonly T[], choice: Choice) => T;
