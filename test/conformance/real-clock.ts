import type { Clock } from "../../runtime/interface/clock.ts";

/** The platform's time, for tests over real sockets. */
export function realClock(): Clock {
  return {
    nowUs: () => Math.round(performance.now() * 1000),
    wallMs: () => Date.now(),
    schedule(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
