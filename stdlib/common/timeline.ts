/**
 * Media time of the samples of a stream that is cut anew: each incoming frame marks where its first sample stands, and
 * any sample or fraction of one is placed from the mark before it. Samples are counted for each channel.
 */
export class Timeline {
  readonly #rate: number;
  #marks: { readonly position: number; readonly timestampUs: number }[] = [];
  #end = 0;

  constructor(rate: number) {
    this.#rate = rate;
  }

  /** The position after the last sample. */
  get end(): number {
    return this.#end;
  }

  /**
   * How far a frame of this time would be from where the samples so far end, in microseconds: positive when something
   * is missing between; 0 at the start.
   */
  gapUs(timestampUs: number): number {
    return this.#marks.length === 0 ? 0 : timestampUs - this.at(this.#end);
  }

  append(timestampUs: number, samples: number): void {
    this.#marks.push({ position: this.#end, timestampUs });
    this.#end += samples;
  }

  /** Media time of a position in whole microseconds; positions before the first mark are extrapolated. */
  at(position: number): number {
    let mark = this.#marks[0];
    for (const candidate of this.#marks) {
      if (candidate.position > position) break;
      mark = candidate;
    }
    if (mark === undefined) return 0;
    return Math.round(mark.timestampUs + ((position - mark.position) * 1e6) / this.#rate);
  }

  /** Forgets marks that no position from `position` on needs. */
  release(position: number): void {
    let needless = 0;
    while (needless + 1 < this.#marks.length && (this.#marks[needless + 1]?.position ?? Infinity) <= position)
      needless += 1;
    if (needless > 0) this.#marks = this.#marks.slice(needless);
  }

  reset(): void {
    this.#marks = [];
    this.#end = 0;
  }
}
