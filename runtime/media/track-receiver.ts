import type { Clock } from "../interface/clock.ts";
import { FrameFlag, type Frame } from "../interface/frame.ts";
import { DelayEstimator } from "./delay-estimator.ts";
import { FrameAssembler, type Unit } from "./frame-assembler.ts";
import { PendingMarks, type FrameMark, type PlacedMark } from "./frame-mark.ts";
import { h264Depacketiser } from "./h264-payload.ts";
import { KeyFrameRequests } from "./key-frame-requests.ts";
import { MediaTimeline, type MediaOrigin } from "./media-timeline.ts";
import { opusDepacketiser, opusDurationUs } from "./opus-payload.ts";
import { clockRates, type Depacketiser, type TrackCodec } from "./payload-format.ts";
import { readRtcp } from "./rtcp.ts";
import { isRtcp, readRtpPacket, rtpHeaderBytes, type RtpPacket } from "./rtp-packet.ts";
import { SequenceTracker, Unwrapper } from "./sequence.ts";
import { SyncGroup, type SyncMember } from "./sync-group.ts";
import { InterarrivalJitter, ReceiverCounters, type TrackReceiverStats } from "./track-stats.ts";
import { UnitQueue } from "./unit-queue.ts";
import { vp8Depacketiser } from "./vp8-payload.ts";

export interface TrackReceiverInit {
  readonly codec: TrackCodec;
  readonly clock: Clock;
  /** One frame, in order. A hole in `seq` is as many frames as are missing, or one where that is not known. */
  readonly onFrame: (frame: Frame<Uint8Array>) => void;
  /** Asks the sender for a key frame: a PLI (`writePictureLoss`), or what the engine has for it. Is not called more often than it may. */
  readonly onKeyFrameRequest?: () => void;
  /** All frames up to the end have been given out. */
  readonly onEnd?: () => void;
  /** Which media time the timestamps mean, where the session tells; else the group finds out by sender reports. */
  readonly origin?: MediaOrigin;
  /** The tracks of the same source; without one, the track keeps its own time. */
  readonly group?: SyncGroup;
  /** Packets of other payload types are discarded; any type when left out. */
  readonly payloadType?: number;
  /** What the jitter buffer holds back at least, in milliseconds; 20 by default. */
  readonly minDelayMs?: number;
  /** And at most, in milliseconds; 500 by default. */
  readonly maxDelayMs?: number;
  /** How long a picture is waited for whose packets are missing and may be sent again, in milliseconds; 100 by default. */
  readonly repairMs?: number;
  /** Between two requests for a key frame, in milliseconds; 500 by default. */
  readonly keyFrameRequestMs?: number;
  /** Of packets and frames that wait; 8 MiB by default. */
  readonly maxBytes?: number;
}

const maxPackets = 4_096;
/** Whole frames that wait: 10 s of sound in packets of 20 ms. */
const maxUnits = 512;
/** A packet that has overtaken another one waits so long for it, even where its time has come. */
const reorderUs = 10_000;
/** Timers of platforms are not more exact. */
const toleranceUs = 500;
/** Numbers of packets that were given up, to tell a late one from a double. */
const maxGivenUp = 256;
/** For the frame of a mark, wherever its timestamp stands. */
const longestWaitUs = 1_000_000;
const nothing = new Uint8Array(0);

function depacketiserOf(codec: TrackCodec): Depacketiser {
  return codec === "opus" ? opusDepacketiser : codec === "vp8" ? vp8Depacketiser : h264Depacketiser();
}

/**
 * The receiving end of a track: RTP packets in, frames out, in order and with media time.
 *
 * **Jitter buffer.** A frame is released a time after it was sent that is the same for all: the quickest way that was seen lately
 * plus a target delay, which follows the measured jitter (`DelayEstimator`), plus what lip sync wants (`SyncGroup`).
 *
 * **Loss of sound.** A packet that is not there when it is due is given up, and the next one is released at once: what it
 * tells of the lost one (FEC) is needed now. The hole shows in `seq`.
 *
 * **Loss of pictures.** A frame is waited for until the next whole one is due, at least `repairMs`. Then nothing is released
 * until a key frame comes, which is asked for: what a decoder makes of pictures that refer to lost ones is worse than a still.
 *
 * What comes from the network is judged, counted and bounded; none of it throws.
 */
