import type { Clock } from "../../interface/clock.ts";
import { FrameFlag, type Frame } from "../../interface/frame.ts";
import type { MediaTrack, TrackStats } from "../../interface/track.ts";
import { KeyFrameRequests } from "../../media/key-frame-requests.ts";
import type { SyncGroup } from "../../media/sync-group.ts";
import { TrackReceiver } from "../../media/track-receiver.ts";
import type { TrackMark } from "../frame-codec.ts";
import type { TrackInlet } from "../stream-source.ts";

/** Marks whose frames have not come out yet; a sender has no reason for more. */
const maxPlaces = 1_024;
/** Frames that came out before a mark that tells of them: the channel may be as late as a repetition or two. */
const maxOut = 256;
/** Pictures that are sent again follow each other by a tick of the RTP clock; no camera is that fast. */
const repeatedUs = 500;
/** Frames that wait for the mark of one that is sent again. */
const maxHeld = 256;
/** How often the sender is asked for a key frame at most, in milliseconds. */
const requestMs = 500;
/** Less than a tick of any RTP clock, and more than times are rounded by. */
const toleranceUs = 4;

export interface TrackReaderInit {
  readonly track: MediaTrack;
  readonly clock: Clock;
  /** The tracks of the session. */
  readonly group: SyncGroup;
  /** Its number is the one in the stream, as far as that is known. */
  readonly onFrame: (frame: Frame<Uint8Array>) => void;
}

/** From a frame on, by the receiver's time, what the frames are. */
interface Place {
  readonly fromUs: number;
  /** By how much media time is ahead of the receiver's. */
  readonly aheadUs: number;
  /** Number of the frame in the stream. */
  readonly number: number;
}

/** The reader of a stream that comes over a track: RTP through the jitter buffer, and marks over its channel. */
export class TrackReader implements TrackInlet {
  readonly mid: string;
  readonly #init: TrackReaderInit;
  #receiver: TrackReceiver | undefined;
  #first: TrackMark | undefined;
  /** The last timestamp that was told, and the receiver's time for it. */
  #told: { readonly timestamp: number; readonly us: number } | undefined;
  #places: Place[] = [];
  #epoch = 0;
  /** By how much numbers and times of the stream are ahead of the receiver's. */
  #numbersAhead = 0;
  #aheadUs = 0;
  readonly #held: Frame<Uint8Array>[] = [];
  /** The frames that came out last, by the receiver's times and numbers. */
  readonly #out: { readonly us: number; readonly seq: number }[] = [];
  #done: (() => void) | undefined;
  readonly #requests: KeyFrameRequests;

  constructor(init: TrackReaderInit) {
    this.#init = init;
    this.#requests = new KeyFrameRequests(init.clock, requestMs, () => init.track.requestKeyFrame());
    this.mid = init.track.mid;
  }

  get stats(): TrackStats {
    const stats = this.#receiver?.stats();
    if (stats === undefined) return {};
    const { packetsReceived, packetsLost, bytesReceived, jitter, pliCount, framesReceived } = stats;
    const { jitterBufferDelay, jitterBufferEmittedCount } = stats;
    return {
      packetsReceived,
      packetsLost,
      bytesReceived,
      jitter,
      pliCount,
      framesReceived,
      jitterBufferDelay,
      jitterBufferEmittedCount,
    };
  }

