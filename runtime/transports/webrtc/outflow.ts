import type { Clock } from "../../interface/clock.ts";

/** What has left must be so many times what may hide, for the rate to be near what it is. */
const hiddenTimes = 4;
/** The rate is found anew after so long at the latest, in microseconds. */
const longestUs = 1_000_000;
/** After so long without anything to send, the time until there is something does not count, in microseconds. */
const idleUs = 100_000;

/**
 * How fast what an engine was given leaves for the network, at least: beside what it tells, an engine may hold a buffer that nobody sees, and
 * what has gone into that has not left.
 */
export class Outflow {
  readonly #clock: Clock;
  readonly #hiddenBytes: number;
  #sinceUs = Number.NEGATIVE_INFINITY;
  /** When it was last given something. */
  #givenUs = Number.NEGATIVE_INFINITY;
  #bytes = 0;
  /** Bytes a millisecond. */
  #rate = 0;

  constructor(clock: Clock, hiddenBytes: number) {
    this.#clock = clock;
    this.#hiddenBytes = hiddenBytes;
  }

  /** It is given something. */
  given(): void {
    const now = this.#clock.nowUs();
    if (now - this.#givenUs > idleUs) this.#begin(now);
    this.#givenUs = now;
    this.#look(now);
  }

  /** So much of what it was given is no more in what it tells. */
  left(bytes: number): void {
    this.#bytes += bytes;
    this.#look(this.#clock.nowUs());
  }

  /** How many bytes leave in so many milliseconds; 0 while that is not known. */
  bytesIn(ms: number): number {
    return this.#rate * ms;
  }

  #look(now: number): void {
    const us = now - this.#sinceUs;
    if (us < longestUs && this.#bytes < hiddenTimes * this.#hiddenBytes) return;
    this.#rate = (Math.max(0, this.#bytes - this.#hiddenBytes) * 1_000) / Math.max(1, us);
    this.#begin(now);
  }

  #begin(now: number): void {
    this.#sinceUs = now;
    this.#bytes = 0;
  }
}
