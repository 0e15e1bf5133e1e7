import type { Clock } from "../interface/clock.ts";

export interface RetryShares {
  /** What one call adds to what may be repeated. */
  readonly perCall: number;
  /** What a second adds. */
  readonly perSecond: number;
  /** So much is saved up at most. */
  readonly most: number;
  /** What may be repeated before anything has been tried. */
  readonly tokens: number;
}

/** Of what is tried at one target, so much may be tried again: 20 %, and 3 times in a second beside that. */
const usual: RetryShares = { perCall: 0.2, perSecond: 3, most: 30, tokens: 3 };

/**
 * Keeps repeated calls and attempts from becoming the load that made them necessary: a token bucket, as the retry budget of Finagle
 * (https://twitter.github.io/finagle/guide/Clients.html#retries).
 */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #shares: RetryShares;
  #tokens: number;
  #atUs: number;

  constructor(clock: Clock, shares: Partial<RetryShares> = {}) {
    this.#clock = clock;
    this.#shares = { ...usual, ...shares };
    this.#tokens = this.#shares.tokens;
    this.#atUs = clock.nowUs();
  }

  /** Something was tried for the first time. */
  called(): void {
    this.#fill(this.#shares.perCall);
  }

  /** @returns false when the budget is spent */
  take(): boolean {
    this.#fill(0);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /**
   * Takes what will be there by then.
   * @returns milliseconds to wait for it; undefined, with nothing taken, when that would be longer than `withinMs`
   */
  reserve(withinMs: number): number | undefined {
    this.#fill(0);
    const waitMs = (Math.max(0, 1 - this.#tokens) / this.#shares.perSecond) * 1_000;
    if (waitMs > withinMs) return undefined;
    this.#tokens -= 1;
    return waitMs;
  }

  #fill(more: number): void {
    const nowUs = this.#clock.nowUs();
    const { most, perSecond } = this.#shares;
    this.#tokens = Math.min(most, this.#tokens + more + ((nowUs - this.#atUs) / 1e6) * perSecond);
    this.#atUs = nowUs;
  }
}
