/** How much longer than the path itself takes a packet may be on its way where others wait for it, in milliseconds. */
export const targetMs = 10;
/** The least that is granted beyond what the path itself holds, as a share of it: room to notice that there is more. */
const probeShare = 0.25;
/** How long the shortest round trip counts, in milliseconds; routes change. */
const baseMsValid = 10_000;
/** Then queues are let run empty for so many round trips, to measure it anew (ProbeRTT of draft-ietf-ccwg-bbr). */
const drainRoundTrips = 3;
const drainShare = 0.5;
/** How long the best rate counts, in milliseconds and in round trips: both sides may be held up for a while. */
const rateMsValid = 1_000;
const rateRoundTripsValid = 10;
/** One that is no better than the last is noted after this share of that time. */
const rateStep = 1 / 16;

/** What had arrived when a packet was sent, as `sent` tells it, and `arrived` wants it back. */
export interface Mark {
  readonly sentMs: number;
  readonly bytes: number;
  readonly bytesMs: number;
}

/**
 * How much may be on its way so that little of it waits in queues: what the path holds by itself, and what passes in the time that may be
 * waited, by the rate at which data arrives and the shortest round trip (as RFC 6817 bounds the delay, and BBR the data in flight).
 */
export class DelayWindow {
  readonly #leastBytes: number;
  #baseMs = Number.POSITIVE_INFINITY;
  #baseSinceMs: number | undefined;
  /** While queues run empty: until when, the shortest round trip since, and whether that is only because the last one is old. */
  #drain: { readonly untilMs: number; shortestMs: number; readonly isOld: boolean } | undefined;
  /** Since when the path looks longer than it was. */
  #longerSinceMs: number | undefined;
  /** What has arrived so far, and when the last of it was heard of. */
  #bytes = 0;
  #bytesMs = 0;
  /** Bytes a millisecond, the best first, each better than those after it, which are newer. */
  #rates: { readonly rate: number; readonly atMs: number }[] = [];

  /** @param leastBytes granted always */
  constructor(leastBytes: number) {
    this.#leastBytes = leastBytes;
  }

  /** A packet is sent. @param isFirst nothing else is on its way */
  sent(isFirst: boolean, nowMs: number): Mark {
    // Between what was sent before and this nothing was wanted of the path.
    if (isFirst) this.#bytesMs = nowMs;
    return { sentMs: nowMs, bytes: this.#bytes, bytesMs: this.#bytesMs };
  }

  /**
   * So much has arrived.
   * @param mark of the last of it that was sent once only, where there is one
   * @param waitMs that was asked for when it was sent
   */
  arrived(bytes: number, mark: Mark | undefined, nowMs: number, waitMs: number = targetMs): void {
    if (bytes > 0) {
      this.#bytes += bytes;
      this.#bytesMs = nowMs;
    }
    if (mark === undefined) return;
    this.#measure(nowMs - mark.sentMs, nowMs, waitMs);
    // What arrives together was not sent together: the time counts from what had been heard of when this was sent.
    const rate = (this.#bytes - mark.bytes) / Math.max(0.1, nowMs - mark.bytesMs);
    const validMs = Math.max(rateMsValid, this.#baseMs * rateRoundTripsValid);
    const newest = this.#rates.at(-1);
    if (newest !== undefined && rate <= newest.rate && nowMs - newest.atMs < validMs * rateStep) return;
    this.#rates = this.#rates.filter((one) => nowMs - one.atMs <= validMs && one.rate > rate);
    this.#rates.push({ rate, atMs: nowMs });
  }

  /** Bytes; without bound as long as nothing is known. @param waitMs how much longer than the path itself takes a packet may be on its way */
  bytesFor(waitMs: number = targetMs): number {
    const [best] = this.#rates;
    if (best === undefined) return Number.POSITIVE_INFINITY;
    if (this.#drain?.isOld === false) return this.#leastBytes;
    const ms = this.#drain === undefined ? this.#baseMs + this.#waitMs(waitMs) : this.#baseMs * drainShare;
    return Math.max(this.#leastBytes, best.rate * ms);
  }

  #measure(rttMs: number, nowMs: number, waitMs: number): void {
    this.#baseSinceMs ??= nowMs;
    this.#baseMs = Math.min(this.#baseMs, rttMs);
    if (this.#drain !== undefined) {
      this.#drain.shortestMs = Math.min(this.#drain.shortestMs, rttMs);
      if (nowMs < this.#drain.untilMs) return;
      this.#baseMs = this.#drain.shortestMs;
      this.#baseSinceMs = nowMs;
      this.#drain = undefined;
      return;
    }
    // Where more may wait, the length of the path hardly matters, and to let it run empty costs more.
    const isOld = waitMs <= targetMs && nowMs - this.#baseSinceMs > baseMsValid;
    if (!isOld && !this.#isLonger(rttMs, nowMs, waitMs)) return;
    this.#longerSinceMs = undefined;
    this.#drain = { untilMs: nowMs + drainRoundTrips * rttMs, shortestMs: rttMs, isOld };
  }

  /**
   * A path that has become longer looks like a queue that does not empty, whatever is done about it; and what is left to be under way by the
   * length of before may be so little that it cannot tell.
   */
  #isLonger(rttMs: number, nowMs: number, waitMs: number): boolean {
    const looksLonger = rttMs > this.#baseMs + 2 * this.#waitMs(waitMs) || this.bytesFor(waitMs) <= this.#leastBytes;
    this.#longerSinceMs = looksLonger ? (this.#longerSinceMs ?? nowMs) : undefined;
    return this.#longerSinceMs !== undefined && nowMs - this.#longerSinceMs >= drainRoundTrips * rttMs;
  }

  /** @param waitMs that is asked for at least */
  #waitMs(waitMs: number): number {
    return Math.max(waitMs, this.#baseMs * probeShare);
  }
}
