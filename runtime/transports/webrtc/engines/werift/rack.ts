import { isAfter, type SentChunk } from "./sctp.ts";

/** As long as no packet has overtaken another, what was sent so many packets before one that has come is lost (RFC 9002 section 6.1.1). */
const packetThreshold = 3;
/** What may be overtaken in the beginning, as a share of the shortest round trip. */
const windowShare = 0.25;
/** A window that has grown counts for so many recoveries in which nothing was sent again in vain. */
const persistence = 16;
/** How long the shortest round trip counts at least, in milliseconds: routes change. */
const shortestValidMs = 30_000;

/**
 * Tells what is lost by when it was sent: RACK (RFC 8985 section 6.2) with the SACKs of SCTP in place of those of TCP. On a path that keeps the
 * order of packets three that have come from behind are enough; on one that does not, a packet is waited for as long as others are seen to be overtaken.
 */
export class Rack {
  #shortestMs = Number.POSITIVE_INFINITY;
  /** Of the time before `#shortestSinceMs`. */
  #shortestBeforeMs = Number.POSITIVE_INFINITY;
  #shortestSinceMs = 0;
  /** What was sent last of all that has come, and its round trip. */
  #latest: { readonly order: number; readonly tookMs: number } | undefined;
  #highestTsn: number | undefined;
  #isReordered = false;
  #factor = 1;
  #recoveriesLeft = 0;
  /** What was sent again in vain until this TSN has come says no more than that which was told of first. */
  #roundEnd: number | undefined;

  /** The shortest round trip of late, in milliseconds; an answer that comes sooner is to something else. */
  get shortestMs(): number {
    return Math.min(this.#shortestMs, this.#shortestBeforeMs);
  }

  /** The other side has this now. Of what it tells together the lowest TSN comes first. */
  arrived({ tsn, order, sentMs, sentCount }: SentChunk, nowMs: number): void {
    const tookMs = nowMs - sentMs;
    if (sentCount === 1) this.#noteShortest(tookMs, nowMs);
    if (this.#highestTsn === undefined || isAfter(tsn, this.#highestTsn)) this.#highestTsn = tsn;
    else if (sentCount === 1) this.#isReordered = true;
    // It came when it was sent for the first time; when that was is not known any more.
    if (sentCount > 1 && tookMs < this.shortestMs) return;
    if (order > (this.#latest?.order ?? 0)) this.#latest = { order, tookMs };
  }

  /**
   * Something was sent again that the other side had, or was to get.
   * @param cumulativeTsn up to which all has come
   * @param nextTsn of what is sent for the first time from now on
   */
  wasInVain(cumulativeTsn: number, nextTsn: number): void {
    this.#isReordered = true;
    this.#recoveriesLeft = persistence;
    if (this.#roundEnd !== undefined && isAfter(this.#roundEnd, cumulativeTsn)) return;
    this.#roundEnd = nextTsn;
    this.#factor += 1;
  }

  /** A recovery has ended. */
  recovered(): void {
    this.#recoveriesLeft -= 1;
    if (this.#recoveriesLeft <= 0) this.#factor = 1;
  }

  /**
   * In how many milliseconds a chunk that has not come is lost: 0 or less when it is; undefined as long as nothing that was sent after it has come.
   * @param srttMs the smoothed round trip, as long as which it is waited for at most
   */
  lostInMs({ order, sentMs }: SentChunk, srttMs: number, nowMs: number): number | undefined {
    const latest = this.#latest;
    if (latest === undefined || order >= latest.order) return undefined;
    if (!this.#isReordered && order + packetThreshold <= latest.order) return 0;
    const windowMs = Math.min(this.shortestMs * windowShare * this.#factor, srttMs);
    return sentMs + latest.tookMs + windowMs - nowMs;
  }

  #noteShortest(ms: number, nowMs: number): void {
    if (nowMs - this.#shortestSinceMs > shortestValidMs) {
      this.#shortestBeforeMs = this.#shortestMs;
      this.#shortestMs = ms;
      this.#shortestSinceMs = nowMs;
    } else this.#shortestMs = Math.min(this.#shortestMs, ms);
  }
}