export class TrackReceiver {
  readonly #init: TrackReceiverInit;
  readonly #isVideo: boolean;
  readonly #repairUs: number;
  readonly #maxBytes: number;
  readonly #sequences = new SequenceTracker();
  readonly #markPlaces = new Unwrapper(16);
  readonly #timeline: MediaTimeline;
  readonly #jitter: InterarrivalJitter;
  readonly #delays: DelayEstimator;
  readonly #sync: SyncMember;
  readonly #assembler: FrameAssembler;
  readonly #queue = new UnitQueue();
  readonly #marks = new PendingMarks();
  readonly #requests: KeyFrameRequests;
  readonly #counters = new ReceiverCounters();
  /** Marks that came before the first packet. */
  #early: FrameMark[] = [];
  /** Sequence number of what is to be released next; undefined at the start. */
  #next: number | undefined;
  #highest = 0;
  /** Something has been released or given up: what came first is settled. */
  #started = false;
  /** Packets that were given up since the last frame. */
  #missing = 0;
  readonly #givenUp = new Set<number>();
  #awaitsKeyFrame: boolean;
  /** Of the frames that come out. */
  #seq = 0;
  #epoch = 0;
  /** Flags for the next frame, of marks that came too late for their own. */
  #flags = 0;
  #lastUs = -Infinity;
  #lastArrivalUs = 0;
  #lastPictureId: number | undefined;
  #cancelTimer: (() => void) | undefined;
  /** When the end has come that the sender has told. */
  #endAtUs = Infinity;
  #closed = false;

