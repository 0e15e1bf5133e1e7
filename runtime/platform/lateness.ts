/** What comes so much later than what came soonest has waited for others on its way, in milliseconds. */
const mostMs = 200;
/** So many may be on their way before it is known how long that is. */
const firstFrames = 8;
/** If all are late for so long, it may be the way that is longer now, in milliseconds: then it is found out anew. */
const doubtMs = 1_000;
/** Nearly as soon as the soonest. */
const nearShare = 1.25;
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
  /** When one was nearly as soon, or was no longer expected to be. */
  #nearMs = 0;
  /** Nothing is written until all has arrived: the next one waits for no other. */
  #isEmptying = false;

  wrote(nowMs: number): void {
    this.#writtenMs.push(nowMs);
    if (this.#writtenMs.length > mostWritten) this.#writtenMs.shift();
  }

  /** @param waiting frames that have not arrived @returns true when it is better to write nothing now */
  isLate(nowMs: number, waiting: number): boolean {
    const arrived = this.#writtenMs.splice(0, Math.max(0, this.#writtenMs.length - waiting)).at(-1);
    if (arrived !== undefined) this.#arrived(nowMs, nowMs - arrived);
    const [oldest] = this.#writtenMs;
    if (oldest === undefined) {
      if (this.#isEmptying) this.#soonestMs = undefined;
      this.#isEmptying = false;
      return false;
    }
    if (this.#isEmptying) return true;
    if (this.#soonestMs === undefined) return this.#writtenMs.length >= firstFrames;
    const isLate = nowMs - oldest > this.#soonestMs + mostMs;
    this.#isEmptying = isLate && nowMs - this.#nearMs > doubtMs;
    return isLate;
  }

  #arrived(nowMs: number, tookMs: number): void {
    const isNear = this.#soonestMs === undefined || tookMs <= this.#soonestMs * nearShare;
    if (isNear) this.#nearMs = nowMs;
    this.#soonestMs = Math.min(tookMs, this.#soonestMs ?? tookMs);
  }
}
