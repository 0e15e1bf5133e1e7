import type { Clock } from "./clock.ts";

/** In so many pieces a time is waited for. */
const pieces = 10;

/** Timers are a little late as a rule; only more than this means that the process was held up, in milliseconds. */
export const usualLatenessMs = 20;

/**
 * Time that others are given. A process or a machine that stands still gives nobody any, and then its timers are due before it has read what
 * came meanwhile. So a time is waited for piece by piece: standing still takes one of them at most, and never the last. Who is late again and again
 * does not stand still: timers of a page that nobody sees come once a second.
 */
export class TimeGiven {
  readonly #clock: Clock;
  readonly #pieceMs: number;
  readonly #whenOver: () => void;
  #leftMs: number;
  #wasLate = false;
  /** There has been one more piece, for what came while this process stood still at the end. */
  #hadMore = false;
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
    this.#sinceUs = this.#clock.nowUs();
    this.#cancel = this.#clock.schedule(forMs, () => this.#end(forMs));
  }

  #end(forMs: number): void {
    const passedMs = this.#passedMs;
    const isLate = passedMs > forMs + usualLatenessMs;
    const stoodStill = isLate && !this.#wasLate;
    this.#wasLate = isLate;
    this.#leftMs = Math.max(0, this.#leftMs - (stoodStill ? forMs : Math.max(forMs, passedMs)));
    if (this.#leftMs > 0) this.#begin(this.#leftMs);
    else if (isLate && !this.#hadMore) {
      this.#hadMore = true;
      this.#begin(this.#pieceMs);
    } else this.#whenOver();
  }
}
