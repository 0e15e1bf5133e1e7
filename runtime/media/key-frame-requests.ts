import type { Clock } from "../interface/clock.ts";

/** Asks for key frames, not more often than a sender could answer. */
export class KeyFrameRequests {
  readonly #clock: Clock;
  readonly #intervalUs: number;
  readonly #request: () => void;
  #lastUs = -Infinity;

  constructor(clock: Clock, intervalMs: number, request: () => void) {
    this.#clock = clock;
    this.#intervalUs = intervalMs * 1_000;
    this.#request = request;
  }

  /** Asks, unless it has just been done. */
  ask(): void {
    const nowUs = this.#clock.nowUs();
    if (nowUs - this.#lastUs < this.#intervalUs) return;
    this.#lastUs = nowUs;
    this.#request();
  }
}
