/**
 * A mean that a longer time lifts at once and that comes down slowly, after the "peak EWMA" of Finagle
 * (`com.twitter.finagle.loadbalancer.PeakEwma`; https://twitter.github.io/finagle/guide/Clients.html): who has just been slow has to
 * prove for a while that it no longer is. Unlike there it comes down to the last time that was measured and not to 0, for what is not
 * asked becomes no faster by that.
 */
export class PeakMean {
  readonly #decayUs: number;
  #mean = 0;
  #last: number | undefined;
  #atUs = 0;

  /** @param decayMs after so long the distance to the last measurement is down to 37 % */
  constructor(decayMs: number) {
    this.#decayUs = decayMs * 1_000;
  }

  /** @param nowUs by `Clock.nowUs` */
  measured(ms: number, nowUs: number): void {
    this.#mean = this.#last === undefined ? ms : Math.max(ms, this.value(nowUs) ?? ms);
    this.#last = ms;
    this.#atUs = nowUs;
  }

  /** @returns undefined before the first measurement */
  value(nowUs: number): number | undefined {
    if (this.#last === undefined) return undefined;
    const kept = Math.exp(-Math.max(0, nowUs - this.#atUs) / this.#decayUs);
    return this.#last + (this.#mean - this.#last) * kept;
  }
}