  mark(mark: TrackMark): void {
    const receiver = this.#receiver ?? this.#begin(mark);
    const { rtp, flags, epoch, timestampUs } = mark;
    const isNewEpoch = epoch !== this.#epoch;
    this.#epoch = epoch;
    if (rtp === undefined) return;
    const before = this.#told;
    // The nearest time that the timestamp can mean, RFC 3550, section 5.1.
    const us =
      before === undefined
        ? timestampUs
        : before.us + (((rtp.timestamp - before.timestamp) | 0) / this.#init.track.codec.clockRate) * 1e6;
    this.#told = { timestamp: rtp.timestamp, us };
    const place: Place = { fromUs: us, aheadUs: timestampUs - us, number: mark.seq };
    if (us <= (this.#out.at(-1)?.us ?? -Infinity) + toleranceUs) this.#settleLate(place);
    else this.#places.push(place);
    if (this.#places.length > maxPlaces) this.#places.shift();
    this.#giveOut();
    if (flags !== 0 || isNewEpoch) {
      receiver.mark({ sequenceNumber: rtp.sequenceNumber, rtpTimestamp: rtp.timestamp, flags, epoch });
    }
  }

  requestKeyFrame(): void {
    this.#requests.ask();
  }

  end(done: () => void): void {
    if (this.#receiver === undefined) {
      done();
      return;
    }
    this.#done = done;
    this.#receiver.end();
  }

  close(): void {
    this.#receiver?.close();
    this.#init.track.release();
  }

  #begin(mark: TrackMark): TrackReceiver {
    const { track, clock, group } = this.#init;
    const { rtp } = mark;
    this.#first = mark;
    this.#numbersAhead = mark.seq;
    this.#epoch = mark.epoch;
    const receiver = new TrackReceiver({
      codec: track.codec.name,
      payloadType: track.codec.payloadType,
      clock,
      group,
      ...(rtp !== undefined && { origin: { rtpTimestamp: rtp.timestamp, timestampUs: mark.timestampUs } }),
      onFrame: (frame) => this.#take(frame),
      onKeyFrameRequest: () => track.requestKeyFrame(),
      onEnd: () => this.#done?.(),
    });
    this.#receiver = receiver;
    if (rtp !== undefined && (mark.flags !== 0 || mark.epoch !== 0)) {
      const { flags, epoch } = mark;
      receiver.mark({ sequenceNumber: rtp.sequenceNumber, rtpTimestamp: rtp.timestamp, flags, epoch });
    }
    track.onRtp((packet) => {
      // Packets of the stream that had the track before may still be on their way.
      if (rtp === undefined || isFrom(packet, rtp.sequenceNumber)) receiver.receive(packet);
    });
    return receiver;
  }

  /** Frames come in order; those that are sent again are nothing without the marks that say which ones they are. */
  #take(frame: Frame<Uint8Array>): void {
    this.#held.push(frame);
    if (this.#held.length > maxHeld) {
      this.#held.length = 0;
      this.#init.track.requestKeyFrame();
    }
    this.#giveOut();
  }

  #giveOut(): void {
    for (let frame = this.#held[0]; frame !== undefined && !this.#waitsForMark(frame); frame = this.#held[0]) {
      this.#held.shift();
      this.#emit(frame);
    }
  }

  /** True for a picture that may be one that is sent again: a tick behind the last one, or a key frame after a hole. */
  #waitsForMark({ timestampUs, seq, flags }: Frame<Uint8Array>): boolean {
    if (this.#init.track.codec.name === "opus" || this.#first?.rtp === undefined) return false;
    const last = this.#out.at(-1);
    const isNext = last !== undefined && seq === last.seq + 1;
    const isClose = last !== undefined && timestampUs - last.us < repeatedUs;
    if (!isClose && (isNext || (flags & FrameFlag.keyFrame) === 0)) return false;
    return !this.#places.some(({ fromUs }) => Math.abs(fromUs - timestampUs) < toleranceUs);
  }

  #emit(frame: Frame<Uint8Array>): void {
    const first = this.#first as TrackMark;
    // Frames come in order, so that the places before the one that counts are not needed any more.
    let place: Place | undefined;
    while ((this.#places[0]?.fromUs ?? Infinity) <= frame.timestampUs + toleranceUs) place = this.#places.shift();
    if (place !== undefined) this.#settle(place, frame.timestampUs, frame.seq, this.#out.at(-1)?.seq ?? -1);
    this.#out.push({ us: frame.timestampUs, seq: frame.seq });
    if (this.#out.length > maxOut) this.#out.shift();
    const timestampUs = Math.round(frame.timestampUs + this.#aheadUs);
    const epoch = Math.max(frame.epoch, first.epoch);
    this.#init.onFrame({ ...frame, timestampUs, epoch, seq: frame.seq + this.#numbersAhead });
  }

  /** @param us of the first frame that came out at the place or behind it @param before number of the one before that */
  #settle(place: Place, us: number, seq: number, before: number): void {
    this.#aheadUs = place.aheadUs;
    // Of a frame that is lost, the next ones are told by how many are missing.
    const missing = us - place.fromUs < toleranceUs ? 0 : Math.max(1, seq - before - 1);
    this.#numbersAhead = place.number + missing - seq;
  }

  /** The channel was slower than the track: frames have come out that the mark tells of. */
  #settleLate(place: Place): void {
    const index = this.#out.findIndex(({ us }) => us >= place.fromUs - toleranceUs);
    const out = this.#out[index];
    if (out !== undefined) this.#settle(place, out.us, out.seq, this.#out[index - 1]?.seq ?? out.seq - 1);
  }
}

/** True for a packet that does not come before the one with the number. RTCP is for the receiver to judge. */
function isFrom(packet: Uint8Array, sequenceNumber: number): boolean {
  const type = packet[1] ?? 0;
  if (type >= 192 && type <= 223) return true;
  return packet.length >= 4 && (((((packet[2] ?? 0) << 8) | (packet[3] ?? 0)) - sequenceNumber) & 0xffff) < 0x8000;
}
