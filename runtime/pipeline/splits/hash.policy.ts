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
      const weight = mixed(`${index}:${key}`);
      if (weight > highest) {
        highest = weight;
        best = index;
      }
    }
    return best;
  };
}

/** FNV-1a over the UTF-16 units, then the finishing step of MurmurHash3, for the last units to count as much as the first. */
function mixed(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
