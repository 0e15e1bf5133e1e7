import type { Clock } from "../interface/clock.ts";

/** The clock of this process. */
export const nodejsClock: Clock = {
  nowUs: () => performance.now() * 1000,
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
