import type { Clock } from "../../interface/clock.ts";

/** A channel is alone when no other has had anything to send for so long, in microseconds. */
const sharedUs = 250_000;

/** Whether one channel of a connection, beside the control channel, is the only one in use: then nothing can be late for what is large. */
export class SoleUse {
  readonly #clock: Clock;
  /** Who had something to send last, and when that was somebody else before. */
  #last: object | undefined;
  #sharedUs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param channel that has something to send, other than the control channel */
  used(channel: object): void {
    if (channel === this.#last) return;
    this.#sharedUs = this.#last === undefined ? Number.NEGATIVE_INFINITY : this.#clock.nowUs();
    this.#last = channel;
  }

  get now(): boolean {
    return this.isFor(sharedUs);
  }

  /** @param us for so many microseconds by now */
  isFor(us: number): boolean {
    return this.#clock.nowUs() - this.#sharedUs >= us;
  }
}
