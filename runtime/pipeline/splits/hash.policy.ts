import { rendezvousWeight } from "../../balancing/rendezvous.ts";
import { valueAt } from "./field.ts";
import type { BranchPolicy } from "./policy.ts";

/**
 * The same value always by the same branch, whether or not it has room; with one branch more or less, as few values
 * as possible change theirs (rendezvous hashing).
 */
export function hashed(field: readonly string[]): BranchPolicy {
  return (branches, _turn, payload) => {
    const key = JSON.stringify(valueAt(payload, field) ?? null);
    let best = 0;
    let highest = -1;
    for (let index = 0; index < branches.length; index += 1) {
      const weight = rendezvousWeight(String(index), key);
      if (weight > highest) {
        highest = weight;
        best = index;
      }
    }
    return best;
  };
}
