import type { Clock } from "../../../../interface/clock.ts";

/** Times of the search; names and meanings are those of RFC 8899 section 5.1. */
export const searchTimes = {
  /** How long a probe is waited for, in milliseconds: the least that the RFC allows. */
  probeTimerMs: 1_000,
  /** Probes of a size that may be lost before it counts as too large. */
  maxProbes: 3,
  /** When a larger size is looked for again after the search has ended. */
  raiseTimerMs: 600_000,
} as const;

/** Between the smallest size that was lost and the largest that passed the search goes no further than this, in bytes. */
const closeEnough = 32;

export interface PathMtuInit {
  readonly clock: Pick<Clock, "schedule">;
  /** What every path takes, in bytes. */
  readonly base: number;
  /** No more is looked for, in bytes. */
  readonly most: number;
  /** Sizes between the two that are common, in bytes, ascending: where one stack or one kind of path ends. */
  readonly steps: readonly number[];
  /** Sends a probe of so many bytes, which the other side answers. It may be lost, nothing else. */
  readonly probe: (bytes: number) => void;
}

/**
 * Finds how large the packets of a path may be by sending some (packetization layer path MTU discovery, RFC 8899). Sizes are those
 * of what the layer above puts into a packet. It begins with what passes everywhere, goes up step by step with each answer, and then
 * halves what is left. Who notices that large packets do not arrive any more says so: from then on the size is the smallest again.
 */
export class PathMtu {
  readonly #init: PathMtuInit;
  #size: number;
  /** The smallest that did not pass; nothing larger is tried. */
  #tooLarge: number;
  /** The probe on its way, and how many of its size there were. */
  #probed: number | undefined;
  #tries = 0;
  /** The size before the fall, for as long as it may have been a false alarm. */
  #doubted: number | undefined;
  #wasFalseAlarm = false;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(init: PathMtuInit) {
    this.#init = init;
    this.#size = init.base;
    this.#tooLarge = init.most + 1;
  }

  /** Bytes that a packet may carry now. */
  get size(): number {
    return this.#size;
  }

  /** The size was all right when it was doubted last: something else holds packets up on this path now and then. */
  get wasFalseAlarm(): boolean {
    return this.#wasFalseAlarm;
  }

  start(): void {
    if (!this.#stopped && this.#probed === undefined) this.#search();
  }

  /** The other side has answered a probe of this many bytes. */
  acknowledged(bytes: number): void {
    if (this.#stopped || bytes !== this.#probed) return;
    this.#settle();
    if (this.#doubted !== undefined) this.#wasFalseAlarm = true;
    this.#doubted = undefined;
    this.#size = Math.max(this.#size, bytes);
    this.#search();
  }

  /**
   * Packets larger than the base seem to be lost (RFC 8899 section 4.3). The size is the base at once; whether the one before was all
   * right, and something else the matter, is asked with one probe.
   * @returns whether the size has changed
   */
  blackHole(): boolean {
    if (this.#stopped || this.#size === this.#init.base) return false;
    const before = this.#size;
    this.#settle();
    this.#size = this.#init.base;
    this.#tooLarge = this.#init.most + 1;
    this.#doubted = before;
    this.#send(before);
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#settle();
  }

  #search(): void {
    const next = this.#next();
    if (next !== undefined) {
      this.#send(next);
      return;
    }
    this.#cancel = this.#init.clock.schedule(searchTimes.raiseTimerMs, () => {
      this.#cancel = undefined;
      this.#tooLarge = this.#init.most + 1;
      this.#search();
    });
  }

  #next(): number | undefined {
    const { steps, most } = this.#init;
    const step = [...steps, most].find((bytes) => bytes > this.#size && bytes < this.#tooLarge);
    if (step !== undefined) return step;
    if (this.#tooLarge > most || this.#tooLarge - this.#size <= closeEnough) return undefined;
    // Chunks are padded to 4 bytes.
    return ((this.#size + this.#tooLarge) >> 3) << 2;
  }

  #send(bytes: number): void {
    this.#probed = bytes;
    this.#tries += 1;
    this.#cancel = this.#init.clock.schedule(searchTimes.probeTimerMs, () => {
      this.#cancel = undefined;
      this.#lost(bytes);
    });
    this.#init.probe(bytes);
  }

  #lost(bytes: number): void {
    // One answer is enough to go back; without it the search begins anew.
    if (this.#doubted !== undefined) {
      this.#doubted = undefined;
      this.#wasFalseAlarm = false;
      this.#settle();
      this.#search();
    } else if (this.#tries < searchTimes.maxProbes) {
      this.#send(bytes);
    } else {
      this.#settle();
      this.#tooLarge = bytes;
      this.#search();
    }
  }

  #settle(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#probed = undefined;
    this.#tries = 0;
  }
}
