import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame, Payload } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { LinkPlan } from "../interface/plan.ts";
import { MovingMean } from "./moving-mean.ts";
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
}

/** Frames a writer may put in beyond the capacity by ignoring what `emit` returns, before that is an error. */
export const maxOvershootFrames = 65_536;

/** One frame in so many is timed on its way through the queue. */
const probeEvery = 16;

/** Bytes of a binary payload, characters of a text; 0 for other values, whose size only a serialiser knows. */
export function payloadBytes(payload: Payload): number {
  if (typeof payload === "string") return payload.length;
  return ArrayBuffer.isView(payload) ? payload.byteLength : 0;
}

/**
 * A bounded queue between two stages: a `Link` for its writer, `peek` and `take` or an async iterator for its one reader.
 *
 * `end` lets the reader have what waits; `abort` drops it, counted. A writer that had to stop is called again once half
 * of the queue is free, so that both sides work in runs and not frame by frame.
 */
export class BoundedChannel implements Link, AsyncIterable<Frame> {
  readonly name: string;
  readonly capacityFrames: number;
  readonly overflow: Overflow;
  #ring: (Frame | undefined)[];
  #stamps: Float64Array | undefined;
  #mask: number;
  #head = 0;
  #size = 0;
  #frames = 0;
  #bytes = 0;
  #dropped = 0;
  #overshot = 0;
  #ended = false;
  #discarding = false;
  #error: MeshError | undefined;
  #full = false;
  #probe = -1;
  #probeUs = 0;
  readonly #hop = new MovingMean();
  readonly #clock: Clock | undefined;
  readonly #arrivals: { next: number } | undefined;
  readonly #writers = new Waiters();
  readonly #readers = new Waiters();
  #onReadable: (() => void) | undefined;
  #onRoom: (() => void)[] = [];

