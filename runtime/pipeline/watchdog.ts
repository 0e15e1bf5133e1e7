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
  readonly #nodes: { readonly all: readonly Watched[] };
  readonly #others: Watched[] = [];
  #cancel: (() => void) | undefined;
  #closed = false;

  /** @param nodes are all looked at */
  constructor(clock: Clock, limits: WatchdogLimits, nodes: { readonly all: readonly Watched[] }) {
    this.#clock = clock;
    this.#limits = limits;
    this.#nodes = nodes;
    this.#everyMs = Math.max(1, Math.min(limits.reportAfterMs, limits.failAfterMs ?? limits.reportAfterMs) / 4);
  }

  /** Looks at something else too. */
  add(watched: Watched): void {
    this.#others.push(watched);
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
    const all = [...this.#nodes.all, ...this.#others];
    for (const watched of all) {
      const since = watched.waitingSince;
      if (since === undefined) continue;
      const looks = this.look - since;
      if (looks >= failAt && watched.timedOut !== undefined) watched.timedOut(looks * this.#everyMs);
      // Reported when it is seen first, and each time it has taken twice as long.
      else if (looks >= reportAt && Number.isInteger(Math.log2(looks / reportAt)))
        watched.stalled(looks * this.#everyMs);
    }
    if (all.some((one) => one.waitingSince !== undefined)) this.arm();
  }
}
