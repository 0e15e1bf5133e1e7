import type { Frame } from "../interface/frame.ts";

/** Slots that a ring begins with at most; it grows with what really waits. */
const firstSlots = 4;

export interface FrameRingInit {
  readonly capacityFrames: number;
  /** Keeps the place of each frame in the order of arrival. */
  readonly ordered: boolean;
  /** Keeps the time at which each frame came, in microseconds. */
  readonly timed: boolean;
}

/**
 * The frames of a queue, oldest first, in a ring that grows as needed. A part of the queue itself and no object beside it: of
 * thousands of sessions, each object has to come into the cache for each frame.
 */
export abstract class FrameRing {
  #slots: (Frame | undefined)[];
  #mask: number;
  /** Frames that have left, by shift or by clear, as an integer of 32 bits that wraps. Its last bits are the oldest slot. */
  #head = 0;
  #size = 0;
  #places: Float64Array | undefined;
  #times: Float64Array | undefined;

  constructor(init: FrameRingInit) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, Math.min(init.capacityFrames, firstSlots))));
    this.#slots = emptySlots(slots);
    this.#places = init.ordered ? new Float64Array(slots) : undefined;
    this.#times = init.timed ? new Float64Array(slots) : undefined;
    this.#mask = slots - 1;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** How many have left so far: the number of the oldest, counted from 0 as they come. Wraps at 32 bits. */
  protected get left(): number {
    return this.#head;
  }

  protected get oldest(): Frame | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#head & this.#mask];
  }

  /** Place of the oldest frame in the order of arrival. */
  protected get place(): number {
    return this.#places?.[this.#head & this.#mask] ?? 0;
  }

  /** When the oldest frame came, in microseconds. */
  protected get sinceUs(): number {
    return this.#times?.[this.#head & this.#mask] ?? 0;
  }

  protected push(frame: Frame): void {
    if (this.#size > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#size) & this.#mask] = frame;
    this.#size += 1;
  }

  /** Marks the newest frame. */
  protected mark(place: number, nowUs: number): void {
    const slot = (this.#head + this.#size - 1) & this.#mask;
    if (this.#places !== undefined) this.#places[slot] = place;
    if (this.#times !== undefined) this.#times[slot] = nowUs;
  }

  protected leave(): Frame | undefined {
    if (this.#size === 0) return undefined;
    const slot = this.#head & this.#mask;
    const frame = this.#slots[slot];
    this.#slots[slot] = undefined;
    this.#head = (this.#head + 1) | 0;
    this.#size -= 1;
    return frame;
  }

  protected clear(): void {
    this.#slots.fill(undefined);
    this.#head = (this.#head + this.#size) | 0;
    this.#size = 0;
  }

  #grow(): void {
    const mask = this.#mask * 2 + 1;
    /** Each to where it stands among twice as many. */
    const moved = <T extends unknown[] | Float64Array>(from: T, to: T): T => {
      for (let index = 0; index < this.#size; index += 1) {
        const number = this.#head + index;
        to[number & mask] = from[number & this.#mask] as never;
      }
      return to;
    };
    this.#slots = moved(this.#slots, emptySlots(mask + 1));
    this.#places &&= moved(this.#places, new Float64Array(mask + 1));
    this.#times &&= moved(this.#times, new Float64Array(mask + 1));
    this.#mask = mask;
  }
}

/** Filled one by one: an array with holes is slower, and so is a call that fills it. */
function emptySlots(count: number): (Frame | undefined)[] {
  const slots: (Frame | undefined)[] = [];
  while (slots.length < count) slots.push(undefined);
  return slots;
}
