/** How long the best rate counts, in milliseconds and in round trips: both sides may be held up for a while. */
export const rateMsValid = 1_000;
const rateRoundTripsValid = 10;
/** One that is no better than the last is noted after this share of that time. */
const rateStep = 1 / 16;
/** What arrives together by chance would make a rate without bound, in milliseconds. */
const leastMs = 0.1;

/** What had arrived at a time. */
export interface Arrived {
  readonly bytes: number;
  /** When the last of it was heard of. */
  readonly atMs: number;
  /** Nothing had arrived since there was nothing under way: a rate from there on is too low. */
  readonly isFirst: boolean;
}

/** What arrives at the other side, and how fast. */
export class Arrivals {
  #now: Arrived = { bytes: 0, atMs: 0, isFirst: true };
  /** What had arrived when the last two round trips ended. */
  #before: Arrived[] = [];

  get now(): Arrived {
    return this.#now;
  }

  /** What was under way has arrived, and more is sent. */
  begin(nowMs: number): void {
    this.#now = { ...this.#now, atMs: nowMs, isFirst: true };
  }

  add(bytes: number, nowMs: number): void {
    if (bytes > 0) this.#now = { bytes: this.#now.bytes + bytes, atMs: nowMs, isFirst: false };
  }

  /**
   * Bytes a millisecond at the end of a round trip.
   * @param sent what had arrived when it began
   * @param alone not over the two last ones, as where nothing is special in them: what is heard of together by chance counts half as much then
   */
  rateSince(sent: Arrived, nowMs: number, alone: boolean): number {
    if (sent.isFirst || alone) this.forget();
    // What arrives together was not sent together: the time counts from what had been heard of when this was sent.
    const { bytes, atMs } = (this.#before.length === 2 ? this.#before.shift() : undefined) ?? sent;
    this.#before.push({ bytes: this.#now.bytes, atMs: nowMs, isFirst: false });
    return (this.#now.bytes - bytes) / Math.max(leastMs, nowMs - atMs);
  }

  /** The next round trip stands alone. */
  forget(): void {
    this.#before = [];
  }
}

/** The best rate of late. */
export class BestRate {
  /** Bytes a millisecond, the best first, each better than those after it, which are newer. */
  #rates: { readonly rate: number; readonly atMs: number }[] = [];

  /** Undefined as long as nothing is known. */
  get best(): number | undefined {
    return this.#rates[0]?.rate;
  }

  /**
   * @param pathMs how long the path is
   * @param tells as much was sent as the path takes; otherwise only a better one says something
   */
  note(rate: number, nowMs: number, pathMs: number, tells: boolean): void {
    const { best } = this;
    if (best !== undefined && !tells && rate <= best) {
      this.#rates = [{ rate: best, atMs: nowMs }];
      return;
    }
    const validMs = Math.max(rateMsValid, pathMs * rateRoundTripsValid);
    const newest = this.#rates.at(-1);
    if (newest !== undefined && rate <= newest.rate && nowMs - newest.atMs < validMs * rateStep) return;
    this.#rates = this.#rates.filter((one) => nowMs - one.atMs <= validMs && one.rate > rate);
    this.#rates.push({ rate, atMs: nowMs });
  }
}
