const closeUs = 150_000;
const farUs = 400_000;
const maxStride = 256;

/** How many frames to let pass until the next is timed. @param gapUs since the one before was */
export function nextStride(stride: number, gapUs: number): number {
  if (gapUs < closeUs) return Math.min(maxStride, stride * 2);
  return gapUs > farUs ? Math.max(1, stride >> 1) : stride;
}

/**
 * Which frames are timed: reading the clock for each would cost more than many nodes do. A few a second are enough, so
 * the busier a stage is, the more frames lie between.
 */
export class Sampler {
  #stride = 1;
  #left = 1;
  #lastUs = Number.NEGATIVE_INFINITY;

  /** Counts a frame; true when it is to be timed. */
  due(): boolean {
    this.#left -= 1;
    return this.#left <= 0;
  }

  /** A frame was timed at `nowUs`. @returns how many more until the next that is to be timed, at least 1 */
  done(nowUs: number): number {
    const gapUs = nowUs - this.#lastUs;
    this.#lastUs = nowUs;
    this.#stride = nextStride(this.#stride, gapUs);
    this.#left = this.#stride;
    return this.#stride;
  }
}
