import type { Clock } from "./clock.ts";

export interface RateLimit {
  /** Counts one. @returns false when it exceeds the limit */
  take(): boolean;
}

/** Counts in windows of one second: `take` is false from the message on that exceeds the limit. */
export function rateLimit(clock: Pick<Clock, "nowUs">, perSecond: number): RateLimit {
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
