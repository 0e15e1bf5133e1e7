import { Arrivals, BestRate, rateMsValid, type Arrived } from "./arrivals.ts";

/** How much longer than the path itself takes a packet may be on its way where others wait for it, in milliseconds. */
export const targetMs = 3;
/** What is granted beyond what the path itself holds, as a share of it, to see whether it holds more: in one round trip of so many. */
const probeShare = 0.25;
const probeEvery = 8;
/** When the rate has grown so much by it, the next one follows at once. */
const probeGrowth = 1.1;
/** In the beginning as much as the path holds, until the rate has not grown by a quarter in so many round trips. */
const startShare = 1;
const startGrowth = 1.25;
const startRoundTrips = 3;
/** How long it counts how long the path is, in milliseconds; routes change. In the beginning less, for it was measured beside other things. */
const pathMsValid = 10_000;
const pathMsValidFirst = 500;
/** Then queues are let run empty for so many round trips, to measure it anew; so they are when the rate has become so much less. */
const drainRoundTrips = 3;
const drainShare = 0.5;
const drainRate = 0.8;
/** A path is shorter than it was when it takes so much less. */
const shorterShare = 0.95;
const shorterMs = 1;
/** A path looks longer when packets take so many milliseconds more than was to be expected. */
const longerMs = 20;

/** What was known when a packet was sent, as `sent` tells it, and `arrived` wants it back. */
export interface Mark {
  readonly sentMs: number;
  readonly arrived: Arrived;
  /** Its own, where they take time to leave one behind another. */
  readonly ownBytes: number;
}

/** How long packets took, together. */
interface Times {
  readonly sinceMs: number;
  sumMs: number;
  count: number;
}

/**
 * How much may be on its way so that little of it waits in queues: what the path holds by itself, and what passes in the time that may be
 * waited, by the rate at which data arrives and the time that the path takes (as RFC 6817 bounds the delay, and the phases of
 * draft-ietf-ccwg-bbr the data in flight). How long the path is, is measured while there is no queue of ours, as a mean: on one whose delay
 * varies the shortest time is not what it takes.
 */
export class DelayWindow {
  readonly #leastBytes: number;
  #pathMs = Number.POSITIVE_INFINITY;
  /** When that was measured last, and the best rate since. */
  #pathAtMs = 0;
  #rateSince = 0;
  #validMs = pathMsValidFirst;
  /** The round trip under way. */
  #round: Times = { sinceMs: Number.NEGATIVE_INFINITY, sumMs: 0, count: 0 };
  /** In the beginning: the best rate, and for how many round trips it has not grown since. */
  #start: { readonly rate: number; readonly roundTrips: number } | undefined = { rate: 0, roundTrips: 0 };
  /** Round trips since more was granted, and the rate before that. */
  #probe = { roundTrips: 1, rate: 0 };
  /** While queues run empty: what was sent since then tells how long the path is, from the end on; and whether it looks longer. */
  #drain: (Times & { readonly untilMs: number; readonly isLonger: boolean }) | undefined;
  /** Since when the path is filled again after that, and how much of it was used. */
  #fill = { sinceMs: 0, from: 1 };
  /** Since when the path looks longer than it was. */
  #longerSinceMs: number | undefined;
  /** When somebody had more to send than there was room for. */
  #fullMs = Number.NEGATIVE_INFINITY;
  readonly #arrivals = new Arrivals();
  readonly #rates = new BestRate();

  /** @param leastBytes granted always */
  constructor(leastBytes: number) {
    this.#leastBytes = leastBytes;
  }

