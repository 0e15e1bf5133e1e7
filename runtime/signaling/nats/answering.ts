import type { Clock } from "../../interface/clock.ts";

/** Between two questions to a store that does not answer, in milliseconds. */
const againMs = 1_000;

/**
 * Whether a store answers: servers may be connected that have no majority. Who is told that it does not goes elsewhere and asks no more, so it is
 * asked from here until it does.
 */
export class Answering {
  readonly #clock: Clock;
  readonly #ask: () => Promise<unknown>;
  #isGood = true;
  #isStopped = false;
  #cancel: (() => void) | undefined;

  /** @param ask anything, of no effect */
  constructor(clock: Clock, ask: () => Promise<unknown>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  get isGood(): boolean {
    return this.#isGood;
  }

  /** Keeps in mind whether there was an answer. @throws what the question fails with */
  async note<T>(question: Promise<T>): Promise<T> {
    try {
      const answer = await question;
      this.#isGood = true;
      return answer;
    } catch (error) {
      this.#failed();
      throw error;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #failed(): void {
    this.#isGood = false;
    if (this.#isStopped || this.#cancel !== undefined) return;
    this.#cancel = this.#clock.schedule(againMs, () => {
      this.#cancel = undefined;
      if (!this.#isGood) this.note(this.#ask()).catch(() => undefined);
    });
  }
}
