import { FrameFlag, type Frame } from "../../interface/frame.ts";
import type { TrackCodecName } from "../../interface/track.ts";
import { h264Packetiser } from "../../media/h264-payload.ts";
import { vp8Packetiser } from "../../media/vp8-payload.ts";

/** Tells the frames that decode without earlier ones, whether or not their source has marked them. */
export function keyFrameTest(codec: TrackCodecName): (frame: Frame<Uint8Array>) => boolean {
  if (codec === "opus") return () => true;
  const packetiser = codec === "vp8" ? vp8Packetiser(1, 0) : h264Packetiser(1);
  return ({ flags, payload }) => (flags & FrameFlag.keyFrame) !== 0 || packetiser.isKeyFrame(payload);
}
