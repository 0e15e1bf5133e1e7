import type { LiteralSyntax } from "../../grammar/syntax.ts";
import { isBetween, type ScalarName, type ScalarType } from "../../runtime/interface/caps.ts";
import { dimensionValue } from "./media.ts";

/** True when a literal may stand where a scalar of this name is wanted. */
export function quantityFits(literal: LiteralSyntax, scalar: ScalarName): boolean {
  if (scalar === "json") return ["bool", "int", "float"].includes(literal.quantity);
  if (scalar === "channels" && !Number.isInteger(literal.value)) return false;
  if (literal.quantity === scalar) return true;
  return literal.quantity === "int" && (scalar === "float" || scalar === "version" || scalar === "channels")
    ? true
    : literal.quantity === "float" && scalar === "version";
}

/** True when a literal that fits a scalar type lies within its range. */
export function literalInRange(literal: LiteralSyntax, type: ScalarType): boolean {
  if (type.name === "version") return isBetween(literal.text, type);
  if (type.name === "resolution") {
    const size = dimensionValue(literal);
    return typeof size === "object" && isBetween(size, type);
  }
  return (type.min === undefined || literal.value >= type.min) && (type.max === undefined || literal.value <= type.max);
}

/** The scalars that `in a..b` narrows. */
export const rangedScalars: readonly ScalarName[] = [
  "int",
  "float",
  "duration",
  "frequency",
  "size",
  "bitrate",
  "framerate",
  "resolution",
  "decibel",
  "percentage",
  "channels",
  "version",
];

/** The type narrowed to a range whose ends fit it. */
export function narrowedTo(
  type: ScalarType,
  min: LiteralSyntax | undefined,
  max: LiteralSyntax | undefined,
): ScalarType {
  if (type.name !== "version" && type.name !== "resolution") {
    return {
      ...type,
      ...(min !== undefined && { min: min.value }),
      ...(max !== undefined && { max: max.value }),
    };
  }
  const end = (literal: LiteralSyntax): string | { width: number; height: number } => {
    const size = dimensionValue(literal);
    return type.name === "resolution" && typeof size === "object" ? size : literal.text;
  };
  return {
    ...type,
    between: { ...(min !== undefined && { min: end(min) }), ...(max !== undefined && { max: end(max) }) },
  };
}

const examples: Readonly<Partial<Record<ScalarName, string>>> = {
  text: '"hello"',
  bool: "true",
  int: "3",
  float: "0.5",
  duration: "20ms",
  frequency: "48kHz",
  size: "512MiB",
  bitrate: "64kbps",
  framerate: "30fps",
  resolution: "1280x720",
  decibel: "-6dB",
  percentage: "80%",
  channels: "stereo",
  version: "12.4",
};

const quantityWords: Readonly<Record<string, string>> = {
  bool: "a truth value",
  int: "a whole number",
  float: "a number",
  size: "a size",
  bitrate: "a bit rate",
  framerate: "a frame rate",
  decibel: "a gain",
  channels: "a number of channels",
  text: "a text",
  bytes: "bytes",
  json: "a JSON value",
};

function words(quantity: string): string {
  return quantityWords[quantity] ?? `a ${quantity}`;
}

/** `a duration such as 20ms` */
export function withExample(scalar: ScalarName): string {
  const example = examples[scalar];
  return example === undefined ? words(scalar) : `${words(scalar)} such as ${example}`;
}

/** `48kHz, a frequency` */
export function describeLiteral(literal: LiteralSyntax): string {
  return `${literal.text}, ${words(literal.quantity)}`;
}
