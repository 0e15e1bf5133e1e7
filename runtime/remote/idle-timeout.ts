import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";

/** Notices that nothing has moved for so long: reads the clock for each frame, and sets one timer for all of them. */
export class IdleTimeout {
  readonly #clock: Clock;
  readonly #afterMs: number;
  readonly #onIdle: () => void;
  #movedUs = 0;
  #moved = false;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, afterMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#afterMs = afterMs;
    this.#onIdle = onIdle;
  }

  /** True when anything has since the start. */
  get moved(): boolean {
    return this.#moved;
  }

  start(): void {
    this.stop();
    this.#moved = false;
    this.#movedUs = this.#clock.nowUs();
    this.#wait(this.#afterMs);
  }

  /** A frame has gone or come. */
  touch(): void {
    this.#moved = true;
    this.#movedUs = this.#clock.nowUs();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(ms: number): void {
    this.#cancel = this.#clock.schedule(ms, () => {
      const leftMs = this.#afterMs - (this.#clock.nowUs() - this.#movedUs) / 1_000;
      if (leftMs > 0) this.#wait(leftMs);
      else this.#onIdle();
    });
  }
}

/** @param target as the program writes it */
export function idleError(target: string, afterMs: number): MeshError {
  return new MeshError("deadline-exceeded", `${target} has neither taken nor given a frame for ${afterMs} ms.`, {
    hint: "Give `timeout idle` of its remote longer where there may be nothing to say for so long.",
  });
}
