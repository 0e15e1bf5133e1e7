import type { Clock } from "./clock.ts";

/** Counts in windows of one second: `take` is false from the message on that exceeds the limit. */
export function rateLimit(clock: Clock, perSecond: number): { take(): boolean } {
  let windowStartUs = clock.nowUs();
  let count = 0;
  return {
    take() {
      const now = clock.nowUs();
      if (now - windowStartUs >= 1_000_000) {
        windowStartUs = now;
        count = 0;
      }
      count++;
      return count <= perSecond;
    },
  };
}
