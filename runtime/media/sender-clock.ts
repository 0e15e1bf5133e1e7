/**
 * Which wall-clock time the media times of one source stand for. All tracks of the source share it, so that sender reports
 * put them beside each other; the first frame of all sets it.
 */
export class SenderClock {
  #offsetUs: number | undefined;

  /** @param timestampUs of a frame that is sent @param ntpUs of now */
  begin(timestampUs: number, ntpUs: number): void {
    this.#offsetUs ??= ntpUs - timestampUs;
  }

  /** Media time at a moment of the wall clock; undefined before the first frame. */
  mediaUs(ntpUs: number): number | undefined {
    return this.#offsetUs === undefined ? undefined : ntpUs - this.#offsetUs;
  }
}
