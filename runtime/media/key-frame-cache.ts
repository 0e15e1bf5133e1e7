import { FrameFlag, type Frame } from "../interface/frame.ts";

/** Even if they are small: what is repeated has to fit between two frames, a tick of the clock each. */
const maxFrames = 1_500;

/**
 * The last key frame of a stream and all that follows it: what a decoder needs to join in. One source with many readers has one
 * cache, which their senders share.
 */
export class KeyFrameCache {
  readonly #maxBytes: number;
  #frames: Frame<Uint8Array>[] = [];
  #bytes = 0;

  /**
   * @param maxBytes of all frames together, 1 MiB by default: 4 s at 2 Mbit/s. When more follows, or more than 1,500 frames, nothing is
   * kept until the next key frame, for a part is of no use
   */
  constructor(maxBytes = 1024 * 1024) {
    this.#maxBytes = maxBytes;
  }

  /** From the key frame to the latest; empty when there is none. */
  get frames(): readonly Frame<Uint8Array>[] {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the next frame. @param isKeyFrame by default what its flag says */
  add(frame: Frame<Uint8Array>, isKeyFrame: boolean = (frame.flags & FrameFlag.keyFrame) !== 0): void {
    if (isKeyFrame) this.clear();
    else if (this.#frames.length === 0) return;
    this.#frames.push(frame);
    this.#bytes += frame.payload.length;
    if (this.#bytes > this.#maxBytes || this.#frames.length > maxFrames) this.clear();
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}
