import type { Clock } from "../../../../runtime/interface/clock.ts";

/** Time that moves only when it is told, and lets everything happen that a moment brings before it goes on. */
export interface VirtualClock extends Clock {
  readonly nowMs: number;
  /** Timers that are set. */
  readonly pending: number;
  /** Lets all that can happen now happen; a delay of 0 is a turn of the event loop and no time. */
  settle(): Promise<void>;
  /** Goes on by so many milliseconds, from timer to timer. */
  run(ms: number): Promise<void>;
  /**
   * Goes on until the promise settles.
   * @throws what the promise rejects with; an error when nothing is left that could settle it within `limitMs`
   */
  until<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export function virtualClock(): VirtualClock {
  let nowMs = 0;
  let order = 0;
  const timers = new Set<Timer>();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const next = (): Timer | undefined => [...timers].toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
  const step = async (timer: Timer): Promise<void> => {
    nowMs = Math.max(nowMs, timer.atMs);
    timers.delete(timer);
    timer.callback();
    await turn();
  };
  const settle = async (): Promise<void> => {
    await turn();
    for (let timer = next(); timer !== undefined && timer.atMs <= nowMs; timer = next()) await step(timer);
  };
  return {
    nowUs: () => nowMs * 1_000,
    wallMs: () => 1_700_000_000_000 + nowMs,
    schedule(delayMs, callback) {
      const timer: Timer = { atMs: nowMs + Math.max(0, delayMs), order: (order += 1), callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    get nowMs() {
      return nowMs;
    },
    get pending() {
      return timers.size;
    },
    settle,
    async run(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let timer = next(); timer !== undefined && timer.atMs <= untilMs; timer = next()) await step(timer);
      nowMs = untilMs;
    },
    async until(promise, limitMs = 120_000) {
      const untilMs = nowMs + limitMs;
      let done = false;
      const mark = (): void => void (done = true);
      promise.then(mark, mark);
      await settle();
      for (let timer = next(); !done && timer !== undefined && timer.atMs <= untilMs; timer = next()) await step(timer);
      // What the last timer has set off may take some turns.
      for (let left = 20; !done && left > 0; left -= 1) await turn();
      if (!done) throw new Error(`Nothing came of it by ${nowMs} ms.`);
      return promise;
    },
  };
}
