import type { Clock } from "../../interface/clock.ts";
import { FrameFlag, type Frame } from "../../interface/frame.ts";
import type { Random } from "../../interface/random.ts";
import type { MediaTrack, TrackStats } from "../../interface/track.ts";
import { KeyFrameCache } from "../../media/key-frame-cache.ts";
import { TrackSender } from "../../media/track-sender.ts";
import { encodeTrackMark } from "../frame-codec.ts";
import type { TrackOutlet } from "../stream-sink.ts";
import { keyFrameTest } from "./key-frames.ts";
import type { Pace } from "./pace.ts";

/** Frames may go out by so much before they are due: sources do not keep the time to the millisecond. */
const earlyUs = 60_000;
/** Frames that wait for their time at most, and their bytes: as many as may be under way on a channel. What more there is, its link holds or drops. */
const maxFrames = 64;
const maxBytes = 1024 * 1024;

export interface TrackWriterInit {
  readonly track: MediaTrack;
  readonly clock: Clock;
  readonly random: Random;
  readonly pace: Pace;
  /** Of the stream, from before it had a track; of pictures. */
  readonly cache: KeyFrameCache | undefined;
  /** The reader has had nothing yet: it gets the last key frame and what has followed it. */
  readonly late: boolean;
  /** Number of the next frame of the stream. */
  readonly position: number;
  /** Sends a record on the channel of the stream. */
  readonly record: (bytes: Uint8Array) => void;
  /** There is room again. */
  readonly onRoom: () => void;
  /** Asks what the pictures come from for one that decodes by itself. @returns false when there is nobody to ask */
  readonly requestKeyFrame: () => boolean;
}

/** The frame as it goes over the track: numbered as in the stream, and at the time when it is due. */
interface TimedFrame extends Frame<Uint8Array> {
  readonly mediaUs: number;
}

/** What packets do not tell of a frame. */
const segment = FrameFlag.segmentStart | FrameFlag.segmentEnd;

/** A frame without sound, such as the end of a segment whose packet was lost: Opus that holds nothing, which decoders conceal (RFC 6716 section 2.1.9). */
const silentPacket = Uint8Array.of(0xf8);

interface Waiting {
  readonly frame: Frame<Uint8Array>;
  readonly number: number;
  /** By the clock. */
  readonly dueUs: number;
  /** The other side has to be told its media time. */
  readonly isJump: boolean;
}

/** The writer of a stream that goes over a track: RTP at the pace of its media time, and marks over its channel. */
export class TrackWriter implements TrackOutlet {
  readonly mid: string;
  readonly #init: TrackWriterInit;
  readonly #sender: TrackSender;
  readonly #isKeyFrame: (frame: Frame<Uint8Array>) => boolean;
  /** Of what has gone over the track, with the times that it had there. */
  readonly #cache: KeyFrameCache | undefined;
  readonly #queue: Waiting[] = [];
  #queuedBytes = 0;
  #cancelTimer: (() => void) | undefined;
  #active = false;
  #epoch: number | undefined;
  /** When the last frame that was sent was due. */
  #sentUs = -Infinity;
  /** What was sent again had times and numbers of its own. */
  #isAfterRepetition = false;
  /** The source was asked for a key frame, and none has come yet. */
  #isAwaited = false;
  #onEmpty: (() => void) | undefined;
  #closed = false;

