import { Timeline } from "./timeline.ts";

/** A stretch of sound and where it stands. */
export interface Block {
  /** Interleaved. */
  readonly samples: Float32Array<ArrayBuffer>;
  readonly timestampUs: number;
}

/** Cuts a stream of frames of any size into blocks of one size. */
export class Blocks {
  readonly #size: number;
  readonly #channels: number;
  readonly #timeline: Timeline;
  #held: Float32Array<ArrayBuffer>;
  #heldCount = 0;
  #taken = 0;

  /** @param size samples of each channel in a block */
  constructor(size: number, format: { readonly rate: number; readonly channels: number }) {
    this.#size = size;
    this.#channels = format.channels;
    this.#timeline = new Timeline(format.rate);
    this.#held = new Float32Array(size * format.channels * 2);
  }

  /** Samples of each channel that wait for their block to be full. */
  get waiting(): number {
    return this.#heldCount / this.#channels;
  }

  /** See `Timeline.gapUs`. */
  gapUs(timestampUs: number): number {
    return this.#timeline.gapUs(timestampUs);
  }

  append(samples: Float32Array, timestampUs: number): void {
    this.#timeline.append(timestampUs, samples.length / this.#channels);
    this.#reserve(samples.length);
    this.#held.set(samples, this.#heldCount);
    this.#heldCount += samples.length;
  }

  /** The next full block, in memory that `make` gives; undefined when there is none yet. */
  take(make: (length: number) => Float32Array<ArrayBuffer>): Block | undefined {
    const length = this.#size * this.#channels;
    if (this.#heldCount < length) return undefined;
    const samples = make(length);
    samples.set(this.#held.subarray(0, length));
    this.#held.copyWithin(0, length, this.#heldCount);
    this.#heldCount -= length;
    const timestampUs = this.#timeline.at(this.#taken);
    this.#taken += this.#size;
    this.#timeline.release(this.#taken);
    return { samples, timestampUs };
  }

  /** A block of what is left, filled up with silence; all silence when nothing is left. */
  takePadded(make: (length: number) => Float32Array<ArrayBuffer>): Block {
    const missing = this.#size * this.#channels - this.#heldCount;
    if (missing > 0) {
      this.append(new Float32Array(missing), this.#timeline.at(this.#timeline.end));
    }
    return this.take(make) as Block;
  }

  reset(): void {
    this.#timeline.reset();
    this.#heldCount = 0;
    this.#taken = 0;
  }

  #reserve(more: number): void {
    const needed = this.#heldCount + more;
    if (needed <= this.#held.length) return;
    const larger = new Float32Array(Math.max(needed, this.#held.length * 2));
    larger.set(this.#held.subarray(0, this.#heldCount));
    this.#held = larger;
  }
}