  constructor(init: TrackReceiverInit) {
    const { codec, clock, minDelayMs = 20, maxDelayMs = 500, repairMs = 100, maxBytes = 8 * 1024 * 1024 } = init;
    this.#init = init;
    this.#isVideo = codec !== "opus";
    this.#awaitsKeyFrame = this.#isVideo;
    this.#repairUs = repairMs * 1_000;
    this.#maxBytes = maxBytes;
    this.#timeline = new MediaTimeline(clockRates[codec], init.origin);
    this.#jitter = new InterarrivalJitter(clockRates[codec]);
    this.#delays = new DelayEstimator({ minDelayMs, maxDelayMs });
    this.#assembler = new FrameAssembler(depacketiserOf(codec), { maxPackets, maxBytes });
    const group = init.group ?? new SyncGroup();
    this.#sync = group.join(this.#timeline, this.#isVideo ? "video" : "audio", init.origin !== undefined);
    this.#requests = new KeyFrameRequests(clock, init.keyFrameRequestMs ?? 500, () => {
      this.#counters.pliCount += 1;
      init.onKeyFrameRequest?.();
    });
  }

  /** Takes the bytes of one packet, RTP or RTCP. @param arrivalUs by the clock; now by default */
  receive(bytes: Uint8Array, arrivalUs: number = this.#init.clock.nowUs()): void {
    if (isRtcp(bytes)) {
      this.receiveRtcp(bytes);
      return;
    }
    const packet = readRtpPacket(bytes);
    if (packet === undefined) this.#counters.packetsDiscarded += 1;
    else this.receivePacket(packet, arrivalUs, bytes.length - packet.payload.length);
  }

  /** Takes a packet that an engine has read. Its payload is copied where it is kept. */
  receivePacket(
    packet: RtpPacket,
    arrivalUs: number = this.#init.clock.nowUs(),
    headerBytes: number = rtpHeaderBytes,
  ): void {
    if (this.#closed) return;
    const counters = this.#counters;
    if (this.#init.payloadType !== undefined && packet.payloadType !== this.#init.payloadType) {
      counters.packetsDiscarded += 1;
      return;
    }
    const sourceBefore = this.#sequences.ssrc;
    const place = this.#sequences.place(packet.ssrc, packet.sequenceNumber);
    if (place === undefined) {
      counters.packetsDiscarded += 1;
      return;
    }
    if (place.restarted) this.#restart(packet, arrivalUs, sourceBefore !== packet.ssrc);
    counters.packetsReceived += 1;
    counters.bytesReceived += packet.payload.length;
    counters.headerBytesReceived += headerBytes;
    this.#highest = Math.max(this.#highest, place.sequence);
    const rtpTime = this.#timeline.unwrap(packet.timestamp);
    if (!this.#timeline.placed) {
      this.#timeline.place({ rtpTimestamp: packet.timestamp, timestampUs: this.#sync.begin(arrivalUs) });
    }
    this.#placeEarlyMarks(place.sequence);
    this.#jitter.record(arrivalUs, rtpTime);
    this.#lastArrivalUs = arrivalUs;
    this.#arrived(packet, place.sequence, rtpTime, arrivalUs);
    this.#run();
  }

  /** Takes a compound RTCP packet: sender reports of the track, and its end. */
  receiveRtcp(bytes: Uint8Array): void {
    if (this.#closed) return;
    for (const packet of readRtcp(bytes)) {
      const { ssrc } = this.#sequences;
      if (packet.type === "sender-report" && packet.ssrc === ssrc) this.#sync.report(packet);
      else if (packet.type === "bye" && ssrc !== undefined && packet.ssrcs.includes(ssrc)) this.end();
    }
  }

  /**
   * What the session tells of a frame. One that has been released, or is lost, is not waited for: the end of a segment then comes
   * as a frame without payload, its start with the next frame.
   */
  mark(mark: FrameMark): void {
    if (this.#closed) return;
    if (this.#sequences.ssrc === undefined) {
      if (this.#early.length < 16) this.#early.push(mark);
      return;
    }
    this.#placeMark(mark);
  }

  /**
   * The sender sends no more: what waits, or has been overtaken by this, is released in its time, then `onEnd` is called.
   * Calling it again does nothing.
   */
  end(): void {
    if (this.#endAtUs !== Infinity || this.#closed) return;
    this.#endAtUs = this.#init.clock.nowUs() + this.#delays.targetUs;
    this.#run();
  }

  /** Drops what waits; nothing is called any more. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#queue.clear();
    this.#assembler.clear();
    this.#sync.leave();
  }

  /** How long a frame that came on the quickest way is held back now, in milliseconds. */
  get targetDelayMs(): number {
    return this.#delays.targetUs / 1_000;
  }

  stats(): TrackReceiverStats {
    const { ssrc, lost } = this.#sequences;
    return { codec: this.#init.codec, ssrc, ...this.#counters, packetsLost: lost, jitter: this.#jitter.seconds };
  }

  #arrived(packet: RtpPacket, sequence: number, rtpTime: number, arrivalUs: number): void {
    const counters = this.#counters;
    // The first packet that comes need not be the first that was sent.
    if (this.#next === undefined || (!this.#started && sequence < this.#next)) this.#next = sequence;
    if (sequence < this.#next) {
      if (!this.#givenUp.delete(sequence)) {
        counters.packetsDuplicated += 1;
        return;
      }
      counters.packetsDiscarded += 1;
      // It tells how late packets may be.
      if (!this.#isVideo) this.#delays.record(arrivalUs, this.#timeline.clockUs(rtpTime));
      return;
    }
    if (this.#assembler.has(sequence) || this.#queue.has(sequence)) {
      counters.packetsDuplicated += 1;
      return;
    }
    const { marker } = packet;
    // The engine's buffer is its own. (`slice` of a `Buffer` would not copy.)
    const payload = new Uint8Array(packet.payload);
    for (const unit of this.#assembler.add({ sequence, rtpTime, marker, payload, arrivalUs })) {
      this.#queue.add(unit);
      if (unit.payload === undefined) {
        if (!unit.isPadding) counters.packetsDiscarded += unit.lastSequence - unit.firstSequence + 1;
        continue;
      }
      counters.framesReceived += 1;
      if (unit.keyFrame) counters.keyFramesReceived += 1;
      this.#delays.record(unit.arrivalUs, this.#timeline.clockUs(unit.rtpTime));
    }
  }

  /** Releases what is due, and sets the timer for what is due next. */
  #run(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    while (!this.#closed) {
      const nowUs = this.#init.clock.nowUs();
      const { atUs, act } = this.#step(nowUs);
      const isFull = this.#queue.length > maxUnits || this.#queue.bytes > this.#maxBytes;
      if (atUs > nowUs + toleranceUs && !isFull) {
        if (atUs !== Infinity) this.#cancelTimer = this.#init.clock.schedule((atUs - nowUs) / 1_000, () => this.#run());
        return;
      }
      act();
    }
  }

  /** What is to be done next, and when. */
  #step(nowUs: number): { readonly atUs: number; readonly act: () => void } {
    const head = this.#queue.head;
    const mark = this.#marks.firstEnd;
    const headAtUs = head === undefined ? Infinity : this.#actsAt(head, nowUs);
    if (mark !== undefined && mark.sequence < (head?.firstSequence ?? Infinity)) {
      // Its packet may be lost, and be the last one for long.
      const rtpTime = this.#timeline.near(mark.rtpTimestamp);
      const atUs = Math.min(this.#dueUs(rtpTime, Infinity, nowUs), mark.arrivalUs + longestWaitUs, this.#endAtUs);
      if (atUs <= headAtUs) return { atUs, act: () => this.#passMark(mark) };
    }
    if (head === undefined) return { atUs: this.#endAtUs, act: () => this.#finish() };
    return { atUs: headAtUs, act: () => this.#act(this.#queue.take() as Unit, nowUs) };
  }

  /** When the head of the queue is released, or dropped, or what is missing before it is given up. */
  #actsAt(head: Unit, nowUs: number): number {
    const next = this.#next ?? head.firstSequence;
    if (head.payload === undefined && head.firstSequence === next) return nowUs;
    const dueUs = this.#dueUs(head.rtpTime, head.arrivalUs, nowUs);
    if (head.firstSequence <= next) return this.#awaitsKeyFrame && !head.keyFrame ? nowUs : dueUs;
    if (this.#endAtUs !== Infinity) return dueUs;
    if (!this.#isVideo) {
      const durationUs = head.payload === undefined ? 0 : (opusDurationUs(head.payload) ?? 0);
      const missingDueUs = dueUs - (head.firstSequence - next) * durationUs;
      return Math.max(missingDueUs, Math.min(dueUs, head.arrivalUs + reorderUs));
    }
    // Nothing before a key frame is needed any more; and what is waited for may be the rest of one.
    if (this.#queue.hasKeyFrame || (this.#awaitsKeyFrame && this.#assembler.waiting === 0)) return dueUs;
    return Math.max(dueUs, head.firstArrivalUs + this.#repairUs);
  }

  /** @param arrivalUs of the frame: it is never held back longer than one that came on the quickest way */
  #dueUs(rtpTime: number, arrivalUs: number, nowUs: number): number {
    const clockUs = this.#timeline.clockUs(rtpTime);
    const quickestUs = Math.min(arrivalUs, clockUs + (this.#delays.offsetUs ?? nowUs - clockUs));
    const releaseUs = quickestUs + this.#delays.targetUs;
    return releaseUs + this.#sync.hold(releaseUs - this.#timeline.mediaUs(rtpTime), nowUs);
  }

  /** Gives up the frame that ends a segment. */
  #passMark(mark: PlacedMark): void {
    const until = mark.sequence + 1;
    this.#giveUp(this.#next ?? mark.sequence, until);
    this.#next = Math.max(this.#next ?? until, until);
    this.#assembler.discardBelow(this.#next);
    for (const one of this.#marks.takeUpTo(mark.sequence)) this.#markLost(one);
  }

  #act(unit: Unit, nowUs: number): void {
    this.#giveUp(this.#next ?? unit.firstSequence, unit.firstSequence);
    this.#next = unit.lastSequence + 1;
    this.#assembler.discardBelow(this.#next);
    const { payload } = unit;
    if (payload === undefined) {
      if (!unit.isPadding) this.#missing += unit.lastSequence - unit.firstSequence + 1;
      return;
    }
    if (this.#missing > 0) this.#lose(this.#lostFrames(unit, this.#missing));
    this.#missing = 0;
    this.#lastPictureId = unit.pictureId;
    if (this.#awaitsKeyFrame && !unit.keyFrame) {
      this.#counters.framesDropped += 1;
      this.#seq += 1;
      this.#requests.ask();
      return;
    }
    this.#awaitsKeyFrame = false;
    this.#release(unit, payload, nowUs);
  }

  /** Packets from one number up to another are not waited for any more. */
  #giveUp(from: number, until: number): void {
    this.#started = true;
    if (from >= until) return;
    this.#missing += until - from;
    for (let sequence = Math.max(from, until - maxGivenUp); sequence < until; sequence += 1)
      this.#givenUp.add(sequence);
    for (const oldest of this.#givenUp) {
      if (this.#givenUp.size <= maxGivenUp) break;
      this.#givenUp.delete(oldest);
    }
  }

  #lose(frames: number): void {
    this.#counters.gaps += 1;
    this.#counters.framesDropped += frames;
    this.#seq += frames;
    if (this.#isVideo) this.#awaitsKeyFrame = true;
  }

  /** How many frames the missing packets were. */
  #lostFrames(unit: Unit, missing: number): number {
    if (!this.#isVideo) return missing;
    const { pictureId, pictureIds } = unit;
    if (pictureId === undefined || pictureIds === undefined || this.#lastPictureId === undefined) return 1;
    const between = (((pictureId - this.#lastPictureId - 1) % pictureIds) + pictureIds) % pictureIds;
    // More than the missing packets it cannot be.
    return Math.min(missing, Math.max(1, between));
  }

  #release(unit: Unit, payload: Uint8Array, nowUs: number): void {
    const marks = this.#marks.takeUpTo(unit.lastSequence);
    for (const mark of marks) if (mark.sequence < unit.firstSequence) this.#markLost(mark);
    let flags = this.#flags | (unit.keyFrame ? FrameFlag.keyFrame : 0);
    this.#flags = 0;
    for (const mark of marks) {
      if (mark.sequence < unit.firstSequence) continue;
      flags |= mark.flags;
      this.#enter(mark);
    }
    const counters = this.#counters;
    const weight = this.#isVideo ? 1 : Math.round(((opusDurationUs(payload) ?? 0) * clockRates.opus) / 1e6);
    counters.jitterBufferEmittedCount += weight;
    counters.jitterBufferDelay += (Math.max(0, nowUs - unit.firstArrivalUs) / 1e6) * weight;
    counters.jitterBufferTargetDelay += (this.#delays.targetUs / 1e6) * weight;
    this.#emit(this.#timeline.mediaUs(unit.rtpTime), flags, payload);
  }

  #emit(mediaUs: number, flags: number, payload: Uint8Array): void {
    // A report may move the time of pictures back; what is out cannot be.
    const mayMove = this.#isVideo && this.#init.origin === undefined;
    const timestampUs = mayMove ? Math.max(Math.round(mediaUs), this.#lastUs) : Math.round(mediaUs);
    this.#lastUs = timestampUs;
    this.#init.onFrame({ timestampUs, seq: this.#seq++, epoch: this.#epoch, flags, payload });
  }

  #placeEarlyMarks(sequence: number): void {
    if (this.#early.length === 0) return;
    const early = this.#early;
    this.#early = [];
    this.#highest = sequence;
    for (const mark of early) this.#placeMark(mark);
  }

  #placeMark(mark: FrameMark): void {
    const sequence = this.#markPlaces.near(mark.sequenceNumber, this.#highest);
    const placed = { ...mark, sequence, arrivalUs: this.#init.clock.nowUs() };
    if (sequence < (this.#next ?? -Infinity)) {
      this.#markLost(placed);
      return;
    }
    this.#marks.add(placed);
    if (mark.epoch > this.#epoch && !this.#isVideo) this.#dropUpTo(sequence);
    this.#run();
  }

  /** What was said before an interrupt is stale. Pictures are kept: those behind may need them. */
  #dropUpTo(sequence: number): void {
    while ((this.#queue.head?.lastSequence ?? Infinity) < sequence) {
      const unit = this.#queue.take() as Unit;
      this.#giveUp(this.#next ?? unit.firstSequence, unit.firstSequence);
      this.#next = unit.lastSequence + 1;
      this.#missing += 1;
    }
  }

  /** The frame of a mark is not to come, or has been. */
  #markLost(mark: PlacedMark): void {
    this.#enter(mark);
    this.#flags |= mark.flags & FrameFlag.segmentStart;
    if ((mark.flags & FrameFlag.segmentEnd) === 0) return;
    const flags = this.#flags | FrameFlag.segmentEnd;
    this.#flags = 0;
    this.#emit(this.#timeline.mediaUs(this.#timeline.near(mark.rtpTimestamp)), flags, nothing);
  }

  #enter({ epoch, rtpTimestamp, timestampUs }: PlacedMark): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    if (timestampUs !== undefined) this.#timeline.place({ rtpTimestamp, timestampUs });
  }

  #restart(packet: RtpPacket, arrivalUs: number, isOther: boolean): void {
    this.#queue.clear();
    this.#assembler.clear();
    this.#givenUp.clear();
    this.#delays.reset();
    this.#next = undefined;
    this.#started = false;
    this.#missing = 0;
    this.#lastPictureId = undefined;
    this.#lose(1);
    if (!isOther) return;
    this.#marks.clear();
    this.#jitter.reset();
    // Another source with a clock of its own, unless the session tells what its timestamps mean.
    this.#timeline.restart();
    if (this.#init.origin !== undefined) this.#timeline.place(this.#init.origin);
    else if (this.#lastUs !== -Infinity) {
      const passedUs = Math.max(0, arrivalUs - this.#lastArrivalUs);
      this.#timeline.place({ rtpTimestamp: packet.timestamp, timestampUs: this.#lastUs + passedUs });
    }
  }

  #finish(): void {
    const marks = this.#marks.takeUpTo(Infinity);
    for (const mark of marks) this.#markLost(mark);
    this.close();
    this.#init.onEnd?.();
  }
}
