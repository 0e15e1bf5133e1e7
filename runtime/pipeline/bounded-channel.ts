import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import { FrameFlag, type Frame, type Payload } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { LinkPlan } from "../interface/plan.ts";
import { FrameRing } from "./frame-ring.ts";
import { MovingMean } from "./moving-mean.ts";
import { nextStride } from "./sampler.ts";
import type { LoadProbe } from "./splits/load.ts";
import { Waiters } from "./waiters.ts";

export type Overflow = NonNullable<LinkPlan["overflow"]>;

export interface BoundedChannelInit {
  /** Frames that may wait, at least 1. */
  readonly capacityFrames: number;
  readonly overflow: Overflow;
  /** `vad.speech -> stt.speech`; for messages and `describe()`. */
  readonly name?: string;
  /** Measures how long frames wait; without it `hopMs` stays undefined. */
  readonly clock?: Clock;
  /** Shared by channels that one reader merges, so that it can read them in order of arrival. */
  readonly arrivals?: { next: number };
  /** Frames that have waited longer are dropped: where they are found, or while they hold up a writer; needs the clock. */
  readonly deadlineMs?: number;
  /**
   * Video: once key frames are marked in it, a picture that is lost takes with it those that build on it. Called for each of those, for
   * only a key frame helps.
   */
  readonly pictures?: () => void;
}

/** The one that reads a queue. Itself and not a function of its own, which would have to come into the cache for each frame. */
export interface Reader {
  /** There is something to read, or nothing more will come. Not the time to read it: a writer is in the middle of its work. */
  readable(): void;
}

/** Frames a writer may put in beyond the capacity by ignoring what `emit` returns, before that is an error. */
export const maxOvershootFrames = 65_536;

/** Bytes of a binary payload, characters of a text; 0 for other values, whose size only a serialiser knows. */
export function payloadBytes(payload: Payload): number {
  if (typeof payload === "object") return ArrayBuffer.isView(payload) ? payload.byteLength : 0;
  return typeof payload === "string" ? payload.length : 0;
}

function isKey({ flags }: Frame): boolean {
  return (flags & FrameFlag.keyFrame) !== 0;
}

/**
 * A bounded queue between two stages: a `Link` for its writer, `peek` and `take` for its one reader.
 *
 * `end` lets the reader have what waits; `abort` drops it, counted. A writer that had to stop is called again once half
 * of the queue is free, so that both sides work in runs and not frame by frame. `flush` drops what waits and what still
 * comes of an earlier epoch, counted. Of video whose key frames are marked, all up to the next one goes with a frame that is
 * dropped, for it would not decode.
 */
export class BoundedChannel extends FrameRing implements Link, LoadProbe {
  // What each frame touches stands first, in as few lines of the cache as possible: a source may be sent to a thousand queues.
  readonly capacityFrames: number;
  readonly #marked: boolean;
  #ended = false;
  #discarding = false;
  #full = false;
  #epoch = 0;
  #frames = 0;
  #bytes = 0;
  #untilProbe = 1;
  /** The number of the frame that the reader has taken last. */
  #taken = -1;
  readonly #pictures: (() => void) | undefined;
  /** Frames before the timed one; negative when none is timed. */
  #probe = -1;
  readonly #deadlineUs: number | undefined;
  #reader: Reader | undefined;
  readonly name: string;
  readonly overflow: Overflow;
  readonly #bounded: boolean;
  #error: MeshError | undefined;
  #dropped = 0;
  #overshot = 0;
  #probeUs = Number.NEGATIVE_INFINITY;
  #probeEvery = 1;
  #hop: MovingMean | undefined;
  readonly #clock: Clock | undefined;
  readonly #arrivals: { next: number } | undefined;
  #writers: Waiters | undefined;
  #onRoom: (() => void)[] | undefined;
  /** Its writer marks key frames. */
  #keyed = false;
  /** A picture was lost: nothing decodes before the next key frame. */
  #broken = false;
  #cancelExpiry: (() => void) | undefined;

  constructor(init: BoundedChannelInit) {
    const timed = init.deadlineMs !== undefined && init.clock !== undefined;
    super({ capacityFrames: init.capacityFrames, ordered: init.arrivals !== undefined, timed });
    this.name = init.name ?? "link";
    this.capacityFrames = init.capacityFrames;
    this.overflow = init.overflow;
    this.#bounded = init.overflow === "block";
    this.#clock = init.clock;
    this.#arrivals = init.arrivals;
    this.#deadlineUs = timed ? Math.round((init.deadlineMs ?? 0) * 1000) : undefined;
    this.#pictures = init.pictures;
    this.#marked = timed || init.arrivals !== undefined;
  }

  // ---- the writer's side --------------------------------------------------------------------------------------

