import type { Clock } from "../../runtime/interface/clock.ts";
import type { Random } from "../../runtime/interface/random.ts";

/** The clock of this process, for tests that run real work and wait for what happens, not for time. */
export const realClock: Clock = {
  nowUs: () => performance.now() * 1000,
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    if (delayMs <= 0) {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A linear congruential generator: the same numbers for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return { next, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) };
}
