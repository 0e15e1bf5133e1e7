import type { Clock } from "../interface/clock.ts";
import { FrameFlag, type Frame } from "../interface/frame.ts";
import type { Random } from "../interface/random.ts";
import type { SentPacket } from "../interface/track.ts";
import type { FrameMark } from "./frame-mark.ts";
import { h264Packetiser } from "./h264-payload.ts";
import { KeyFrameCache } from "./key-frame-cache.ts";
import type { MediaOrigin } from "./media-timeline.ts";
import { opusDurationUs, opusPacketiser } from "./opus-payload.ts";
import { clockRates, type Packetiser, type TrackCodec } from "./payload-format.ts";
import { ntpFromWall, readRtcp, writeBye, writeSenderReport } from "./rtcp.ts";
import { nextSequenceNumber, rtpHeaderBytes, writeRtpPacket } from "./rtp-packet.ts";
import { SenderClock } from "./sender-clock.ts";
import { vp8Packetiser } from "./vp8-payload.ts";

export interface TrackSenderInit {
  readonly codec: TrackCodec;
  /** 0 to 127, as the descriptions of the session have it. */
  readonly payloadType: number;
  readonly clock: Clock;
  readonly random: Random;
  /** 32 bits; by chance when left out. */
  readonly ssrc?: number;
  /** Of a packet without its RTP header; 1,100 by default, which passes everywhere. Opus packets are never cut. */
  readonly maxPayloadBytes?: number;
  /** Media time near which the stream begins, in microseconds; 0 by default. */
  readonly startUs?: number;
  /**
   * The last packet of the same SSRC, of another stream: numbers and timestamps go on from it. A receiver of SRTP takes a number that goes
   * back for a packet that somebody plays again, and drops it and all that follow (RFC 3711 section 3.3.2).
   */
  readonly after?: SentPacket | undefined;
  /** Asks the source for a key frame. Left out where the source cannot be asked. */
  readonly onKeyFrameRequest?: () => void;
  /** What the other side has to be told of a frame by other means, before its packets are sent. */
  readonly onMark?: (mark: FrameMark) => void;
  /** Of the source, shared by all who send its frames; without one, the sender keeps one of its own. */
  readonly cache?: KeyFrameCache;
  /** Of the source, shared by all its tracks. */
  readonly senderClock?: SenderClock;
}

/** Figures of a track that goes out, named and meant as in W3C `RTCOutboundRtpStreamStats`. */
export interface TrackSenderStats {
  readonly codec: TrackCodec;
  readonly ssrc: number;
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly headerBytesSent: number;
  readonly framesSent: number;
  readonly pliCount: number;
  readonly firCount: number;
  /** No name of W3C: key frames, without those that were repeated out of the cache. */
  readonly keyFramesSent: number;
  /** No name of W3C: frames that were repeated out of the cache. */
  readonly framesRepeated: number;
}

const range = 2 ** 32;

function packetiserOf(codec: TrackCodec, maxPayloadBytes: number, random: Random): Packetiser {
  if (codec === "opus") return opusPacketiser;
  if (codec === "h264") return h264Packetiser(maxPayloadBytes);
  return vp8Packetiser(maxPayloadBytes, Math.floor(random.next() * 2 ** 15));
}

/**
 * The sending end of a track: frames in, RTP packets out. The media time of a frame is its RTP timestamp, counted from `origin`.
 *
 * **Key frames.** Who joins late gets the cached key frame and what has followed it (`join`), and need not wait. Who has lost a picture
 * (PLI, FIR) gets a new key frame of the source where it can be asked: that is newer and smaller than all that has followed the old
 * one. Where it cannot, the cache has to do for both. What is repeated carries timestamps right behind the last one that was sent, a
 * tick apart: players never go back in time, and are to catch up at once.
 *
 * **Marker.** The last packet of a picture; the first of sound after a pause (RFC 3551, section 4.1).
 */
export class TrackSender {
  readonly codec: TrackCodec;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly #init: TrackSenderInit;
  readonly #rate: number;
  readonly #packetiser: Packetiser;
  readonly #cache: KeyFrameCache | undefined;
  readonly #ownsCache: boolean;
  readonly #senderClock: SenderClock;
  #origin: MediaOrigin;
  #sequenceNumber: number;
  /** RTP timestamp of the last frame, not wrapped. */
  #rtpTime: number | undefined;
  #lastUs: number;
  /** When the sound of the last frame ends, in microseconds. */
  #untilUs: number | undefined;
  #epoch = 0;
  #repeatedUs = -Infinity;
  /** Of the last FIR, to know a repetition. */
  #lastFir: number | undefined;
  #packetsSent = 0;
  #bytesSent = 0;
  #framesSent = 0;
  #keyFramesSent = 0;
  #framesRepeated = 0;
  #pliCount = 0;
  #firCount = 0;

