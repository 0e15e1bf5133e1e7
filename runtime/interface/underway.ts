/** Counts what is under way, for whoever waits until nothing is any more. */
export class Underway {
  #count = 0;
  #waiting: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  /** One more is under way. @returns ends it; calling it again does nothing */
  begin(): () => void {
    this.#count += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#count -= 1;
      if (this.#count > 0) return;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    };
  }

  /** Resolves when nothing is under way. */
  over(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** What goes on at a place that takes nobody new. */
export interface Draining {
  /** Calls that were taken and have no answer yet. */
  readonly calls: Underway;
  /** Sessions of callers, which end when those want. */
  readonly streams: Underway;
}
