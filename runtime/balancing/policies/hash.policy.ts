import { randomId } from "../../interface/random.ts";
import type { CandidateLoad } from "../load.ts";
import { sizedRendezvousWeight } from "../rendezvous.ts";
import type { CandidatePolicy } from "./policy.ts";

/** The same key by the same candidate as long as it can be had, shares by slots; without a key any. */
export const hash: CandidatePolicy = <T extends CandidateLoad>(
  among: readonly T[],
  { key, random }: Parameters<CandidatePolicy>[1],
): T => {
  const wanted = key ?? randomId(random);
  let best = among[0] as T;
  let highest = -1;
  for (const load of among) {
    const weight = sizedRendezvousWeight(load.id, wanted, load.slots);
    if (weight > highest) {
      highest = weight;
      best = load;
    }
  }
  return best;
};
