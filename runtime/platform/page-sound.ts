import { fixedValue, formatType, type FlowType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";

/** A format of sound that a page can make and play. */
export interface SoundFormat {
  readonly codec: "opus" | "pcm_f32" | "pcm_s16";
  /** Samples in a second; Opus is 48,000 (RFC 7587 section 4.1). */
  readonly rate: number;
  readonly channels: number;
}

/** @throws {MeshError} `dependency-missing` for a codec that is none of a page */
export function soundFormat(name: string, type: FlowType): SoundFormat {
  const codec = fixedValue(type, "codec");
  const rate = fixedValue(type, "rate");
  const channels = fixedValue(type, "channels");
  if (codec !== "opus" && codec !== "pcm_f32" && codec !== "pcm_s16") {
    throw new MeshError(
      "dependency-missing",
      `A page can neither make nor play the sound of \`${name}\`: ${formatType(type)}.`,
      {
        hint: "Give the port `audio<opus>` or `audio<pcm_f32>`.",
      },
    );
  }
  return {
    codec,
    rate: codec === "opus" || typeof rate !== "number" ? 48_000 : rate,
    channels: typeof channels === "number" ? channels : 1,
  };
}