  constructor(init: TrackWriterInit) {
    const { track, clock, random } = init;
    this.#init = init;
    this.mid = track.mid;
    const { name, payloadType } = track.codec;
    const cache = init.cache === undefined ? undefined : new KeyFrameCache();
    this.#cache = cache;
    this.#sender = new TrackSender({
      codec: name,
      payloadType,
      clock,
      random,
      startUs: clock.nowUs(),
      after: track.lastSent,
      ...(cache !== undefined && { cache }),
    });
    this.#isKeyFrame = keyFrameTest(name);
    track.onKeyFrameRequest(() => {
      if (!this.#closed) this.#answerRequest();
    });
    if (cache !== undefined && init.late) this.#catchUp(cache);
  }

  get active(): boolean {
    return this.#active;
  }

  get writable(): boolean {
    return this.#queue.length < maxFrames && this.#queuedBytes < maxBytes;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get stats(): TrackStats {
    const { packetsSent, bytesSent, framesSent, pliCount, firCount } = this.#sender.stats();
    return { packetsSent, bytesSent, framesSent, pliCount, firCount };
  }

  take(frame: Frame<Uint8Array>, number: number): boolean {
    if (this.#closed) return false;
    const { clock, pace, track } = this.#init;
    // A decoder on the other side goes on from one frame to the next: pictures move over where one decodes by itself. Cameras make such
    // pictures only where they are asked for one.
    if (!this.#active && track.codec.name !== "opus" && !this.#isKeyFrame(frame)) {
      this.#isAwaited ||= this.#init.requestKeyFrame();
      return false;
    }
    this.#active = true;
    const { dueUs, isJump } = pace.place(this, frame.timestampUs, clock.nowUs());
    this.#queue.push({ frame, number, dueUs, isJump });
    this.#queuedBytes += frame.payload.length;
    this.#run();
    return true;
  }

  /** What waits belongs to an epoch that has ended. */
  flush(): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#init.pace.rewind(this, this.#sentUs);
    this.#run();
    this.#init.onRoom();
  }

  end(done: () => void): void {
    this.#onEmpty = done;
    this.#run();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    this.#queue.length = 0;
    this.#init.pace.remove(this);
    this.#init.track.release();
    const done = this.#onEmpty;
    this.#onEmpty = undefined;
    done?.();
  }

  /** Sends what is due, and sets the timer for what is due next. */
  #run(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { clock, onRoom } = this.#init;
    const wasFull = !this.writable;
    for (let head = this.#queue[0]; head !== undefined && !this.#closed; head = this.#queue[0]) {
      const waitUs = head.dueUs - earlyUs - clock.nowUs();
      if (waitUs > 0) {
        this.#cancelTimer = clock.schedule(waitUs / 1_000, () => this.#run());
        break;
      }
      this.#queue.shift();
      this.#queuedBytes -= head.frame.payload.length;
      this.#send(head);
    }
    if (wasFull && this.writable) onRoom();
    if (this.#queue.length > 0 || this.#closed) return;
    const done = this.#onEmpty;
    this.#onEmpty = undefined;
    done?.();
  }

  #send({ frame, number, dueUs, isJump }: Waiting): void {
    this.#sentUs = dueUs;
    const isEmpty = frame.payload.length === 0 && this.#init.track.codec.name === "opus";
    const payload = isEmpty ? silentPacket : frame.payload;
    const timed: TimedFrame = { ...frame, payload, seq: number, timestampUs: dueUs, mediaUs: frame.timestampUs };
    // A reader that has lost pictures goes on with a key frame, and is to know which one that is.
    const isKeyPicture = this.#cache !== undefined && this.#isKeyFrame(frame);
    if (isKeyPicture) this.#isAwaited = false;
    this.#cache?.add(timed, isKeyPicture);
    const packets = this.#sender.send(timed);
    const [first] = packets;
    const isNew = isJump || this.#isAfterRepetition || isKeyPicture;
    const isTold = isNew || (frame.flags & segment) !== 0 || frame.epoch !== this.#epoch;
    this.#isAfterRepetition = false;
    this.#epoch = frame.epoch;
    if (isTold && first !== undefined) this.#mark(first, timed);
    this.#sendAll(packets);
  }

  /**
   * A new picture of the source is newer than what is cached, and smaller than all that has followed the last one. A source that has
   * been asked before, and has not given any, may not be able to.
   */
  #answerRequest(): void {
    const wasAwaited = this.#isAwaited;
    this.#isAwaited = this.#init.requestKeyFrame();
    if (!this.#isAwaited || wasAwaited) this.#repeat(this.#sender.requestKeyFrame());
  }

  /** A reader that has had nothing begins with the last key frame. */
  #catchUp(cache: KeyFrameCache): void {
    const { clock, pace, position } = this.#init;
    const frames = this.#init.cache?.frames ?? [];
    const last = frames.at(-1);
    if (last === undefined) {
      this.#isAwaited = this.#init.requestKeyFrame();
      return;
    }
    const { dueUs } = pace.place(this, last.timestampUs, clock.nowUs());
    for (const [index, frame] of frames.entries()) {
      const mediaUs = frame.timestampUs;
      const timed: TimedFrame = {
        ...frame,
        seq: Math.max(0, position - frames.length + index),
        timestampUs: dueUs - (last.timestampUs - mediaUs),
        mediaUs,
      };
      cache.add(timed, index === 0);
    }
    this.#active = true;
    this.#epoch = last.epoch;
    this.#repeat(this.#sender.join());
  }

  /** Sends what is cached, and tells of each frame which one it is: a reader drops those that it has had. */
  #repeat(packets: readonly Uint8Array[]): void {
    if (packets.length === 0) return;
    const frames = (this.#cache?.frames ?? []) as readonly TimedFrame[];
    let index = -1;
    let timestamp: number | undefined;
    for (const packet of packets) {
      const own = viewOf(packet).getUint32(4);
      const frame = own === timestamp ? undefined : frames[(index += 1)];
      timestamp = own;
      if (frame !== undefined) this.#mark(packet, { ...frame, flags: 0 });
    }
    this.#isAfterRepetition = true;
    this.#sendAll(packets);
  }

  /** @param first packet of the frame */
  #mark(first: Uint8Array, { flags, epoch, seq, mediaUs }: TimedFrame): void {
    const view = viewOf(first);
    const rtp = { sequenceNumber: view.getUint16(2), timestamp: view.getUint32(4) };
    const mark = { mid: this.mid, flags: flags & segment, epoch, seq, timestampUs: mediaUs, rtp };
    this.#init.record(encodeTrackMark(mark));
  }

  #sendAll(packets: readonly Uint8Array[]): void {
    const { clock, track } = this.#init;
    // The same for all tracks of a session, whenever their packets go out: what is due together is played together.
    const wallUs = clock.wallMs() * 1_000 - clock.nowUs();
    for (const packet of packets) track.sendRtp(packet, wallUs + this.#sender.timeOf(viewOf(packet).getUint32(4)));
  }
}

function viewOf(packet: Uint8Array): DataView {
  return new DataView(packet.buffer, packet.byteOffset, packet.length);
}
