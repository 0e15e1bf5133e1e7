/** How much longer than the path itself takes a packet may be on its way, in milliseconds. */
const targetMs = 10;
/** The least that is granted beyond what the path itself holds, as a share of it: room to notice that there is more. */
const probeShare = 0.25;
/** How long the shortest round trip counts, in milliseconds; routes change. */
const baseMsValid = 10_000;
/** Then queues are let run empty for so many round trips, to measure it anew (ProbeRTT of draft-ietf-ccwg-bbr). */
const drainRoundTrips = 3;
const drainShare = 0.5;
/** A rate is measured over no less than this, in milliseconds, and the best of so many counts: a process may be held up. */
const rateOverMs = 10;
const ratesKept = 4;

/**
 * How much may be on its way so that little of it waits in queues: what the path holds by itself, and what passes in the time that may be
 * waited, by the rate at which data arrives and the shortest round trip (as RFC 6817 bounds the delay, and BBR the data in flight).
 */
export class DelayWindow {
  readonly #leastBytes: number;
  #baseMs = Number.POSITIVE_INFINITY;
  #baseSinceMs: number | undefined;
  /** While queues run empty: until when, and the shortest round trip since. */
  #drain: { readonly untilMs: number; shortestMs: number } | undefined;
  #bytes = 0;
  #sinceMs: number | undefined;
  /** Bytes a millisecond, the newest last. */
  readonly #rates: number[] = [];

  /** @param leastBytes granted always */
  constructor(leastBytes: number) {
    this.#leastBytes = leastBytes;
  }

  /**
   * So much has arrived.
   * @param rttMs how long one of it took to be answered, where that is known
   */
  arrived(bytes: number, rttMs: number | undefined, nowMs: number): void {
    if (rttMs !== undefined) this.#measure(rttMs, nowMs);
    this.#bytes += bytes;
    this.#sinceMs ??= nowMs;
    const ms = nowMs - this.#sinceMs;
    if (ms < Math.max(rateOverMs, this.#baseMs === Number.POSITIVE_INFINITY ? 0 : this.#baseMs)) return;
    this.#rates.push(this.#bytes / ms);
    if (this.#rates.length > ratesKept) this.#rates.shift();
    this.#bytes = 0;
    this.#sinceMs = nowMs;
  }

  /** Bytes; without bound as long as nothing is known. */
  get bytes(): number {
    if (this.#rates.length === 0 || this.#baseMs === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    const ms =
      this.#drain === undefined
        ? this.#baseMs + Math.max(targetMs, this.#baseMs * probeShare)
        : this.#baseMs * drainShare;
    return Math.max(this.#leastBytes, Math.max(...this.#rates) * ms);
  }

  #measure(rttMs: number, nowMs: number): void {
    this.#baseSinceMs ??= nowMs;
    this.#baseMs = Math.min(this.#baseMs, rttMs);
    if (this.#drain !== undefined) {
      this.#drain.shortestMs = Math.min(this.#drain.shortestMs, rttMs);
      if (nowMs < this.#drain.untilMs) return;
      this.#baseMs = this.#drain.shortestMs;
      this.#baseSinceMs = nowMs;
      this.#drain = undefined;
    } else if (nowMs - this.#baseSinceMs > baseMsValid) {
      this.#drain = { untilMs: nowMs + drainRoundTrips * rttMs, shortestMs: rttMs };
    }
  }
}
