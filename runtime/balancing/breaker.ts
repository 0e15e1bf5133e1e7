import type { Clock } from "../interface/clock.ts";

/** When a breaker opens, and for how long. Conditions that are left out do not count. */
export interface BreakerSettings {
  /** So many failures in a row. */
  readonly inARow?: number;
  /** So many failures within the window. */
  readonly failures?: number;
  /** Less than this share of successes within the window, 0 to 1, once it holds `atLeast` results. */
  readonly successShare?: { readonly under: number; readonly atLeast: number };
  readonly windowMs: number;
  /** How long it stays open at first; doubled each time that a probe fails, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

/**
 * Five failures in a row, as in Envoy's outlier detection and Finagle's failure accrual, or less than 80 % successes in 30 s, as in
 * the latter (https://twitter.github.io/finagle/guide/Clients.html#failure-accrual).
 */
export const usualBreaker: BreakerSettings = {
  inARow: 5,
  successShare: { under: 0.8, atLeast: 5 },
  windowMs: 30_000,
  openMs: 1_000,
  maxOpenMs: 30_000,
};

/** The window goes on in steps of so much of it. */
const steps = 10;

interface Step {
  readonly number: number;
  failed: number;
  total: number;
}

/**
 * Keeps what fails from being tried for a while (Nygard, "Release It!", 2nd edition, Pragmatic Bookshelf 2018, chapter 5: circuit breaker). While it
 * is *open* nothing is tried; then it is *half-open*, for one probe: when that succeeds it is *closed* again, when it fails it is
 * open for twice as long. Sets no timers.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #settings: BreakerSettings;
  #row = 0;
  #steps: Step[] = [];
  /** Undefined while it is closed. */
  #openUntilUs: number | undefined;
  #openMs: number;
  /** Until then the result of a probe is waited for. */
  #probingUntilUs = 0;

  constructor(clock: Clock, settings: BreakerSettings = usualBreaker) {
    this.#clock = clock;
    this.#settings = settings;
    this.#openMs = settings.openMs;
  }

  get state(): "closed" | "open" | "half-open" {
    if (this.#openUntilUs === undefined) return "closed";
    return this.#clock.nowUs() < this.#openUntilUs ? "open" : "half-open";
  }

  /** Milliseconds until a probe may be made; 0 where it is not open. */
  get opensForMs(): number {
    return Math.max(0, ((this.#openUntilUs ?? 0) - this.#clock.nowUs()) / 1_000);
  }

  /** True when an attempt may be made now. */
  get allows(): boolean {
    const { state } = this;
    return state === "closed" || (state === "half-open" && this.#clock.nowUs() >= this.#probingUntilUs);
  }

  /**
   * An attempt is made. Where it is not closed that is the probe, also before its time, and no other is allowed before its result, or
   * `maxOpenMs` without one.
   */
  begin(): void {
    if (this.#openUntilUs === undefined) return;
    const nowUs = this.#clock.nowUs();
    this.#openUntilUs = Math.min(this.#openUntilUs, nowUs);
    this.#probingUntilUs = nowUs + this.#settings.maxOpenMs * 1_000;
  }

  /** An attempt has come to no result: another may be made in its place. */
  abandoned(): void {
    this.#probingUntilUs = 0;
  }

  succeeded(): void {
    if (this.state === "open") return;
    if (this.#openUntilUs !== undefined) this.#close();
    this.#row = 0;
    this.#count(0);
  }

  failed(): void {
    const { state } = this;
    if (state === "open") return;
    if (state === "half-open") {
      this.#open(Math.min(2 * this.#openMs, this.#settings.maxOpenMs));
      return;
    }
    this.#row += 1;
    this.#count(1);
    if (this.#isTooMuch()) this.#open(this.#settings.openMs);
  }

  #isTooMuch(): boolean {
    const { inARow, failures, successShare } = this.#settings;
    const failed = this.#steps.reduce((sum, step) => sum + step.failed, 0);
    const total = this.#steps.reduce((sum, step) => sum + step.total, 0);
    if (inARow !== undefined && this.#row >= inARow) return true;
    if (failures !== undefined && failed >= failures) return true;
    return successShare !== undefined && total >= successShare.atLeast && 1 - failed / total < successShare.under;
  }

  #count(failed: 0 | 1): void {
    const number = Math.floor(this.#clock.nowUs() / ((this.#settings.windowMs * 1_000) / steps));
    this.#steps = this.#steps.filter((step) => step.number > number - steps);
    let last = this.#steps.at(-1);
    if (last?.number !== number) {
      last = { number, failed: 0, total: 0 };
      this.#steps.push(last);
    }
    last.failed += failed;
    last.total += 1;
  }

  #open(forMs: number): void {
    this.#openMs = forMs;
    this.#openUntilUs = this.#clock.nowUs() + forMs * 1_000;
    this.#probingUntilUs = 0;
    this.#row = 0;
    this.#steps = [];
  }

  #close(): void {
    this.#openUntilUs = undefined;
    this.#openMs = this.#settings.openMs;
    this.#probingUntilUs = 0;
  }
}

/**
 * More than half of all open says more of the one who looks than of those that are looked at: then breakers count for nothing, as with
 * Envoy's panic threshold.
 */
export function isPanic(open: number, all: number): boolean {
  return 2 * open > all;
}
