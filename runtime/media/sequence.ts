/** Counters of RTP that wrap around, as numbers that only grow: RFC 3550, appendix A.1 and A.3. */

/** Beyond so many packets ahead, a number is a new start rather than a loss. */
const maxDropout = 3_000;
/** Beyond so many packets behind, likewise rather than a late packet. */
const maxMisorder = 100;

/** A counter of so many bits, unwrapped next to the last value that was seen. */
export class Unwrapper {
  readonly #range: number;
  #last: number | undefined;

  /** @param bits of the counter: 16 for sequence numbers, 32 for timestamps */
  constructor(bits: number) {
    this.#range = 2 ** bits;
  }

  /** The last value; undefined before the first. */
  get last(): number | undefined {
    return this.#last;
  }

  /** The value that is nearest to the last one; the first is taken as it is. */
  unwrap(value: number): number {
    const unwrapped = this.#last === undefined ? value : this.near(value, this.#last);
    this.#last = unwrapped;
    return unwrapped;
  }

  /** The value that is nearest to `reference`; nothing is remembered. */
  near(value: number, reference: number): number {
    const half = this.#range / 2;
    const wrapped = ((reference % this.#range) + this.#range) % this.#range;
    let difference = value - wrapped;
    if (difference >= half) difference -= this.#range;
    else if (difference < -half) difference += this.#range;
    return reference + difference;
  }

  reset(): void {
    this.#last = undefined;
  }
}

/** The place of a packet. */
export interface Place {
  /** Sequence number that grows beyond 16 bits. */
  readonly sequence: number;
  /** The sender has begun anew: what came before has nothing to do with it. */
  readonly restarted: boolean;
}

/**
 * Gives each packet of one source its place. A number far from the last one, or another source, is not believed until a
 * second packet follows it, so that a stray packet upsets nothing.
 */
export class SequenceTracker {
  #ssrc: number | undefined;
  #base = 0;
  #highest = 0;
  #received = 0;
  /** Of sources before a new start. */
  #lostBefore = 0;
  #candidate: { readonly ssrc: number; readonly sequenceNumber: number } | undefined;

  /** The source that is listened to; undefined before the first packet. */
  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  /**
   * Packets expected and not there; late ones and duplicates count as received, so that it may fall, and be negative, as
   * `packetsLost` of W3C `RTCReceivedRtpStreamStats`.
   */
  get lost(): number {
    return this.#lostBefore + this.#lostNow();
  }

  /** Undefined for a packet that is not believed. */
  place(ssrc: number, sequenceNumber: number): Place | undefined {
    if (this.#ssrc === undefined) {
      this.#begin(ssrc, sequenceNumber);
      return { sequence: sequenceNumber, restarted: false };
    }
    const ahead = (sequenceNumber - this.#highest) & 0xffff;
    if (ssrc !== this.#ssrc || (ahead >= maxDropout && ahead <= 0x1_0000 - maxMisorder)) {
      return this.#doubted(ssrc, sequenceNumber);
    }
    this.#candidate = undefined;
    this.#received += 1;
    if (ahead < maxDropout) {
      this.#highest += ahead;
      return { sequence: this.#highest, restarted: false };
    }
    const sequence = this.#highest - (0x1_0000 - ahead);
    // From before the first one.
    if (sequence < this.#base) this.#base = sequence;
    return { sequence, restarted: false };
  }

  #doubted(ssrc: number, sequenceNumber: number): Place | undefined {
    const candidate = this.#candidate;
    if (candidate?.ssrc !== ssrc || candidate.sequenceNumber !== sequenceNumber) {
      this.#candidate = { ssrc, sequenceNumber: (sequenceNumber + 1) & 0xffff };
      return undefined;
    }
    this.#lostBefore += this.#lostNow();
    // The next round of numbers: they go on growing, and the lower 16 bits stay those of the wire.
    const rounds = (Math.floor(this.#highest / 0x1_0000) + 1) * 0x1_0000;
    this.#begin(ssrc, rounds + sequenceNumber);
    return { sequence: this.#highest, restarted: true };
  }

  #begin(ssrc: number, sequence: number): void {
    this.#ssrc = ssrc;
    this.#base = sequence;
    this.#highest = sequence;
    this.#received = 1;
    this.#candidate = undefined;
  }

  #lostNow(): number {
    return this.#ssrc === undefined ? 0 : this.#highest - this.#base + 1 - this.#received;
  }
}
