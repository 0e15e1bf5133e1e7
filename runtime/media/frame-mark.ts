import { FrameFlag } from "../interface/frame.ts";

/** What RTP has no place for, of one frame: it goes over the session that the track belongs to. */
export interface FrameMark {
  /** Of the first packet of the frame, 16 bits. */
  readonly sequenceNumber: number;
  /** 32 bits. */
  readonly rtpTimestamp: number;
  /** `FrameFlag` bits other than that of a key frame. */
  readonly flags: number;
  /** Of this frame and those after it. */
  readonly epoch: number;
  /**
   * Media time in microseconds, where the timestamps from here on are counted from this one: after a jump so far that they would
   * mean two times.
   */
  readonly timestampUs?: number;
}

/** A mark at its place. */
export interface PlacedMark extends FrameMark {
  readonly sequence: number;
  /** By the clock of the reader. */
  readonly arrivalUs: number;
}

/** Marks that wait for their frames: more than a sender makes before a round trip is over. */
const maxMarks = 256;

/** Keeps marks until the frames that they are about are given out. */
export class PendingMarks {
  #marks: PlacedMark[] = [];

  /** @returns false when too many wait, the oldest of which is then forgotten */
  add(mark: PlacedMark): boolean {
    const behind = this.#marks.findIndex((one) => one.sequence > mark.sequence);
    this.#marks.splice(behind < 0 ? this.#marks.length : behind, 0, mark);
    if (this.#marks.length <= maxMarks) return true;
    this.#marks.shift();
    return false;
  }

  /** The first that ends a segment; whoever waits for it must not wait for the next packet. */
  get firstEnd(): PlacedMark | undefined {
    return this.#marks.find((mark) => (mark.flags & FrameFlag.segmentEnd) !== 0);
  }

  /** Takes out all up to a sequence number, in order. */
  takeUpTo(sequence: number): readonly PlacedMark[] {
    if ((this.#marks[0]?.sequence ?? Infinity) > sequence) return none;
    const count = this.#marks.filter((one) => one.sequence <= sequence).length;
    return this.#marks.splice(0, count);
  }

  clear(): void {
    this.#marks = [];
  }
}

const none: readonly PlacedMark[] = [];
