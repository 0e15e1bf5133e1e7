import type { Clock } from "../../interface/clock.ts";

/** What has come is told at once, and what comes after that together, in milliseconds: each message costs both sides. */
const togetherMs = 2;

/** Tells the other side what has come over its channels, when it has asked. */
export class Confirmations {
  readonly #clock: Clock;
  readonly #tell: (id: number) => void;
  /** Channels of which there is more to be told. */
  readonly #more = new Set<number>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, tell: (id: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** @param id of a channel over which something has come */
  asked(id: number): void {
    if (this.#cancel !== undefined) this.#more.add(id);
    else {
      this.#tell(id);
      this.#wait();
    }
  }

  close(): void {
    this.#cancel?.();
    this.#more.clear();
  }

  #wait(): void {
    this.#cancel = this.#clock.schedule(togetherMs, () => {
      this.#cancel = undefined;
      if (this.#more.size === 0) return;
      const ids = [...this.#more];
      this.#more.clear();
      this.#wait();
      for (const id of ids) this.#tell(id);
    });
  }
}
