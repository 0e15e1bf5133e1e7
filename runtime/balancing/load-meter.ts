import type { Clock } from "../interface/clock.ts";
import type { LoadReport } from "./load.ts";

/** The weight of a new service time in the mean; about the last 33 count. The first ones all count alike. */
const weight = 0.03;

/** One session or call, from its arrival to its end. */
export interface MeteredWork {
  /** Its turn has come; left out, it was so at its arrival. */
  started(): void;
  /** Calling it again does nothing. */
  ended(): void;
}

/** On the side of a candidate: what it has to do, and how long that takes. */
export class LoadMeter {
  readonly #clock: Clock;
  readonly #slots: number | undefined;
  #inFlight = 0;
  #measured = 0;
  #serviceMs = 0;

  /** @param slots how many it works on at the same time */
  constructor(clock: Clock, slots?: number) {
    this.#clock = clock;
    this.#slots = slots;
  }

  arrived(): MeteredWork {
    const clock = this.#clock;
    let startUs = clock.nowUs();
    let over = false;
    this.#inFlight += 1;
    return {
      started: () => void (startUs = clock.nowUs()),
      ended: () => {
        if (over) return;
        over = true;
        this.#inFlight -= 1;
        this.#measure((clock.nowUs() - startUs) / 1_000);
      },
    };
  }

  report(): LoadReport {
    return {
      inFlight: this.#inFlight,
      ...(this.#slots !== undefined && { slots: this.#slots }),
      ...(this.#measured > 0 && { serviceMs: this.#serviceMs }),
    };
  }

  #measure(serviceMs: number): void {
    this.#measured += 1;
    this.#serviceMs += (serviceMs - this.#serviceMs) * Math.max(weight, 1 / this.#measured);
  }
}
