import { fixDimension, type DimensionValue } from "../../../runtime/interface/caps.ts";
import { cellOf, type SolvedType } from "../cells.ts";

type SolvedMedia = Extract<SolvedType, { kind: "media" }>;

/** Bits for one sample or one pixel of formats that are not compressed. */
const rawBits: Readonly<Record<string, number>> = { pcm_f32: 32, pcm_s16: 16, i420: 12, nv12: 12, rgba: 32 };

/** What takes its place on a network. */
export const compressed: Readonly<Record<string, string>> = {
  pcm_f32: "opus",
  pcm_s16: "opus",
  i420: "vp8",
  nv12: "vp8",
  rgba: "vp8",
};

function fixed(type: SolvedMedia, dimension: string): DimensionValue {
  return fixDimension(dimension, cellOf(type, dimension).values);
}

/** The codec and the bit rate of media that is sent without compression; undefined for all else. */
export function rawRate(type: SolvedType): { readonly codec: string; readonly bitsPerSecond: number } | undefined {
  if (type.kind !== "media" || type.media === "tensor") return undefined;
  const values = cellOf(type, "codec").values;
  // With a choice there may be a better one; with none at all the other side settles it.
  if (values === undefined || !values.every((one) => typeof one === "string" && rawBits[one] !== undefined)) {
    return undefined;
  }
  const codec = fixed(type, "codec");
  const bits = typeof codec === "string" ? rawBits[codec] : undefined;
  if (typeof codec !== "string" || bits === undefined) return undefined;
  if (type.media === "audio") {
    return { codec, bitsPerSecond: bits * Number(fixed(type, "rate")) * Number(fixed(type, "channels")) };
  }
  const size = fixed(type, "size");
  const pixels = typeof size === "object" ? size.width * size.height : 0;
  return { codec, bitsPerSecond: bits * pixels * Number(fixed(type, "fps")) };
}

/** `1.5Mbps`, `768kbps` */
export function formatBitrate(bitsPerSecond: number): string {
  const unit = bitsPerSecond >= 1e9 ? 1e9 : bitsPerSecond >= 1e6 ? 1e6 : 1e3;
  const word = unit === 1e9 ? "Gbps" : unit === 1e6 ? "Mbps" : "kbps";
  return `${Math.round((bitsPerSecond / unit) * 100) / 100}${word}`;
}

/** Audio comes in packets of 20 ms; video one picture at a time. Undefined for data, which comes when it comes. */
export function frameMs(type: SolvedType): number | undefined {
  if (type.kind !== "media" || type.media === "tensor") return undefined;
  return type.media === "audio" ? 20 : 1000 / Number(fixed(type, "fps"));
}
