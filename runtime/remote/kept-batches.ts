import { framesOf, type Batch } from "./packer.ts";

/** What holds the frames of a stream that its reader has not confirmed yet, so that they can be sent again. */
export class KeptBatches {
  #batches: Batch[] = [];
  /** Number of the first frame in the first batch, which may have been confirmed already. */
  #from: number;
  #confirmed: number;

  /** @param frames that were sent before, and are not kept */
  constructor(frames: number) {
    this.#from = frames;
    this.#confirmed = frames;
  }

  /** Frames that need not be sent again. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** A frame was put into the batch: the last one, or a new one. */
  keep(batch: Batch): void {
    const batches = this.#batches;
    if (batches[batches.length - 1] !== batch) batches.push(batch);
  }

  /** The reader has had so many frames in all. */
  confirm(frames: number): void {
    if (frames <= this.#confirmed) return;
    this.#confirmed = frames;
    let count = 0;
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[count]) {
      if (this.#from + batch.frames > frames) break;
      this.#from += batch.frames;
      count += 1;
    }
    if (count > 0) this.#batches.splice(0, count);
  }

  /**
   * Gives out all that is not confirmed as records, and keeps them in the batches that they are put into then.
   * @param add puts a record into a batch
   */
  again(add: (record: Uint8Array) => Batch): void {
    const batches = this.#batches;
    let number = this.#from;
    this.#batches = [];
    this.#from = this.#confirmed;
    for (const record of framesOf(batches)) {
      if (number >= this.#confirmed) this.keep(add(record));
      number += 1;
    }
  }
}
