import type { Frame } from "../interface/frame.ts";
import { FrameDecoder, type DecodedFrame } from "./frame-codec.ts";
import { framesOf, type Batch } from "./packer.ts";
import { decodePayload } from "./payload-codec.ts";

const none: readonly Batch[] = [];

/** What holds the frames of a stream that its reader has not confirmed yet, so that they can be sent again. */
export class KeptBatches {
  #batches: Batch[] = [];
  /** Frames before those, as records: another connection of the reader has had them, and it has not confirmed them yet. */
  readonly #had: Uint8Array[] = [];
  /** Number of the first frame in the first batch, which may have been confirmed already. */
  #from: number;
  #confirmed: number;
  /** By how much the numbers of the writer are ahead of those on the wire: from which frame on, and how much. */
  #ahead: { readonly from: number; readonly by: number }[] = [];
  /** Number of the next frame. */
  #next: number;

  /** @param frames that were sent before, and are not kept */
  constructor(frames: number) {
    this.#from = frames;
    this.#confirmed = frames;
    this.#next = frames;
  }

  /** Frames that the reader has confirmed. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /**
   * A frame was put into the batch: the last one, or a new one.
   * @param ahead by how much the number of its writer is ahead of the one on the wire
   */
  keep(batch: Batch, ahead: number): void {
    this.#hold(batch);
    const last = this.#ahead[this.#ahead.length - 1];
    if (last === undefined || last.by !== ahead) this.#ahead.push({ from: this.#next, by: ahead });
    this.#next += 1;
  }

  #hold(batch: Batch): void {
    const batches = this.#batches;
    if (batches[batches.length - 1] !== batch) batches.push(batch);
  }

  /** The reader has confirmed so many frames in all. @returns the batches of which it has confirmed every frame, and that are forgotten */
  confirm(frames: number): readonly Batch[] {
    if (frames <= this.#confirmed) return none;
    this.#had.splice(0, frames - this.#confirmed);
    this.#confirmed = frames;
    let count = 0;
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[count]) {
      if (this.#from + batch.frames > frames) break;
      this.#from += batch.frames;
      count += 1;
    }
    while ((this.#ahead[1]?.from ?? Number.POSITIVE_INFINITY) <= frames) this.#ahead.shift();
    return count > 0 ? this.#batches.splice(0, count) : none;
  }

  /** All that is not confirmed, as it was written; payloads are copies. */
  frames(): readonly Frame[] {
    const frames: Frame[] = [];
    let number = this.#from - this.#had.length;
    const decoder = new FrameDecoder({
      admit: () => undefined,
      end: () => undefined,
      frame: (wire) => {
        if (number >= this.#confirmed) frames.push(this.#written(wire, number));
        number += 1;
      },
    });
    for (const record of this.#had) decoder.push(record);
    for (const record of framesOf(this.#batches)) decoder.push(record);
    return frames;
  }

  #written({ timestampUs, seq, epoch, flags, encoding, body }: DecodedFrame, number: number): Frame {
    const ahead = this.#ahead.findLast(({ from }) => from <= number)?.by ?? 0;
    return { timestampUs, seq: seq + ahead, epoch, flags, payload: decodePayload(encoding, body, false) };
  }

  /**
   * Gives out all that the reader has not had as records, and keeps them in the batches that they are put into then. What it has had and not
   * confirmed is kept as well: should it die now, another reader gets it.
   * @param received frames that the reader has had in all
   * @param add puts a record into a batch
   */
  again(received: number, add: (record: Uint8Array) => Batch): void {
    const batches = this.#batches;
    let number = this.#from;
    this.#batches = [];
    this.#from = received;
    for (const record of framesOf(batches)) {
      if (number >= received) this.#hold(add(record));
      else if (number >= this.#confirmed) this.#had.push(record);
      number += 1;
    }
  }
}
