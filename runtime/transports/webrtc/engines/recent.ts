/** Whether something has happened within so many milliseconds. */
export class Recent {
  readonly #ms: number;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(ms: number) {
    this.#ms = ms;
  }

  happened(nowMs: number): void {
    this.#lastMs = nowMs;
  }

  is(nowMs: number): boolean {
    return nowMs - this.#lastMs < this.#ms;
  }
}
