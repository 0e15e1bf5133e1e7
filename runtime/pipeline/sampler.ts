import { MovingMean } from "./moving-mean.ts";

const closeUs = 50_000;
const farUs = 400_000;
const maxStride = 256;

/**
 * Which frames are timed: reading the clock for each would cost more than many nodes do. A few a second are enough, so
 * the busier a stage is, the more frames lie between.
 */
export class Sampler {
  readonly mean = new MovingMean();
  #stride = 1;
  #left = 1;
  #lastUs = Number.NEGATIVE_INFINITY;

  /** Counts a frame; true when it is to be timed. */
  due(): boolean {
    this.#left -= 1;
    return this.#left <= 0;
  }

  /** A frame was timed at `nowUs`. */
  done(nowUs: number): void {
    const gapUs = nowUs - this.#lastUs;
    this.#lastUs = nowUs;
    if (gapUs < closeUs) this.#stride = Math.min(maxStride, this.#stride * 2);
    else if (gapUs > farUs) this.#stride = Math.max(1, this.#stride >> 1);
    this.#left = this.#stride;
  }
}
