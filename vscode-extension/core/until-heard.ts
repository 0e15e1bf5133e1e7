/** The first pause, and how long one gets: each is twice the one before. */
const firstMs = 50;
const longestMs = 2000;
/** So often it is said: a minute, which no editor takes that is there. */
const maxTimes = 36;

/** Says something that may be lost, again and again until somebody has heard it. */
export class UntilHeard {
  readonly #say: () => void;
  readonly #after: (ms: number, callback: () => void) => void;
  readonly #givenUp: () => void;
  #isHeard = false;

  /**
   * @param after calls back after so many milliseconds
   * @param givenUp told when nobody has heard it
   */
  constructor(say: () => void, after: (ms: number, callback: () => void) => void, givenUp: () => void) {
    this.#say = say;
    this.#after = after;
    this.#givenUp = givenUp;
  }

  start(): void {
    this.#repeat(1, firstMs);
  }

  heard(): void {
    this.#isHeard = true;
  }

  #repeat(times: number, pauseMs: number): void {
    if (this.#isHeard) return;
    if (times > maxTimes) {
      this.#givenUp();
      return;
    }
    this.#say();
    this.#after(pauseMs, () => this.#repeat(times + 1, Math.min(2 * pauseMs, longestMs)));
  }
}
