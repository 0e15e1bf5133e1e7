import type { Clock } from "../../../runtime/interface/clock.ts";

/** Time that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
  /** Timers not fired and not cancelled. */
  readonly pending: number;
}

export function manualClock(): ManualClock {
  let nowMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  return {
    nowUs: () => nowMs * 1000,
    wallMs: () => nowMs,
    schedule(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      nowMs += ms;
      for (const timer of [...timers].toSorted((a, b) => a.atMs - b.atMs)) {
        if (timer.atMs <= nowMs && timers.delete(timer)) timer.run();
      }
    },
    get pending() {
      return timers.size;
    },
  };
}
