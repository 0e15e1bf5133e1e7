import type { Clock } from "../../runtime/interface/clock.ts";
import type { Random } from "../../runtime/interface/random.ts";

/** A scheduler: of the timers that are due at the same time, one is drawn. */
export interface SeededClock extends Clock {
  readonly nowMs: number;
  /** Timers that are set. */
  readonly pending: number;
  /**
   * Goes on, from timer to timer, until the promise settles.
   * @param onStep called when all that a moment brings has happened
   * @throws an error when it does not settle within `limitMs`
   */
  until<T>(promise: Promise<T>, limitMs: number, onStep?: () => void): Promise<T>;
}

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** The same seed and the same work give the same order of everything that happens. */
export function seededClock(random: Random): SeededClock {
  let nowMs = 0;
  const timers: Timer[] = [];
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const take = (): Timer | undefined => {
    let soonest = Number.POSITIVE_INFINITY;
    let due: number[] = [];
    timers.forEach(({ atMs }, index) => {
      if (atMs < soonest) due = [];
      if (atMs <= soonest) due.push(index);
      soonest = Math.min(soonest, atMs);
    });
    const index = due.length > 1 ? due[Math.floor(random.next() * due.length)] : due[0];
    return index === undefined ? undefined : timers.splice(index, 1)[0];
  };
  return {
    nowUs: () => nowMs * 1_000,
    wallMs: () => 1_700_000_000_000 + nowMs,
    schedule(delayMs, callback) {
      const timer: Timer = { atMs: nowMs + Math.max(0, delayMs), callback };
      timers.push(timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    get nowMs() {
      return nowMs;
    },
    get pending() {
      return timers.length;
    },
    async until(promise, limitMs, onStep) {
      const untilMs = nowMs + limitMs;
      let done = false;
      const mark = (): void => void (done = true);
      promise.then(mark, mark);
      await settle();
      while (!done) {
        onStep?.();
        const timer = take();
        if (timer === undefined || timer.atMs > untilMs) throw new Error(`Nothing came of it by ${nowMs} ms.`);
        nowMs = Math.max(nowMs, timer.atMs);
        timer.callback();
        await settle();
      }
      return promise;
    },
  };
}
