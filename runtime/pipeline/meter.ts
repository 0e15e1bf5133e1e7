import type { Clock } from "../interface/clock.ts";
import type { MovingMean } from "./moving-mean.ts";

/** One frame in so many is timed; reading the clock twice for each would cost more than many nodes do. */
const sampleEvery = 16;

/**
 * Measures the work of nodes. Where one calls the next in line, the time of the inner call is taken out of the outer
 * one, so that each node shows its own.
 */
export class Meter {
  readonly #clock: Clock;
  #depth = 0;
  #sampling = false;
  #innerUs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowUs(): number {
    return this.#clock.nowUs();
  }

  /** Begins a call; the result goes to `leave`. Negative when this frame is not timed. */
  enter(frames: number): number {
    if (this.#depth === 0) this.#sampling = frames % sampleEvery === 0;
    this.#depth += 1;
    return this.#sampling ? this.#clock.nowUs() - this.#innerUs : -1;
  }

  leave(token: number, mean: MovingMean | undefined): void {
    this.#depth -= 1;
    if (token >= 0) {
      const ownUs = this.#clock.nowUs() - this.#innerUs - token;
      mean?.add(ownUs / 1000);
      this.#innerUs += ownUs;
    }
    if (this.#depth === 0) this.#innerUs = 0;
  }
}
