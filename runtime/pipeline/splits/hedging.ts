import type { Clock } from "../../interface/clock.ts";
import { RetryBudget } from "../../balancing/retry-budget.ts";

/** Of the latest answers, so many tell how long one takes. */
const kept = 100;
/** Fewer tell nothing yet. */
const fewest = 20;
/** The slowest twentieth is asked elsewhere too. */
const quantile = 0.95;
/** Of the calls, so many may be asked elsewhere too; some of that may be saved up. */
const budget = { perCall: 0.05, perSecond: 0, most: 5 };

/**
 * When a call is asked elsewhere too, and whether it may be: hedged requests as in Dean and Barroso, The Tail at Scale
 * (https://research.google/pubs/the-tail-at-scale/). What all sessions of a peer know of one `first` together.
 */
export class Hedging {
  readonly #budget: RetryBudget;
  readonly #defaultMs: number;
  readonly #tookMs = new Float64Array(kept);
  #count = 0;
  #delayMs: number | undefined;

  /** @param defaultMs the delay before enough is known */
  constructor(clock: Clock, defaultMs: number) {
    this.#budget = new RetryBudget(clock, { ...budget, tokens: 1 });
    this.#defaultMs = defaultMs;
  }

  /** A call has been asked for the first time. */
  called(): void {
    this.#budget.called();
  }

  /** For how long an answer is waited for before another branch is asked, in milliseconds. */
  get delayMs(): number {
    if (this.#count < fewest) return this.#defaultMs;
    this.#delayMs ??= this.#measured();
    return this.#delayMs;
  }

  /** The first branch has answered after so long, or had not yet when another one did. */
  answered(tookMs: number): void {
    this.#tookMs[this.#count % kept] = tookMs;
    this.#count += 1;
    this.#delayMs = undefined;
  }

  /** @returns false when enough calls have been asked elsewhere too */
  take(): boolean {
    return this.#budget.take();
  }

  #measured(): number {
    const sorted = this.#tookMs.subarray(0, Math.min(this.#count, kept)).toSorted();
    return sorted[Math.ceil(sorted.length * quantile) - 1] ?? this.#defaultMs;
  }
}
