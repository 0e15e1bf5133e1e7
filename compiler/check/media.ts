import type { LiteralSyntax } from "../../grammar/syntax.ts";
import type { DimensionValue, MediaKind } from "../../runtime/interface/caps.ts";

/** Codecs and element types that a cap may name. */
export const codecNames: Readonly<Record<MediaKind, readonly string[]>> = {
  audio: ["pcm_f32", "pcm_s16", "opus", "pcmu", "pcma", "aac", "mp3", "flac"],
  video: ["vp8", "vp9", "h264", "h265", "av1", "mjpeg", "i420", "nv12", "rgba"],
  tensor: ["f32", "f16", "f64", "i8", "i16", "i32", "i64", "u8", "bool"],
};

/** The dimension that a literal of a certain quantity belongs to. */
export const quantityDimensions: Readonly<Partial<Record<LiteralSyntax["quantity"], string>>> = {
  frequency: "rate",
  channels: "channels",
  resolution: "size",
  framerate: "fps",
};

/** The dimension that holds the codec or element name. */
export function nameDimension(kind: MediaKind): string {
  return kind === "tensor" ? "element" : "codec";
}

/** The dimensions that may stand between the angle brackets, a shape counting as its sides. */
export const dimensionsOfMedia: Readonly<Record<MediaKind, readonly string[]>> = {
  audio: ["codec", "rate", "channels"],
  video: ["codec", "size", "fps"],
  tensor: ["element"],
};

const parameterDimensions: Readonly<Record<string, string>> = {
  frequency: "rate",
  channels: "channels",
  resolution: "size",
  framerate: "fps",
};

/** The dimension of a medium that a parameter of a scalar type fixes: `to: frequency` fixes a rate. */
export function parameterDimension(scalar: string, media: MediaKind): string | undefined {
  const dimension = scalar === "text" ? nameDimension(media) : parameterDimensions[scalar];
  return dimension !== undefined && dimensionsOfMedia[media].includes(dimension) ? dimension : undefined;
}

/** The value of a literal as it stands in a dimension. */
export function dimensionValue(literal: LiteralSyntax): DimensionValue {
  if (literal.quantity !== "resolution") return literal.value;
  return { width: Math.floor(literal.value / 65_536), height: literal.value % 65_536 };
}

const dimensionWords: Readonly<Record<string, string>> = {
  codec: "the codec",
  rate: "the sample rate",
  channels: "the channels",
  size: "the picture size",
  fps: "the frame rate",
  element: "the element type",
  rank: "the number of sides",
};

/** A dimension as a message speaks of it. */
export function dimensionWord(dimension: string): string {
  const side = /^side(\d+)$/.exec(dimension)?.[1];
  if (side !== undefined) return `side ${Number(side) + 1} of the shape,`;
  return dimensionWords[dimension] ?? `the ${dimension}`;
}
