import type { Clock } from "../interface/clock.ts";

/** The clock of one instance of a node. It knows the timers that are set, so that none outlives the instance. */
export class NodeClock implements Clock {
  readonly #clock: Clock;
  #timers: Set<() => void> | undefined;
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
    const timers = (this.#timers ??= new Set());
    const cancel = this.#clock.schedule(delayMs, () => {
      timers.delete(forget);
      callback();
    });
    const forget = (): void => {
      timers.delete(forget);
      cancel();
    };
    timers.add(forget);
    return forget;
  }

  /** Cancels what is set, and sets no more. @returns how many timers there were */
  close(): number {
    this.#closed = true;
    const left = [...(this.#timers ?? [])];
    for (const forget of left) forget();
    return left.length;
  }
}
