import type { Clock } from "../interface/clock.ts";

/** Of the calls to one target, so many may be repeated: 20 %, and 3 in a second beside that. */
const perCall = 0.2;
const perSecond = 3;
const most = 30;

/** Keeps repeated calls from becoming the load that made them necessary. */
export class RetryBudget {
  readonly #clock: Clock;
  #tokens = perSecond;
  #atUs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atUs = clock.nowUs();
  }

  /** A call was made. */
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

  #fill(more: number): void {
    const nowUs = this.#clock.nowUs();
    this.#tokens = Math.min(most, this.#tokens + more + ((nowUs - this.#atUs) / 1e6) * perSecond);
    this.#atUs = nowUs;
  }
}
