/** Weight of the newest sample once the mean has settled: about the latest 32 samples count. */
const weight = 1 / 16;

/** An exponentially weighted mean without storage: settles as a plain mean, then follows the latest samples. */
export class MovingMean {
  #count = 0;
  #mean = 0;

  add(sample: number): void {
    this.#count += 1;
    this.#mean += (sample - this.#mean) * Math.max(weight, 1 / this.#count);
  }

  /** Undefined before the first sample. */
  get value(): number | undefined {
    return this.#count === 0 ? undefined : this.#mean;
  }
}
