import type { Clock } from "../interface/clock.ts";

const framesBetweenLooks = 256;
const sliceUs = 8_000;

/**
 * Keeps a session that always has work from starving timers and the network: its stages hand frames on in microtasks,
 * which come before everything else, so now and then one has to wait for a turn of the event loop.
 */
export class Turns {
  readonly #clock: Clock;
  #count = 0;
  #sliceStartUs: number;
  #pause: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sliceStartUs = clock.nowUs();
  }

  /** Counts a frame; true when others must have a turn before the next. */
  spend(): boolean {
    this.#count += 1;
    if (this.#count < framesBetweenLooks) return this.#pause !== undefined;
    this.#count = 0;
    return this.#pause !== undefined || this.#clock.nowUs() - this.#sliceStartUs >= sliceUs;
  }

  /** Counts a frame; undefined when the next may follow at once. */
  due(): Promise<void> | undefined {
    return this.spend() ? this.next() : undefined;
  }

  /** Resolves after a turn of the event loop. */
  next(): Promise<void> {
    this.#pause ??= new Promise((resolve) => {
      this.#clock.schedule(0, () => {
        this.#pause = undefined;
        this.#sliceStartUs = this.#clock.nowUs();
        resolve();
      });
    });
    return this.#pause;
  }
}
