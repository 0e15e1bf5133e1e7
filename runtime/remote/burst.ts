import type { Clock } from "../interface/clock.ts";

/** So many frames in a turn of the event loop are a burst. */
const burstFrames = 4;
/** How long the frames of a burst are gathered, in milliseconds. */
const gatherMs = 1;

/** Frames that follow each other so soon are taken for those of one turn, in microseconds. */
const sameTurnUs = 100;

/**
 * Which frames go together. A frame goes at once, for it may be the only one; those that follow it in the same turn of the event loop go
 * together at its end. While a burst goes on, or the channel has no room, they are gathered for a millisecond, the first as well: a message
 * costs an engine more than what is in it, and what comes in bursts waits for itself anyway. For a frame alone nothing is scheduled: that would cost as much as
 * the rest of it.
 */
export class Burst {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  /** When one came last that went at once. */
  #aloneUs = Number.NEGATIVE_INFINITY;
  /** Set while frames are gathered that go together. */
  #cancel: (() => void) | undefined;
  #gathered = 0;
  #isBurst = false;
  #isPressed = false;

  /** @param onEnd what was gathered is to go */
  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Frames are gathered. */
  get isOpen(): boolean {
    return this.#cancel !== undefined;
  }

  /** A frame has come. @returns true for one that goes at once */
  add(): boolean {
    this.#gathered += 1;
    if (this.isOpen) return false;
    if (this.#isBurst || this.#isPressed) {
      this.#gather(gatherMs);
      return false;
    }
    const now = this.#clock.nowUs();
    if (now - this.#aloneUs <= sameTurnUs) {
      this.#gather(0);
      return false;
    }
    this.#aloneUs = now;
    this.#gathered = 1;
    return true;
  }

  /** The channel has no room. */
  press(): void {
    this.#isPressed = true;
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#aloneUs = Number.NEGATIVE_INFINITY;
    this.#gathered = 0;
    this.#isPressed = false;
  }

  #gather(ms: number): void {
    this.#cancel = this.#clock.schedule(ms, () => {
      this.#isBurst = this.#gathered >= burstFrames || this.#isPressed;
      this.end();
      this.#onEnd();
    });
  }
}