  constructor(init: BoundedChannelInit) {
    this.name = init.name ?? "link";
    this.capacityFrames = init.capacityFrames;
    this.overflow = init.overflow;
    this.#clock = init.clock;
    this.#arrivals = init.arrivals;
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, Math.min(init.capacityFrames, 256))));
    this.#ring = Array.from<Frame | undefined>({ length: slots }).fill(undefined);
    this.#stamps = init.arrivals === undefined ? undefined : new Float64Array(slots);
    this.#mask = slots - 1;
  }

  // ---- the writer's side --------------------------------------------------------------------------------------

  get writable(): boolean {
    if (this.#ended) return false;
    return this.#size < this.capacityFrames || this.overflow !== "block" || this.#discarding;
  }

  ready(signal?: AbortSignal): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.reject(this.#closed());
    return this.writable ? Promise.resolve() : this.#writers.wait(signal);
  }

  send(frame: Frame): void {
    if (this.#size >= this.capacityFrames && this.overflow === "block" && !this.#ended && !this.#discarding) {
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
    if (this.#discarding) {
      this.#dropped += 1;
      return;
    }
    if (this.#size >= this.capacityFrames && !this.#makeRoom()) return;
    if (this.#size > this.#mask) this.#grow();
    const slot = (this.#head + this.#size) & this.#mask;
    this.#ring[slot] = frame;
    if (this.#stamps !== undefined && this.#arrivals !== undefined) this.#stamps[slot] = this.#arrivals.next++;
    this.#size += 1;
    if (this.#size >= this.capacityFrames) this.#full = true;
    if (this.#probe < 0 && this.#clock !== undefined && this.#frames % probeEvery === 1) {
      this.#probe = this.#size - 1;
      this.#probeUs = this.#clock.nowUs();
    }
    this.#wakeReader();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#writers.refuse(this.#closed());
    this.#wakeReader();
  }

  abort(error: MeshError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#ended = true;
    this.#clear();
    this.#writers.refuse(error);
    this.#wakeReader();
  }

  /** Calls `listener` when a queue that was full has room again. Kept for the life of the channel. */
  onRoom(listener: () => void): void {
    this.#onRoom.push(listener);
  }

  // ---- the reader's side --------------------------------------------------------------------------------------

  /** Calls `listener` for each frame that comes and at the end; it may be called where nothing is new. */
  onReadable(listener: () => void): void {
    this.#onReadable = listener;
  }

  get size(): number {
    return this.#size;
  }

  /** True when nothing waits and nothing will come. */
  get drained(): boolean {
    return this.#ended && this.#size === 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get error(): MeshError | undefined {
    return this.#error;
  }

  peek(): Frame | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }

  /** Place of the oldest frame in the order of arrival over all channels that share `arrivals`. */
  get arrival(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#stamps?.[this.#head] ?? 0);
  }

  take(): Frame | undefined {
    if (this.#size === 0) return undefined;
    const frame = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#size -= 1;
    if (this.#probe >= 0) this.#passProbe(true);
    if (this.#full && this.#size <= this.capacityFrames >> 1) this.#announceRoom();
    return frame;
  }

  /** The reader wants no more: what waits and what still comes is dropped, counted, and holds nobody up. */
  discard(): void {
    if (this.#discarding) return;
    this.#discarding = true;
    this.#clear();
    this.#announceRoom();
  }

  /**
   * The next frame; undefined at the end.
   * @throws {MeshError} what the writer aborted with; or the signal's reason
   */
  async receive(signal?: AbortSignal): Promise<Frame | undefined> {
    while (this.#size === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return undefined;
      await this.#readers.wait(signal);
    }
    return this.take();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void, undefined> {
    try {
      for (;;) {
        const frame = await this.receive();
        if (frame === undefined) return;
        yield frame;
      }
    } finally {
      this.discard();
    }
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
    return this.#hop.value;
  }

  // ---- inside -------------------------------------------------------------------------------------------------

  /** Does what the link says when it is full; false when the new frame is the one to go. */
  #makeRoom(): boolean {
    switch (this.overflow) {
      case "drop_newest":
        this.#dropped += 1;
        return false;
      case "drop_oldest":
        this.#dropped += 1;
        this.#ring[this.#head] = undefined;
        this.#head = (this.#head + 1) & this.#mask;
        this.#size -= 1;
        if (this.#probe >= 0) this.#passProbe(false);
        return true;
      case "error":
        this.#dropped += 1;
        throw new MeshError("resource-exhausted", `The queue of \`${this.name}\` is full: ${this.#size} frames wait.`, {
          hint: "Give the link a larger `buffer`, another `overflow`, or a faster reader.",
        });
      case "block":
        if (this.#size >= this.capacityFrames + maxOvershootFrames) {
          throw new MeshError(
            "resource-exhausted",
            `${this.#size} frames wait in \`${this.name}\`, which holds ${this.capacityFrames}: its producer does not wait.`,
            { hint: "Await what `emit` returns before the next one." },
          );
        }
        this.#overshot += 1;
        return true;
      default:
        return this.overflow satisfies never;
    }
  }

  #passProbe(measured: boolean): void {
    this.#probe -= 1;
    if (this.#probe < 0 && measured && this.#clock !== undefined) {
      this.#hop.add((this.#clock.nowUs() - this.#probeUs) / 1000);
    }
  }

  #grow(): void {
    const slots = (this.#mask + 1) * 2;
    const ring = Array.from<Frame | undefined>({ length: slots }).fill(undefined);
    const stamps = this.#stamps === undefined ? undefined : new Float64Array(slots);
    for (let index = 0; index < this.#size; index += 1) {
      const from = (this.#head + index) & this.#mask;
      ring[index] = this.#ring[from];
      if (stamps !== undefined) stamps[index] = this.#stamps?.[from] ?? 0;
    }
    this.#ring = ring;
    this.#stamps = stamps;
    this.#head = 0;
    this.#mask = slots - 1;
  }

  #clear(): void {
    this.#dropped += this.#size;
    this.#ring.fill(undefined);
    this.#head = 0;
    this.#size = 0;
    this.#probe = -1;
  }

  #announceRoom(): void {
    this.#full = false;
    this.#writers.wake();
    for (const listener of this.#onRoom) listener();
  }

  #wakeReader(): void {
    this.#readers.wake();
    this.#onReadable?.();
  }

  #closed(): MeshError {
    return new MeshError("channel-closed", `\`${this.name}\` has ended and takes no more frames.`);
  }
}
