/** Bits for each pixel: 2.8 Mbit/s for 1280x720 at 30 pictures in a second. */
const bitsPerPixel = 0.1;
/** What still shows who is there, in bits per second. */
const leastBitrate = 100_000;
/**
 * When there is no room, so much is left, and not twice in one time of looking, in milliseconds; after so long without, so much more is
 * tried. Not more often: encoders begin anew with a key frame.
 */
const lessShare = 0.6;
const lookMs = 1_000;
const moreShare = 1.5;
const steadyMs = 4_000;

/** How many bits in a second a camera is given, on a way whose width is not known but for whether there is room now. */
export class PictureRate {
  #most = leastBitrate;
  #bitrate = leastBitrate;
  #changedMs = -Infinity;

  get bitrate(): number {
    return Math.round(this.#bitrate);
  }

  /** Pictures of another size: begins anew. */
  begin({ width, height, fps }: { readonly width: number; readonly height: number; readonly fps: number }): void {
    this.#most = Math.max(leastBitrate, width * height * fps * bitsPerPixel);
    this.#bitrate = this.#most;
  }

  /** A picture was left out, for there was no room. @returns true when `bitrate` has changed */
  leftOut(nowMs: number): boolean {
    const isSoon = nowMs - this.#changedMs < lookMs;
    if (isSoon) return false;
    this.#changedMs = nowMs;
    return this.#become(this.#bitrate * lessShare);
  }

  /** A picture was taken. @returns true when `bitrate` has changed */
  taken(nowMs: number): boolean {
    if (nowMs - this.#changedMs < steadyMs) return false;
    this.#changedMs = nowMs;
    return this.#become(this.#bitrate * moreShare);
  }

  #become(bitrate: number): boolean {
    const before = this.#bitrate;
    this.#bitrate = Math.min(this.#most, Math.max(leastBitrate, bitrate));
    return this.#bitrate !== before;
  }
}
