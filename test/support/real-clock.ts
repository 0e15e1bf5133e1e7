import type { Clock } from "../../runtime/interface/clock.ts";

export { seededRandom } from "../../runtime/testing/seeded-random.ts";

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
