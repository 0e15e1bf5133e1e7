import type { SenderReport } from "./rtcp.ts";
import { Unwrapper } from "./sequence.ts";

/** An RTP timestamp and the media time of the same moment. */
export interface MediaOrigin {
  /** 32 bits. */
  readonly rtpTimestamp: number;
  /** Microseconds. */
  readonly timestampUs: number;
}

/** From the RTP timestamps of one source to media time in microseconds. */
export class MediaTimeline {
  readonly #rate: number;
  readonly #unwrapper = new Unwrapper(32);
  #rtpTime: number | undefined;
  #timestampUs = 0;
  #report: { readonly rtpTime: number; readonly ntpUs: number } | undefined;

  /** @param rate of the RTP clock, in hertz @param origin as the session has told it */
  constructor(rate: number, origin?: MediaOrigin) {
    this.#rate = rate;
    if (origin !== undefined) this.place(origin);
  }

  /** False until it is known which media time any packet has. */
  get placed(): boolean {
    return this.#rtpTime !== undefined;
  }

  /** RTP timestamp of a packet, beyond 32 bits. */
  unwrap(rtpTimestamp: number): number {
    return this.#unwrapper.unwrap(rtpTimestamp);
  }

  /** The same, for a timestamp that does not come with a packet. */
  near(rtpTimestamp: number): number {
    return this.#unwrapper.near(rtpTimestamp, this.#unwrapper.last ?? rtpTimestamp);
  }

  /** Microseconds on the RTP clock: what no later report moves. */
  clockUs(rtpTime: number): number {
    return (rtpTime / this.#rate) * 1e6;
  }

  /** Media time in microseconds, not rounded. */
  mediaUs(rtpTime: number): number {
    return this.#timestampUs + ((rtpTime - (this.#rtpTime ?? rtpTime)) / this.#rate) * 1e6;
  }

  /** What timestamps mean from now on. */
  place(origin: MediaOrigin): void {
    const { rtpTimestamp, timestampUs } = origin;
    this.#rtpTime = this.placed ? this.near(rtpTimestamp) : this.#unwrapper.unwrap(rtpTimestamp);
    this.#timestampUs = timestampUs;
  }

  /** The source has begun anew: nothing of its timestamps has to do with those before. */
  restart(): void {
    this.#unwrapper.reset();
    this.#rtpTime = undefined;
    this.#report = undefined;
  }

  report({ rtpTimestamp, ntpUs }: Pick<SenderReport, "rtpTimestamp" | "ntpUs">): void {
    // A report does not move what the timestamps of packets are unwrapped by.
    this.#report = { rtpTime: this.near(rtpTimestamp), ntpUs };
  }

  /** Media time at the moment of the last report, and the sender's wall clock then. */
  get reported(): { readonly mediaUs: number; readonly ntpUs: number } | undefined {
    if (this.#report === undefined || this.#rtpTime === undefined) return undefined;
    return { mediaUs: this.mediaUs(this.#report.rtpTime), ntpUs: this.#report.ntpUs };
  }

  /** Moves all media times. */
  shift(us: number): void {
    this.#timestampUs += us;
  }
}
