/** A frame that comes so much later than others has waited for its source: what follows is timed from it, in microseconds. */
const lateUs = 200_000;
/** Media time that goes on so far ahead is a new beginning, and not a pause to wait for. */
const jumpUs = 1_000_000;
/** Streams whose times differ by less come from one source. */
const nearUs = 500_000;
/** A frame by itself says nothing of how long it is. */
const assumedStepUs = 20_000;

/** Where a stream stands. */
interface Placed {
  /** Clock time minus media time. */
  offsetUs: number;
  lastUs: number;
  stepUs: number;
  /** How late its frames come, because something before it takes so long: a slow node before the pictures. */
  behindUs: number;
  /** The next frame begins anew, whatever its media time. */
  anew: boolean;
}

/** When the frames of a session's streams are due by the clock, so that what is sent faster than it plays is sent as it plays. */
export class Pace {
  readonly #streams = new Map<object, Placed>();

  /**
   * @param stream whose frame it is
   * @param mediaUs media time of the frame
   * @param nowUs by the clock
   * @returns the time by the clock, which never goes back within a stream, and whether media time jumps there
   */
  place(stream: object, mediaUs: number, nowUs: number): { readonly dueUs: number; readonly isJump: boolean } {
    const placed = this.#streams.get(stream);
    if (placed === undefined) {
      const offsetUs = this.#together(stream, nowUs - mediaUs);
      const dueUs = mediaUs + offsetUs;
      const behindUs = Math.max(0, nowUs - dueUs);
      this.#streams.set(stream, { offsetUs, lastUs: dueUs, stepUs: assumedStepUs, behindUs, anew: false });
      return { dueUs, isJump: true };
    }
    const wantedUs = mediaUs + placed.offsetUs;
    const stepUs = wantedUs - placed.lastUs;
    if (!placed.anew && stepUs >= 0 && stepUs <= jumpUs && nowUs - wantedUs <= placed.behindUs + lateUs) {
      if (stepUs > 0) placed.stepUs = stepUs;
      placed.lastUs = wantedUs;
      return { dueUs: wantedUs, isJump: false };
    }
    const nextUs = placed.lastUs + placed.stepUs;
    const ownUs = Math.max(nowUs, nextUs) - mediaUs;
    const togetherUs = this.#together(stream, ownUs);
    placed.offsetUs = mediaUs + togetherUs >= nextUs ? togetherUs : ownUs;
    placed.lastUs = mediaUs + placed.offsetUs;
    placed.behindUs = Math.max(0, nowUs - placed.lastUs);
    placed.anew = false;
    return { dueUs: placed.lastUs, isJump: true };
  }

  /** What was placed after a time is not sent. @param lastUs when the last frame that was sent was due */
  rewind(stream: object, lastUs: number): void {
    const placed = this.#streams.get(stream);
    if (placed === undefined) return;
    placed.lastUs = lastUs;
    placed.anew = true;
  }

  remove(stream: object): void {
    this.#streams.delete(stream);
  }

  /** The offset of another stream where that is about the same: frames of one media time are to be due together. */
  #together(stream: object, offsetUs: number): number {
    for (const [other, placed] of this.#streams) {
      if (other !== stream && Math.abs(placed.offsetUs - offsetUs) < nearUs) return placed.offsetUs;
    }
    return offsetUs;
  }
}
