/** What comes so much later than what came soonest has waited for others on its way, in milliseconds. */
const mostMs = 200;
/** So late may be what is sent before it is known how long the way is. */
const firstMs = 500;
/** The soonest is forgotten by so much with each that arrives: ways change. */
const forgetting = 1.01;
/** Written frames whose times are kept. */
const mostWritten = 1_024;

/**
 * How late frames arrive, from how many of them have not yet: a connection takes more than passes, and what waits there grows old. Times
 * are in milliseconds.
 */
export class Lateness {
  /** When those that have not arrived were written, the oldest first. */
  readonly #writtenMs: number[] = [];
  #soonestMs: number | undefined;

  wrote(nowMs: number): void {
    this.#writtenMs.push(nowMs);
    if (this.#writtenMs.length > mostWritten) this.#writtenMs.shift();
  }

  /** @param waiting frames that have not arrived @returns true when it is better to write nothing now */
  isLate(nowMs: number, waiting: number): boolean {
    const arrived = this.#writtenMs.splice(0, Math.max(0, this.#writtenMs.length - waiting)).at(-1);
    if (arrived !== undefined) {
      const tookMs = nowMs - arrived;
      this.#soonestMs = Math.min(tookMs, (this.#soonestMs ?? tookMs) * forgetting);
    }
    const [oldest] = this.#writtenMs;
    if (oldest === undefined) return false;
    return nowMs - oldest > (this.#soonestMs === undefined ? firstMs : this.#soonestMs + mostMs);
  }
}
