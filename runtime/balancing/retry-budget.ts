import type { Clock } from "../interface/clock.ts";

/** Of what is tried at one target, so much may be tried again: 20 %, and 3 times in a second beside that. */
const perCall = 0.2;
const perSecond = 3;
const most = 30;

/**
 * Keeps repeated calls and attempts from becoming the load that made them necessary: a token bucket, as the retry budget of Finagle
 * (https://twitter.github.io/finagle/guide/Clients.html#retries).
 */
export class RetryBudget {
  readonly #clock: Clock;
  #tokens: number;
  #atUs: number;

  /** @param tokens what may be repeated before anything has been tried */
  constructor(clock: Clock, tokens = perSecond) {
    this.#clock = clock;
    this.#tokens = tokens;
    this.#atUs = clock.nowUs();
  }

  /** Something was tried for the first time. */
  called(): void {
    this.#fill(perCall);
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
    const waitMs = (Math.max(0, 1 - this.#tokens) / perSecond) * 1_000;
    if (waitMs > withinMs) return undefined;
    this.#tokens -= 1;
    return waitMs;
  }

  #fill(more: number): void {
    const nowUs = this.#clock.nowUs();
    this.#tokens = Math.min(most, this.#tokens + more + ((nowUs - this.#atUs) / 1e6) * perSecond);
    this.#atUs = nowUs;
  }
}
