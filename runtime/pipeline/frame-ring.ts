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

/** The frames of a queue, oldest first, in a ring that grows as needed. */
export class FrameRing {
  #slots: (Frame | undefined)[];
  #mask: number;
  #head = 0;
  #size = 0;
  #places: Float64Array | undefined;
  #times: Float64Array | undefined;

  constructor(init: FrameRingInit) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, Math.min(init.capacityFrames, firstSlots))));
    this.#slots = Array.from<Frame | undefined>({ length: slots }).fill(undefined);
    this.#places = init.ordered ? new Float64Array(slots) : undefined;
    this.#times = init.timed ? new Float64Array(slots) : undefined;
    this.#mask = slots - 1;
  }

  get size(): number {
    return this.#size;
  }

  get oldest(): Frame | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#head];
  }

  /** Place of the oldest frame in the order of arrival. */
  get place(): number {
    return this.#places?.[this.#head] ?? 0;
  }

  /** When the oldest frame came, in microseconds. */
  get sinceUs(): number {
    return this.#times?.[this.#head] ?? 0;
  }

  push(frame: Frame): void {
    if (this.#size > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#size) & this.#mask] = frame;
    this.#size += 1;
  }

  /** Marks the newest frame. */
  mark(place: number, nowUs: number): void {
    const slot = (this.#head + this.#size - 1) & this.#mask;
    if (this.#places !== undefined) this.#places[slot] = place;
    if (this.#times !== undefined) this.#times[slot] = nowUs;
  }

  shift(): Frame | undefined {
    if (this.#size === 0) return undefined;
    const frame = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#size -= 1;
    return frame;
  }

  clear(): void {
    this.#slots.fill(undefined);
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const length = (this.#mask + 1) * 2;
    const order = Array.from({ length: this.#size }, (_, index) => (this.#head + index) & this.#mask);
    const slots = Array.from<Frame | undefined>({ length }).fill(undefined);
    order.forEach((from, index) => (slots[index] = this.#slots[from]));
    const copied = (numbers: Float64Array | undefined): Float64Array | undefined => {
      if (numbers === undefined) return undefined;
      const copy = new Float64Array(length);
      order.forEach((from, index) => (copy[index] = numbers[from] ?? 0));
      return copy;
    };
    this.#slots = slots;
    this.#places = copied(this.#places);
    this.#times = copied(this.#times);
    this.#head = 0;
    this.#mask = length - 1;
  }
}