  get writable(): boolean {
    if (this.#ended) return false;
    return this.size < this.capacityFrames || !this.#bounded || this.#discarding;
  }

  ready(signal?: AbortSignal): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.reject(this.#closed());
    if (this.writable) return Promise.resolve();
    this.#writers ??= new Waiters();
    return this.#writers.wait(signal);
  }

  send(frame: Frame): void {
    if (!this.#ended && !this.writable) {
      throw new MeshError("channel-full", `\`${this.name}\` has no room; wait for \`ready\` before \`send\`.`);
    }
    this.offer(frame);
  }

  /**
   * Like `send`, but a `block` queue that is full takes the frame beyond its bound and counts it: for a writer that
   * may emit several frames for one it took.
   * @throws {MeshError} `resource-exhausted` beyond `maxOvershootFrames`, or when an `error` queue is full
   */
  offer(frame: Frame): void {
    if (this.#ended) throw this.#error ?? this.#closed();
    this.#frames += 1;
    this.#bytes += payloadBytes(frame.payload);
    if (this.#discarding || frame.epoch < this.#epoch) {
      this.#dropped += 1;
      this.#broken = this.#keyed;
      return;
    }
    const { size } = this;
    if (size + 1 >= this.capacityFrames) {
      if (size >= this.capacityFrames && !this.#makeRoom()) return;
      this.#full = true;
    }
    if (this.#pictures !== undefined && !this.#decodes(frame)) {
      this.#pictures();
      return;
    }
    this.push(frame);
    if (this.#marked) this.#mark();
    this.#untilProbe -= 1;
    if (this.#untilProbe === 0) this.#setProbe();
    // The reader takes all there is, or is called by what holds it up, so only the first frame has to wake it.
    if (this.size === 1) this.#reader?.readable();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelExpiry?.();
    this.#writers?.refuse(this.#closed());
    this.#reader?.readable();
  }

  abort(error: MeshError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#ended = true;
    this.#cancelExpiry?.();
    this.#clear();
    this.#writers?.refuse(error);
    this.#reader?.readable();
  }

  /**
   * Drops what waits.
   * @param epoch frames of an earlier one that still come are dropped too; left out where the writer has no part in it
   */
  flush(epoch = this.#epoch): void {
    if (epoch > this.#epoch) this.#epoch = epoch;
    this.#clear();
    if (this.#full) this.#announceRoom();
  }

  /** Calls `listener` when a queue that was full has room again. Kept for the life of the channel. */
  onRoom(listener: () => void): void {
    if (this.#onRoom === undefined) this.#onRoom = [listener];
    else this.#onRoom.push(listener);
  }

  // ---- the reader's side --------------------------------------------------------------------------------------

  /** Tells the reader when there is something to read again, and at the end; it may be told where nothing is new. */
  readBy(reader: Reader): void {
    this.#reader = reader;
  }

  /** As the load of who reads it, where no more is known. */
  get waiting(): number {
    return this.size;
  }

  get serviceMs(): number | undefined {
    return this.#hop?.value;
  }

  /** True when nothing waits and nothing will come. */
  get drained(): boolean {
    return this.#ended && this.size === 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get error(): MeshError | undefined {
    return this.#error;
  }

  peek(): Frame | undefined {
    if (this.#deadlineUs !== undefined) this.#expire(this.#deadlineUs);
    return this.oldest;
  }

  /** Place of the oldest frame in the order of arrival over all channels that share `arrivals`. */
  get arrival(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.place;
  }

  /** The oldest frame; undefined where none waits, or all that did are over their deadline. */
  take(): Frame | undefined {
    if (this.#deadlineUs !== undefined) this.#expire(this.#deadlineUs);
    return this.shift();
  }

  /** The frame that `peek` has shown, whatever its deadline is by now. */
  shift(): Frame | undefined {
    const taken = this.left;
    const frame = this.leave();
    if (frame === undefined) return undefined;
    this.#taken = taken;
    if (this.#probe >= 0) this.#passProbe(true);
    this.#look();
    return frame;
  }

  /** The reader wants no more: what waits and what still comes is dropped, counted, and holds nobody up. */
  discard(): void {
    if (this.#discarding) return;
    this.#discarding = true;
    this.#clear();
    this.#announceRoom();
  }

  // ---- what it still holds -------------------------------------------------------------------------------------

  /** The number of the next frame that comes in, of 32 bits and so on from there. */
  get entered(): number {
    return (this.left + this.size) | 0;
  }

  /**
   * True when all frames before the one of this number are done with: none waits, and none is in work.
   * @param resting the reader has nothing in work; otherwise that may be what it has taken last
   */
  isDoneBefore(number: number, resting: boolean): boolean {
    return (((resting ? this.left : this.#taken) - number) | 0) >= 0;
  }

  // ---- what it counts -----------------------------------------------------------------------------------------

  /** Frames offered, whether or not they were dropped later. */
  get frames(): number {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** The reader has taken a frame only to drop it. */
  countDropped(): void {
    this.#dropped += 1;
  }

  /** Frames taken beyond the capacity. */
  get overshot(): number {
    return this.#overshot;
  }

  /** Milliseconds a frame waits. */
  get hopMs(): number | undefined {
    return this.#hop?.value;
  }

  // ---- inside -------------------------------------------------------------------------------------------------

  #mark(): void {
    const place = this.#arrivals?.next ?? 0;
    if (this.#arrivals !== undefined) this.#arrivals.next = place + 1;
    if (this.#deadlineUs === undefined || this.#clock === undefined) {
      this.mark(place, 0);
      return;
    }
    const nowUs = this.#clock.nowUs();
    this.mark(place, nowUs);
    if (this.#full && this.#bounded) this.#expireInTime(this.#clock, this.#deadlineUs, nowUs);
  }

  /** Does what the link says when it is full; false when the new frame is the one to go. */
  #makeRoom(): boolean {
    const { size } = this;
    switch (this.overflow) {
      case "drop_newest":
        this.#dropped += 1;
        this.#broken = this.#keyed;
        return false;
      case "drop_oldest":
        this.#lose();
        if (this.#keyed) this.#loseDependents();
        return true;
      case "error":
        this.#dropped += 1;
        throw new MeshError("resource-exhausted", `The queue of \`${this.name}\` is full: ${size} frames wait.`, {
          hint: "Give the link a larger `buffer`, another `overflow`, or a faster reader.",
        });
      case "block":
        if (size >= this.capacityFrames + maxOvershootFrames) {
          throw new MeshError(
            "resource-exhausted",
            `${size} frames wait in \`${this.name}\`, which holds ${this.capacityFrames}: its producer does not wait.`,
            { hint: "Await what `emit` returns before the next one." },
          );
        }
        this.#overshot += 1;
        return true;
      default:
        return this.overflow satisfies never;
    }
  }

  #expire(deadlineUs: number): void {
    if (this.size === 0) return;
    const untilUs = (this.#clock?.nowUs() ?? 0) - deadlineUs;
    if (this.sinceUs >= untilUs) return;
    while (this.size > 0 && this.sinceUs < untilUs) this.#lose();
    if (this.#keyed) this.#loseDependents();
    this.#look();
  }

  /** Nobody may read for long: what is over its deadline then must not hold up the writer. */
  #expireInTime(clock: Clock, deadlineUs: number, nowUs: number): void {
    // One microsecond more than the deadline is late.
    this.#cancelExpiry ??= clock.schedule((this.sinceUs + deadlineUs + 1 - nowUs) / 1000, () => {
      this.#cancelExpiry = undefined;
      this.#expire(deadlineUs);
      if (this.#full && this.size > 0) this.#expireInTime(clock, deadlineUs, clock.nowUs());
    });
  }

  /** Drops the oldest frame. */
  #lose(): void {
    this.leave();
    this.#dropped += 1;
    if (this.#probe >= 0) this.#passProbe(false);
  }

  /** The oldest picture was lost: those that build on it go too, also what has not come yet. */
  #loseDependents(): void {
    for (let next = this.oldest; next !== undefined; next = this.oldest) {
      if (isKey(next)) return;
      this.#lose();
    }
    this.#broken = true;
  }

  /** False for a picture that builds on one that was lost; it is dropped. */
  #decodes(frame: Frame): boolean {
    if (isKey(frame)) {
      this.#keyed = true;
      this.#broken = false;
    }
    if (this.#broken) this.#dropped += 1;
    return !this.#broken;
  }

  /** Frames have left: there may be room again. */
  #look(): void {
    if (this.#full && this.size <= this.capacityFrames >> 1) this.#announceRoom();
  }

  #setProbe(): void {
    this.#untilProbe = this.#probeEvery;
    if (this.#probe >= 0 || this.#clock === undefined) return;
    const nowUs = this.#clock.nowUs();
    this.#probeEvery = nextStride(this.#probeEvery, nowUs - this.#probeUs);
    this.#untilProbe = this.#probeEvery;
    this.#probe = this.size - 1;
    this.#probeUs = nowUs;
  }

  #passProbe(measured: boolean): void {
    this.#probe -= 1;
    if (this.#probe < 0 && measured && this.#clock !== undefined) {
      this.#hop ??= new MovingMean();
      this.#hop.add((this.#clock.nowUs() - this.#probeUs) / 1000);
    }
  }

  #clear(): void {
    this.#dropped += this.size;
    if (this.size > 0) this.#broken = this.#keyed;
    this.clear();
    this.#probe = -1;
  }

  #announceRoom(): void {
    this.#full = false;
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    this.#writers?.wake();
    for (const listener of this.#onRoom ?? []) listener();
  }

  #closed(): MeshError {
    return new MeshError("channel-closed", `\`${this.name}\` has ended and takes no more frames.`);
  }
}
