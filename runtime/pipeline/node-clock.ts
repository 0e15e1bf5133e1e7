import type { Clock } from "../interface/clock.ts";

/** The clock of one instance of a node. It knows the timers that are set, so that none outlives the instance. */
export class NodeClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<() => void>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowUs(): number {
    return this.#clock.nowUs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  schedule(delayMs: number, callback: () => void): () => void {
    if (this.#closed) return () => undefined;
    const cancel = this.#clock.schedule(delayMs, () => {
      this.#timers.delete(forget);
      callback();
    });
    const forget = (): void => {
      this.#timers.delete(forget);
      cancel();
    };
    this.#timers.add(forget);
    return forget;
  }

  /** Cancels what is set, and sets no more. @returns how many timers there were */
  close(): number {
    this.#closed = true;
    const { size } = this.#timers;
    for (const forget of this.#timers) forget();
    return size;
  }
}
