import { fixedValue } from "../../runtime/interface/caps.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import { FrameFlag, type Frame, type Payload } from "../../runtime/interface/frame.ts";
import type { NodeContext } from "../../runtime/interface/node.ts";

/** The fixed format of an audio port. */
export interface AudioFormat {
  /** Hertz. */
  readonly rate: number;
  readonly channels: number;
}

/** @throws {MeshError} `format-mismatch` when the port's rate or channels are not settled */
export function audioFormat(context: NodeContext, side: "inputs" | "outputs", port: string): AudioFormat {
  const type = context.formats[side][port];
  const rate = type && fixedValue(type, "rate");
  const channels = type && fixedValue(type, "channels");
  if (typeof rate !== "number" || typeof channels !== "number") {
    throw new MeshError("format-mismatch", `The port \`${port}\` has no settled rate and channels`, {
      node: context.id,
      location: context.location,
      hint: "Write the sample rate and the channels in the type of the port that it is linked with.",
    });
  }
  return { rate, channels };
}

export function startsSegment(frame: Pick<Frame, "flags">): boolean {
  return (frame.flags & FrameFlag.segmentStart) !== 0;
}

export function endsSegment(frame: Pick<Frame, "flags">): boolean {
  return (frame.flags & FrameFlag.segmentEnd) !== 0;
}

/** @throws {MeshError} `node-failed` when the payload is not what the port's type says */
export function floatSamples(payload: Payload): Float32Array {
  if (payload instanceof Float32Array) return payload;
  throw new MeshError("node-failed", "A frame of `audio<pcm_f32>` does not carry a Float32Array");
}