  /**
   * A packet is sent, or several together.
   * @param isFirst nothing else is on its way
   * @param ownBytes of several, of which only the last is answered
   */
  sent(isFirst: boolean, nowMs: number, ownBytes: number = 0): Mark {
    // Between what was sent before and this nothing was wanted of the path.
    if (isFirst) this.#arrivals.begin(nowMs);
    return { sentMs: nowMs, arrived: this.#arrivals.now, ownBytes };
  }

  /** There was more to send than there was room for: from what arrives it can be told what the path takes. */
  wasFull(nowMs: number): void {
    this.#fullMs = nowMs;
  }

  /**
   * So much has arrived.
   * @param mark of the last of it that was sent once only, where there is one
   * @param waitMs that was asked for when it was sent
   */
  arrived(bytes: number, mark: Mark | undefined, nowMs: number, waitMs: number): void {
    this.#arrivals.add(bytes, nowMs);
    if (mark === undefined) return;
    // Of each round trip once: more often, the best of them would be the one with the largest mistake.
    const isRound = mark.sentMs >= this.#round.sinceMs;
    if (this.#drain === undefined && (isRound || this.#start !== undefined)) this.#noteRate(mark, nowMs);
    this.#noteTime(mark, nowMs, waitMs, isRound);
  }

  /** Bytes a millisecond, the best of late; undefined as long as nothing is known. */
  get rate(): number | undefined {
    return this.#rates.best;
  }

  /** Bytes; without bound as long as nothing is known. @param waitMs how much longer than the path itself takes a packet may be on its way */
  bytesFor(waitMs: number, nowMs: number): number {
    const { rate } = this;
    if (rate === undefined) return Number.POSITIVE_INFINITY;
    if (this.#drain?.isLonger === true) return this.#leastBytes;
    const share = this.#drain === undefined ? this.#filled(nowMs) : drainShare;
    const ms = share < 1 ? this.#pathMs * share : this.#pathMs + this.#waitMs(waitMs);
    return Math.max(this.#leastBytes, rate * ms);
  }

  /** All at once, what was not on its way while queues ran empty would make a queue: it takes the time of the path. */
  #filled(nowMs: number): number {
    const { sinceMs, from } = this.#fill;
    const ms = nowMs - sinceMs;
    // A clock may not see that a path takes any time.
    return ms >= this.#pathMs ? 1 : from + ((1 - from) * ms) / this.#pathMs;
  }

  /** @param waitMs that is asked for at least */
  #waitMs(waitMs: number): number {
    return Math.max(waitMs, this.#pathMs * this.#share);
  }

  get #share(): number {
    if (this.#start !== undefined) return startShare;
    return this.#probe.roundTrips === 0 ? probeShare : 0;
  }

  #noteRate({ arrived, sentMs }: Mark, nowMs: number): void {
    const rate = this.#arrivals.rateSince(arrived, nowMs, this.#start !== undefined);
    // Where less was sent than the path takes, that is no reason to forget what it takes.
    const tells = this.#fullMs >= sentMs && !arrived.isFirst;
    this.#rates.note(rate, nowMs, this.#pathMs, tells);
  }

  #noteTime(mark: Mark, nowMs: number, waitMs: number, isRound: boolean): void {
    const tookMs = nowMs - mark.sentMs;
    // In the beginning little is sent, and the rate looks lower than it is.
    const ownMs = this.#start === undefined ? mark.ownBytes / (this.rate ?? Number.POSITIVE_INFINITY) : 0;
    const ms = Math.max(0, tookMs - ownMs);
    const drain = this.#drain;
    if (drain !== undefined) {
      if (mark.sentMs >= drain.sinceMs) add(drain, ms);
      if (nowMs >= drain.untilMs && drain.count > 0) this.#endDrain(drain, nowMs);
      return;
    }
    add(this.#round, ms);
    if (this.#isLonger(ms, nowMs, waitMs)) this.#beginDrain(ms, nowMs, true);
    else if (isRound) this.#endRoundTrip(ms, nowMs);
  }

  #endRoundTrip(ms: number, nowMs: number): void {
    const { sinceMs, sumMs, count } = this.#round;
    this.#round = { sinceMs: nowMs, sumMs: 0, count: 0 };
    const mean = sumMs / count;
    // The least of many would be less than it takes.
    if (mean < Math.min(this.#pathMs * shorterShare, this.#pathMs - shorterMs)) this.#pathMs = mean;
    if (this.#fullMs < sinceMs) return;
    const { rate = 0 } = this;
    this.#rateSince = Math.max(this.#rateSince, rate);
    if (this.#start !== undefined) {
      this.#goOnStarting(this.#start, rate);
      if (this.#start === undefined) this.#beginDrain(ms, nowMs, false);
      return;
    }
    this.#goOnProbing(rate);
    const isLess = rate < this.#rateSince * drainRate && nowMs - this.#pathAtMs > rateMsValid;
    const isOld = nowMs - this.#pathAtMs > this.#validMs;
    if (isOld) this.#validMs = Math.min(2 * this.#validMs, pathMsValid);
    if (isLess || isOld) this.#beginDrain(ms, nowMs, false);
  }

  #goOnStarting(
    { rate: before, roundTrips }: { readonly rate: number; readonly roundTrips: number },
    rate: number,
  ): void {
    if (rate >= before * startGrowth) this.#start = { rate, roundTrips: 0 };
    else this.#start = roundTrips + 1 < startRoundTrips ? { rate: before, roundTrips: roundTrips + 1 } : undefined;
  }

  /** What a round trip brings that was granted more is heard of in the next. */
  #goOnProbing(rate: number): void {
    const { roundTrips, rate: before } = this.#probe;
    const goesOn = roundTrips === 1 && before > 0 && rate >= before * probeGrowth;
    const next = goesOn ? 0 : (roundTrips + 1) % probeEvery;
    this.#probe = { roundTrips: next, rate: next === 0 ? rate : before };
  }

  /** @param ms that the last packet took */
  #beginDrain(ms: number, nowMs: number, isLonger: boolean): void {
    this.#longerSinceMs = undefined;
    this.#arrivals.forget();
    // What was sent in the first of the round trips comes behind what there was before.
    const otherMs = (drainRoundTrips - 1) * (isLonger ? ms : this.#pathMs);
    this.#drain = { sinceMs: nowMs + ms, untilMs: nowMs + ms + otherMs, isLonger, sumMs: 0, count: 0 };
  }

  #endDrain({ sumMs, count, isLonger }: Times & { readonly isLonger: boolean }, nowMs: number): void {
    this.#drain = undefined;
    this.#fill = { sinceMs: nowMs, from: isLonger ? 0 : drainShare };
    this.#pathMs = sumMs / count;
    this.#pathAtMs = nowMs;
    this.#rateSince = 0;
    this.#round = { sinceMs: nowMs, sumMs: 0, count: 0 };
  }

  /** A path that has become longer looks like a queue that does not empty, whatever is done about it. */
  #isLonger(ms: number, nowMs: number, waitMs: number): boolean {
    const mayWaitMs = Math.max(waitMs, this.#pathMs * Math.max(probeShare, this.#share));
    const looksLonger = ms > this.#pathMs + Math.max(longerMs, 2 * mayWaitMs);
    this.#longerSinceMs = looksLonger ? (this.#longerSinceMs ?? nowMs) : undefined;
    return this.#longerSinceMs !== undefined && nowMs - this.#longerSinceMs >= drainRoundTrips * ms;
  }
}

function add(times: Times, ms: number): void {
  times.sumMs += ms;
  times.count += 1;
}
