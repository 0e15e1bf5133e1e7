import type { TrackCodec } from "./payload-format.ts";

/**
 * Figures of a track that comes in. What W3C has a name for in `RTCInboundRtpStreamStats` (https://www.w3.org/TR/webrtc-stats/) has
 * that name and unit; times are in seconds.
 */
export interface TrackReceiverStats {
  readonly codec: TrackCodec;
  readonly ssrc: number | undefined;
  readonly packetsReceived: number;
  /** Expected and not there; duplicates make it smaller, RFC 3550, section 6.4.1. */
  readonly packetsLost: number;
  /** Came too late, or could not be used. */
  readonly packetsDiscarded: number;
  /** No name of W3C: came twice. */
  readonly packetsDuplicated: number;
  /** Of payloads. */
  readonly bytesReceived: number;
  readonly headerBytesReceived: number;
  /** Mean deviation of the times between packets, RFC 3550, section 6.4.1. */
  readonly jitter: number;
  /** The sum of what samples (sound) or frames (pictures) have waited. */
  readonly jitterBufferDelay: number;
  /** The sum of what they were to wait. */
  readonly jitterBufferTargetDelay: number;
  /** How many samples or frames have come out. */
  readonly jitterBufferEmittedCount: number;
  readonly framesReceived: number;
  /** Whole frames that were not given out, and ones that were lost or never whole. */
  readonly framesDropped: number;
  /** No name of W3C, which counts those that were decoded. */
  readonly keyFramesReceived: number;
  /** Requests for a key frame. */
  readonly pliCount: number;
  /** No name of W3C: holes in what came out. */
  readonly gaps: number;
}

/** Counters that the receiver adds to. */
export class ReceiverCounters {
  packetsReceived = 0;
  packetsDiscarded = 0;
  packetsDuplicated = 0;
  bytesReceived = 0;
  headerBytesReceived = 0;
  jitterBufferDelay = 0;
  jitterBufferTargetDelay = 0;
  jitterBufferEmittedCount = 0;
  framesReceived = 0;
  framesDropped = 0;
  keyFramesReceived = 0;
  pliCount = 0;
  gaps = 0;
}

/** The jitter of RFC 3550, section 6.4.1 and appendix A.8. */
export class InterarrivalJitter {
  readonly #rate: number;
  #transit: number | undefined;
  #rtpTime: number | undefined;
  #jitter = 0;

  constructor(rate: number) {
    this.#rate = rate;
  }

  /** In seconds. */
  get seconds(): number {
    return this.#jitter / this.#rate;
  }

  record(arrivalUs: number, rtpTime: number): void {
    // Packets of one picture share a timestamp: what lies between them is their sender's pace.
    if (rtpTime === this.#rtpTime) return;
    this.#rtpTime = rtpTime;
    const transit = (arrivalUs * this.#rate) / 1e6 - rtpTime;
    if (this.#transit !== undefined) this.#jitter += (Math.abs(transit - this.#transit) - this.#jitter) / 16;
    this.#transit = transit;
  }

  reset(): void {
    this.#transit = undefined;
    this.#rtpTime = undefined;
  }
}
