import type { Clock } from "../interface/clock.ts";

/** The clock of this process. */
export const nodejsClock: Clock = {
  nowUs: () => performance.now() * 1000,
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    if (delayMs <= 0) {
      // A turn of the event loop, where a timer would take a millisecond.
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
