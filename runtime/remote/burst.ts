import type { Clock } from "../interface/clock.ts";

/** So many frames in a turn of the event loop are a burst. */
const burstFrames = 4;
/** How long the frames of a burst are gathered, in milliseconds. */
const gatherMs = 1;

/**
 * Which frames go together. A frame goes at once, for it may be the only one; those that follow it in the same turn of the event loop go
 * together at its end. While a burst goes on, or the channel has no room, they are gathered for a millisecond, the first as well: a message
 * costs an engine more than what is in it, and what comes in bursts waits for itself anyway.
 */
export class Burst {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  /** Set from the first frame that others may follow until they go together. */
  #cancel: (() => void) | undefined;
  #gathered = 0;
  #isBurst = false;
  #isPressed = false;

  /** @param onEnd what was gathered is to go */
  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** The end of the turn is still to come. */
  get isOpen(): boolean {
    return this.#cancel !== undefined;
  }

  /** A frame has come. @returns true for one that goes at once */
  add(): boolean {
    this.#gathered += 1;
    if (this.isOpen) return false;
    this.#cancel = this.#clock.schedule(this.#isBurst ? gatherMs : 0, () => {
      this.#isBurst = this.#gathered >= burstFrames || this.#isPressed;
      this.end();
      this.#onEnd();
    });
    return !this.#isBurst;
  }

  /** The channel has no room. */
  press(): void {
    this.#isPressed = true;
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#gathered = 0;
    this.#isPressed = false;
  }
}
