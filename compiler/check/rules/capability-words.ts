import type { KnownValue } from "../../../runtime/interface/plan.ts";
import type { Place } from "../../source/source-file.ts";

const units: Readonly<Record<string, string>> = {
  text: "a text",
  bool: "a truth value",
  int: "a number",
  float: "a number",
  version: "a version",
  size: "a size",
  bitrate: "a bit rate",
  framerate: "a frame rate",
  decibel: "a gain",
  channels: "a number of channels",
};

/** `a size`, `a frequency` */
export function wordsFor(value: KnownValue): string {
  return units[value.quantity] ?? `a ${value.quantity}`;
}

/** Tells places apart. */
export function placeKey({ source, span }: Place): string {
  return `${source.path}:${span.start}:${span.end}`;
}
