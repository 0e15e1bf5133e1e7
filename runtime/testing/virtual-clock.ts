import type { Clock } from "../interface/clock.ts";
import { afterTurn, turn } from "./turn.ts";

/** Time that stands still until it is told to go on. */
export interface VirtualClock extends Clock {
  /** Lets so much time pass: what falls due is called in order, each at its own time. */
  advance(ms: number): void;
  /**
   * The same, with a turn of the event loop before the first, after each and at the end: for code that goes on after an
   * `await` and then waits for time again.
   */
  advanceAsync(ms: number): Promise<void>;
  /** Timers that wait for time to pass. */
  readonly pending: number;
}

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/**
 * A clock for tests. A delay of 0 is a turn of the event loop and no time, as it is with the clocks of the platforms.
 * @param startMs wall-clock time in milliseconds since the Unix epoch at the beginning; by default the year 2026
 */
export function virtualClock(startMs = Date.UTC(2026, 0)): VirtualClock {
  let nowMs = 0;
  // In the order in which they were set, so that those of the same time are called in it.
  const timers = new Set<Timer>();
  const next = (untilMs: number): Timer | undefined => {
    let due: Timer | undefined;
    for (const timer of timers) if (timer.atMs <= untilMs && (due === undefined || timer.atMs < due.atMs)) due = timer;
    return due;
  };
  const fire = (timer: Timer): void => {
    nowMs = Math.max(nowMs, timer.atMs);
    timers.delete(timer);
    timer.callback();
  };
  return {
    nowUs: () => nowMs * 1000,
    wallMs: () => startMs + nowMs,
    schedule(delayMs, callback) {
      if (delayMs <= 0) return afterTurn(callback);
      const timer: Timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let timer = next(untilMs); timer !== undefined; timer = next(untilMs)) fire(timer);
      nowMs = untilMs;
    },
    async advanceAsync(ms) {
      const untilMs = nowMs + ms;
      await turn();
      for (let timer = next(untilMs); timer !== undefined; timer = next(untilMs)) {
        fire(timer);
        await turn();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
    get pending() {
      return timers.size;
    },
  };
}