  constructor(init: TrackSenderInit) {
    const { codec, random, maxPayloadBytes = 1_100, startUs = 0, after } = init;
    this.#init = init;
    this.codec = codec;
    this.payloadType = init.payloadType;
    this.ssrc = init.ssrc ?? Math.floor(random.next() * range);
    this.#rate = clockRates[codec];
    this.#packetiser = packetiserOf(codec, maxPayloadBytes, random);
    this.#ownsCache = init.cache === undefined;
    this.#cache = codec === "opus" ? undefined : (init.cache ?? new KeyFrameCache());
    this.#senderClock = init.senderClock ?? new SenderClock();
    // Both begin anywhere, RFC 3550, section 5.1; the number low enough not to wrap before SRTP knows, RFC 3711, section 3.3.1.
    this.#sequenceNumber =
      after === undefined ? Math.floor(random.next() * 2 ** 15) : nextSequenceNumber(after.sequenceNumber);
    this.#origin =
      after === undefined
        ? { rtpTimestamp: Math.floor(random.next() * range), timestampUs: startUs }
        : { rtpTimestamp: after.rtpTimestamp, timestampUs: after.atUs };
    this.#rtpTime = after?.rtpTimestamp;
    this.#lastUs = after?.atUs ?? startUs;
  }

  /** Which media time the timestamps mean; a mark tells when that changes. */
  get origin(): MediaOrigin {
    return this.#origin;
  }

  /** The media time of a packet's RTP timestamp: the one nearest to the last. */
  timeOf(rtpTimestamp: number): number {
    const { rtpTimestamp: originTime, timestampUs } = this.#origin;
    const lastTime = this.#rtpTime ?? originTime;
    return timestampUs + ((lastTime - originTime + ((rtpTimestamp - lastTime) | 0)) * 1e6) / this.#rate;
  }

