/** What becomes of a server that has gone. */
export type AfterEnd = { readonly isRestarted: true } | { readonly isRestarted: false; readonly message: string };

/** A server that ends more often than this in so much time would do so again. */
const maxEnds = 4;
const withinMs = 3 * 60 * 1000;

/** Decides whether a server that has ended without having been told to is started again. */
export class Restarts {
  readonly #nowMs: () => number;
  /** When the latest have ended. */
  #ends: readonly number[] = [];

  /** @param nowMs a clock that only goes forward */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  ended(): AfterEnd {
    const nowMs = this.#nowMs();
    this.#ends = [...this.#ends.filter((atMs) => nowMs - atMs <= withinMs), nowMs];
    if (this.#ends.length <= maxEnds) return { isRestarted: true };
    const message = `The language server of Mesh has ended ${this.#ends.length} times within three minutes, and is not started again by itself. "Mesh: Restart Language Server" starts it.`;
    return { isRestarted: false, message };
  }
}
