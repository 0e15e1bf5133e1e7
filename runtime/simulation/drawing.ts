import type { Random } from "../interface/random.ts";

/**
 * Numbers that depend on the seed alone, by the generator `mulberry32` (Tommy Ettinger, public domain): one of another kind than a
 * linear congruential one, whose neighbours would show in pairs of draws.
 */
export function drawing(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b9);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) };
}
