import type { Clock } from "../interface/clock.ts";
import type { LoadReport } from "./load.ts";

/** The weight of a new service time in the mean; about the last 33 count. The first ones all count alike. */
const weight = 0.03;

/** One session or call, from its arrival to its end. */
export interface MeteredWork {
  /** Its turn has come; left out, it was so at its arrival. */
  started(): void;
  /** Calling it again does nothing, and neither does `released` then. */
  ended(): void;
  /**
   * It is over, and how long it took says nothing of the candidate: a session, which lasts as long as its caller likes, or what has
   * failed.
   */
  released(): void;
}

/** On the side of a candidate: what it has to do, and how long that takes. */
export class LoadMeter {
  readonly #clock: Clock;
  readonly #slots: number | undefined;
  #inFlight = 0;
  #measured = 0;
  #serviceMs = 0;
  readonly #listeners = new Set<() => void>();

  /** @param slots how many it works on at the same time */
  constructor(clock: Clock, slots?: number) {
    this.#clock = clock;
    this.#slots = slots;
  }

  /** All slots are in use; never where there is no such number. */
  get full(): boolean {
    return this.#slots !== undefined && this.#inFlight >= this.#slots;
  }

  /** @param listener is told when something has arrived or is over @returns ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  arrived(): MeteredWork {
    const clock = this.#clock;
    let startUs = clock.nowUs();
    let over = false;
    this.#inFlight += 1;
    this.#changed();
    const end = (measure: boolean): void => {
      if (over) return;
      over = true;
      this.#inFlight -= 1;
      if (measure) this.#measure((clock.nowUs() - startUs) / 1_000);
      this.#changed();
    };
    return {
      started: () => void (startUs = clock.nowUs()),
      ended: () => end(true),
      released: () => end(false),
    };
  }

  report(): LoadReport {
    return {
      inFlight: this.#inFlight,
      ...(this.#slots !== undefined && { slots: this.#slots }),
      ...(this.#measured > 0 && { serviceMs: this.#serviceMs }),
    };
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #measure(serviceMs: number): void {
    this.#measured += 1;
    this.#serviceMs += (serviceMs - this.#serviceMs) * Math.max(weight, 1 / this.#measured);
  }
}
