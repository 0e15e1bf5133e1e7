/** What streams over tracks need where tracks carry packets; loaded with the first of them. */
import { KeyFrameCache } from "../../media/key-frame-cache.ts";
import { SyncGroup } from "../../media/sync-group.ts";
import type { Frame } from "../../interface/frame.ts";
import type { TrackCodecName } from "../../interface/track.ts";
import { keyFrameTest } from "./key-frames.ts";

export { TrackReader } from "./track-reader.ts";
export { TrackWriter } from "./track-writer.ts";
export { SyncGroup };

/** Keeps the last key frame of a stream and what follows it, whichever way the frames go. */
export class PictureMemory {
  readonly cache = new KeyFrameCache();
  readonly #isKeyFrame: (frame: Frame<Uint8Array>) => boolean;

  constructor(codec: TrackCodecName) {
    this.#isKeyFrame = keyFrameTest(codec);
  }

  add(frame: Frame<Uint8Array>): void {
    this.cache.add(frame, this.#isKeyFrame(frame));
  }
}
