import type { Clock } from "./clock.ts";

/** In so many pieces a time is waited for. */
const pieces = 10;

/** Timers are a little late as a rule; only more than this means that the process was held up, in milliseconds. */
export const usualLatenessMs = 20;

/**
 * Time that others are given. A process or a machine that stands still gives nobody any, and then its timers are due before it has read what
 * came meanwhile. So a time is waited for piece by piece: standing still takes one of them at most, and never the last.
 */
export class TimeGiven {
  readonly #clock: Clock;
  readonly #pieceMs: number;
  readonly #whenOver: () => void;
  #leftMs: number;
  /** More pieces than there are may begin, for a machine that is late all the time has to come to an end as well. */
  #begun = 0;
  #sinceUs = 0;
  #cancel: () => void = () => undefined;

  /**
   * @param ms at least 0
   * @param whenOver called when all of it has been given
   */
  constructor(clock: Clock, ms: number, whenOver: () => void) {
    this.#clock = clock;
    this.#leftMs = ms;
    // Whole milliseconds, as timers keep them.
    this.#pieceMs = Math.ceil(ms / pieces);
    this.#whenOver = whenOver;
    this.#begin(ms);
  }

  /** What is still to be given, in milliseconds. */
  get leftMs(): number {
    return Math.max(0, this.#leftMs - Math.min(this.#passedMs, this.#pieceMs));
  }

  /** It is not waited for any more. */
  stop(): void {
    this.#cancel();
  }

  get #passedMs(): number {
    return (this.#clock.nowUs() - this.#sinceUs) / 1_000;
  }

  #begin(ms: number): void {
    const forMs = Math.min(ms, this.#pieceMs);
    this.#begun += 1;
    this.#sinceUs = this.#clock.nowUs();
    this.#cancel = this.#clock.schedule(forMs, () => this.#end(forMs));
  }

  #end(forMs: number): void {
    const passedMs = this.#passedMs;
    const stoodStill = passedMs > forMs + usualLatenessMs;
    this.#leftMs = Math.max(0, this.#leftMs - (stoodStill ? forMs : Math.max(forMs, passedMs)));
    if (this.#leftMs > 0) this.#begin(this.#leftMs);
    else if (stoodStill && this.#begun < 2 * pieces) this.#begin(this.#pieceMs);
    else this.#whenOver();
  }
}