  /** The packets of one frame; none for a frame without payload. */
  send(frame: Frame<Uint8Array>): Uint8Array[] {
    const { timestampUs, payload } = frame;
    const isKeyFrame = this.#cache !== undefined && this.#isKeyFrame(frame);
    if (this.#ownsCache) this.#cache?.add(frame, isKeyFrame);
    const { clock } = this.#init;
    this.#senderClock.begin(timestampUs, ntpFromWall(clock.wallMs()));
    if (this.#packetsSent === 0) this.#begin(timestampUs);
    const hasJumped = this.#moveOrigin(timestampUs);
    const rtpTime = this.#rtpTimeOf(timestampUs);
    this.#mark(frame, rtpTime, hasJumped);
    this.#rtpTime = rtpTime;
    if (payload.length === 0) return [];
    this.#framesSent += 1;
    if (isKeyFrame) this.#keyFramesSent += 1;
    return this.#packets(payload, rtpTime, this.codec === "opus" && this.#startsTalk(frame));
  }

  /** The packets for a reader that has had nothing yet; asks the source where nothing is cached. */
  join(): Uint8Array[] {
    if (this.#cache === undefined) return [];
    if (this.#cache.frames.length > 0) return this.#repeat(this.#cache.frames);
    this.#init.onKeyFrameRequest?.();
    return [];
  }

  /** The reader has lost a picture. @returns what is to be sent at once */
  requestKeyFrame(): Uint8Array[] {
    if (this.#cache === undefined) return [];
    if (this.#init.onKeyFrameRequest !== undefined) {
      this.#init.onKeyFrameRequest();
      return [];
    }
    // A reader repeats its request while the answer is on its way.
    const nowUs = this.#init.clock.nowUs();
    if (nowUs - this.#repeatedUs < 1e6) return [];
    this.#repeatedUs = nowUs;
    return this.#repeat(this.#cache.frames);
  }

  /** Takes RTCP of the reader. @returns what is to be sent at once */
  receiveRtcp(bytes: Uint8Array): Uint8Array[] {
    const answers: Uint8Array[] = [];
    for (const packet of readRtcp(bytes)) {
      if (!("mediaSsrc" in packet) || packet.mediaSsrc !== this.ssrc) continue;
      if (packet.type === "picture-loss") {
        this.#pliCount += 1;
        answers.push(...this.requestKeyFrame());
      } else if (packet.type === "full-intra-request" && packet.sequenceNumber !== this.#lastFir) {
        this.#lastFir = packet.sequenceNumber;
        this.#firCount += 1;
        answers.push(...this.requestKeyFrame());
      }
    }
    return answers;
  }

  /** A report for engines that send none; undefined before the first frame. */
  senderReport(): Uint8Array | undefined {
    const ntpUs = ntpFromWall(this.#init.clock.wallMs());
    const mediaUs = this.#senderClock.mediaUs(ntpUs);
    if (mediaUs === undefined || this.#rtpTime === undefined) return undefined;
    return writeSenderReport({
      ssrc: this.ssrc,
      ntpUs,
      rtpTimestamp: wrapped(this.#rtpTimeOf(mediaUs)),
      packetCount: this.#packetsSent % range,
      octetCount: this.#bytesSent % range,
    });
  }

  /** The end of the track, for engines that send none. */
  bye(): Uint8Array {
    return writeBye([this.ssrc]);
  }

  stats(): TrackSenderStats {
    return {
      codec: this.codec,
      ssrc: this.ssrc,
      packetsSent: this.#packetsSent,
      bytesSent: this.#bytesSent,
      headerBytesSent: this.#packetsSent * rtpHeaderBytes,
      framesSent: this.#framesSent,
      pliCount: this.#pliCount,
      firCount: this.#firCount,
      keyFramesSent: this.#keyFramesSent,
      framesRepeated: this.#framesRepeated,
    };
  }

  #isKeyFrame(frame: Frame<Uint8Array>): boolean {
    return (frame.flags & FrameFlag.keyFrame) !== 0 || this.#packetiser.isKeyFrame(frame.payload);
  }

  /** The first frame of the stream is later than the last one of the stream before it. */
  #begin(timestampUs: number): void {
    if (this.#rtpTime === undefined || this.#rtpTimeOf(timestampUs) > this.#rtpTime) return;
    this.#origin = { rtpTimestamp: wrapped(this.#rtpTime + 1), timestampUs };
  }

  #rtpTimeOf(timestampUs: number): number {
    const { rtpTimestamp, timestampUs: originUs } = this.#origin;
    return rtpTimestamp + Math.round(((timestampUs - originUs) * this.#rate) / 1e6);
  }

  /** A reader takes a timestamp for the nearest time that it can mean, which is right within half the range. */
  #moveOrigin(timestampUs: number): boolean {
    const distanceUs = Math.abs(timestampUs - this.#lastUs);
    this.#lastUs = timestampUs;
    if ((distanceUs * this.#rate) / 1e6 < range / 4) return false;
    this.#origin = { rtpTimestamp: wrapped(this.#rtpTimeOf(timestampUs)), timestampUs };
    return true;
  }

  #mark(frame: Frame<Uint8Array>, rtpTime: number, hasJumped: boolean): void {
    const { epoch, timestampUs } = frame;
    const flags = frame.flags & ~FrameFlag.keyFrame;
    if (flags === 0 && epoch === this.#epoch && !hasJumped) return;
    this.#epoch = epoch;
    // An end without payload is one of the packet before it.
    const isEndAlone = frame.payload.length === 0 && (flags & FrameFlag.segmentEnd) !== 0;
    const sequenceNumber = (this.#sequenceNumber - (isEndAlone ? 1 : 0)) & 0xffff;
    const rtpTimestamp = wrapped(rtpTime);
    this.#init.onMark?.({ sequenceNumber, rtpTimestamp, flags, epoch, ...(hasJumped && { timestampUs }) });
  }

  /** Sound after a pause, or of a new segment. */
  #startsTalk(frame: Frame<Uint8Array>): boolean {
    const durationUs = opusDurationUs(frame.payload) ?? 0;
    const untilUs = this.#untilUs;
    this.#untilUs = frame.timestampUs + durationUs;
    const isAfterPause = untilUs === undefined || frame.timestampUs - untilUs > durationUs / 2;
    return isAfterPause || (frame.flags & FrameFlag.segmentStart) !== 0;
  }

  #packets(frame: Uint8Array, rtpTime: number, startsTalk: boolean): Uint8Array[] {
    const parts = this.#packetiser.packetise(frame);
    const timestamp = wrapped(rtpTime);
    return parts.map(({ header, body }, index) => {
      const marker = this.codec === "opus" ? startsTalk : index === parts.length - 1;
      const { payloadType, ssrc } = this;
      const sequenceNumber = this.#sequenceNumber;
      this.#sequenceNumber = nextSequenceNumber(sequenceNumber);
      this.#packetsSent += 1;
      this.#bytesSent += header.length + body.length;
      return writeRtpPacket({ marker, payloadType, sequenceNumber, timestamp, ssrc }, header, body);
    });
  }

  #repeat(frames: readonly Frame<Uint8Array>[]): Uint8Array[] {
    const last = frames.at(-1);
    if (last === undefined) return [];
    this.#lastUs = last.timestampUs;
    const firstTime = Math.max(this.#rtpTimeOf(last.timestampUs), this.#rtpTime ?? -Infinity) + 1;
    this.#framesRepeated += frames.length;
    this.#rtpTime = firstTime + frames.length - 1;
    return frames.flatMap((frame, index) => this.#packets(frame.payload, firstTime + index, false));
  }
}

function wrapped(rtpTime: number): number {
  return ((rtpTime % range) + range) % range;
}
