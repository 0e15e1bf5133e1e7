import type { Clock } from "../interface/clock.ts";

export interface WatchdogLimits {
  /** A node that has not answered for so long is reported. */
  readonly reportAfterMs: number;
  /** One that has not answered for so long has failed; left out, it may take for ever. */
  readonly failAfterMs?: number;
}

export const defaultWatchdog: WatchdogLimits = { reportAfterMs: 10_000 };

/** Something that may keep others waiting. */
export interface Watched {
  /** Since which look, by `Watchdog.look`, a call has not come back; undefined where none is out. */
  readonly waitingSince: number | undefined;
  stalled(forMs: number): void;
  /** Left out where it may take for ever. */
  timedOut?(afterMs: number): void;
}

/**
 * Looks now and then at the calls that are out. It counts looks instead of reading the clock for each call, and sleeps when
 * nothing is out.
 */
export class Watchdog {
  /** Looks so far. */
  look = 0;
  readonly #clock: Clock;
  readonly #limits: WatchdogLimits;
  readonly #everyMs: number;
  readonly #watched: Watched[] = [];
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock, limits: WatchdogLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#everyMs = Math.max(1, Math.min(limits.reportAfterMs, limits.failAfterMs ?? limits.reportAfterMs) / 4);
  }

  add(watched: Watched): void {
    this.#watched.push(watched);
  }

  /** A call is out. */
  arm(): void {
    if (this.#cancel !== undefined || this.#closed) return;
    this.#cancel = this.#clock.schedule(this.#everyMs, () => this.#check());
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #check(): void {
    this.#cancel = undefined;
    this.look += 1;
    const { reportAfterMs, failAfterMs } = this.#limits;
    const reportAt = Math.ceil(reportAfterMs / this.#everyMs);
    const failAt = failAfterMs === undefined ? Number.POSITIVE_INFINITY : Math.ceil(failAfterMs / this.#everyMs);
    for (const watched of this.#watched) {
      const since = watched.waitingSince;
      if (since === undefined) continue;
      const looks = this.look - since;
      if (looks >= failAt && watched.timedOut !== undefined) watched.timedOut(looks * this.#everyMs);
      // Reported when it is seen first, and each time it has taken twice as long.
      else if (looks >= reportAt && Number.isInteger(Math.log2(looks / reportAt)))
        watched.stalled(looks * this.#everyMs);
    }
    if (this.#watched.some((one) => one.waitingSince !== undefined)) this.arm();
  }
}
