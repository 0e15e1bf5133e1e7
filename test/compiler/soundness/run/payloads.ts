import type { JsonValue, Payload } from "../../../../runtime/interface/frame.ts";
import { patterns, scalarValues } from "../generate/data.ts";
import type { Data, RecordType, Scalar } from "../program/model.ts";

/** Draws numbers from 0 up to, and without, 1. */
export type Draw = () => number;

/** A value of a type, drawn from its corners: ends of ranges, fields that are absent, fields that nobody declared. */
export function someValue(type: Data, draw: Draw, depth = 0): Payload {
  switch (type.kind) {
    case "optional":
      return draw() < 0.3 || depth > 4 ? null : someValue(type.element, draw, depth + 1);
    case "list":
      return several(draw, depth).map(() => someValue(type.element, draw, depth + 1) as JsonValue);
    case "map":
      return Object.fromEntries(
        several(draw, depth).map((key) => [key, someValue(type.element, draw, depth + 1) as JsonValue]),
      );
    case "enum":
      return oneOf(type.values, draw) ?? "";
    case "record":
      return someRecord(type, draw, depth);
    case "scalar":
      return someScalar(type, draw);
    default:
      return type satisfies never;
  }
}

function several(draw: Draw, depth: number): string[] {
  return depth > 4 ? [] : ["a", "b"].slice(0, Math.floor(draw() * 3));
}

function oneOf<T>(all: readonly T[], draw: Draw): T | undefined {
  return all[Math.floor(draw() * all.length)];
}

/** Names that records of the generator use too: what one record does not declare, another one may. */
const strangers: Readonly<Record<string, JsonValue>> = { tags: 7, score: "none", part: { id: true }, more: [null] };

function someRecord(type: RecordType, draw: Draw, depth: number): JsonValue {
  const value: Record<string, JsonValue> = {};
  for (const field of type.fields) {
    const absent = field.type.kind === "optional" || field.default !== undefined;
    if (absent && draw() < 0.4) continue;
    value[field.name] = someValue(field.type, draw, depth + 1) as JsonValue;
  }
  if (draw() < 0.5) {
    for (const [name, stranger] of Object.entries(strangers)) {
      if (type.fields.every((field) => field.name !== name)) value[name] = stranger;
    }
  }
  return value;
}

function someScalar({ name, min, max, pattern }: Scalar, draw: Draw): Payload {
  if (pattern !== undefined) return oneOf(patterns[pattern] ?? ["en"], draw) ?? "en";
  switch (name) {
    case "text":
      return oneOf(["en", "", "Xyz 1"], draw) ?? "";
    case "bool":
      return draw() < 0.5;
    case "json":
      return oneOf<JsonValue>([null, 1, "a", { a: [true] }], draw) ?? null;
    case "bytes":
      return Uint8Array.of(1, 2, 3);
    default: {
      const ends = [min, max].filter((end) => end !== undefined);
      const all = ends.length > 0 ? ends : (scalarValues[name] ?? [0]);
      return (oneOf(all, draw) ?? 0) as JsonValue;
    }
  }
}
