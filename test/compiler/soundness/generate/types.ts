import {
  mediaDims,
  type Alternative,
  type Dim,
  type Media,
  type MediaKind,
  type Size,
  type Value,
} from "../program/model.ts";
import type { Tape } from "../program/tape.ts";

const sizes: readonly Size[] = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
  { width: 320, height: 240 },
  { width: 480, height: 640 },
];

/** Few values, so that ports often agree and often just do not. */
const universe: Readonly<Record<string, readonly Value[]>> = {
  "audio codec": ["pcm_f32", "opus", "pcm_s16", "pcmu"],
  rate: [48_000, 16_000, 8_000, 24_000],
  channels: [1, 2, 6],
  "video codec": ["i420", "vp8", "h264"],
  size: sizes,
  fps: [30, 15, 60],
  element: ["f32", "u8", "i64"],
  side: [1, 3, 4, 224],
};

/** The values that the generator uses for a dimension. */
export function valuesOf(media: MediaKind, dim: string): readonly Value[] {
  const found = universe[`${media} ${dim}`] ?? universe[dim.startsWith("side") ? "side" : dim];
  if (found === undefined) throw new RangeError(`no values for ${media} ${dim}`);
  return found;
}

/** Names have no order, so no range. */
export function isOrdered(dim: string): boolean {
  return dim !== "codec" && dim !== "element";
}

export function one(value: Value): Alternative {
  return { value };
}

export function values(...all: readonly Alternative[]): Dim {
  return { kind: "values", values: all };
}

/** A range that holds the value. */
export function rangeAround(tape: Tape, all: readonly Value[], value: Value): Alternative {
  const lower = all.filter((other) => isAtMost(other, value));
  const upper = all.filter((other) => isAtMost(value, other));
  const ends = tape.weighted({ both: 3, from: 1, to: 1 });
  return {
    ...(ends !== "to" && { min: tape.choose(lower) }),
    ...(ends !== "from" && { max: tape.choose(upper) }),
  };
}

export function isAtMost(a: Value, b: Value): boolean {
  if (typeof a === "object" && typeof b === "object") return a.width <= b.width && a.height <= b.height;
  return typeof a === "number" && typeof b === "number" ? a <= b : a === b;
}

/** One dimension that is not open. Sides of a shape are single numbers, as the grammar has them. */
export function someDim(tape: Tape, media: MediaKind, dim: string): Dim {
  const all = valuesOf(media, dim);
  if (dim.startsWith("side")) return values(one(tape.choose(all)));
  switch (tape.weighted({ one: 5, several: 3, range: isOrdered(dim) ? 2 : 0 })) {
    case "several":
      return values(...tape.some(all, 2, 3).map(one));
    case "range":
      return values(rangeAround(tape, all, tape.choose(all)));
    default:
      return values(one(tape.choose(all)));
  }
}

/** A media type of which each dimension is open with the given chance. */
export function someMedia(tape: Tape, openPercent: number, media?: MediaKind): Media {
  const kind = media ?? tape.weighted({ audio: 6, video: 2, tensor: 2 });
  const dims: Record<string, Dim> = {};
  for (const dim of mediaDims[kind]) if (!tape.chance(openPercent)) dims[dim] = someDim(tape, kind, dim);
  if (kind !== "tensor" || tape.chance(openPercent)) return { kind: "media", media: kind, dims };
  const rank = tape.between(1, 3);
  for (let side = 0; side < rank; side += 1) dims[`side${side}`] = someDim(tape, kind, `side${side}`);
  return { kind: "media", media: kind, dims, rank };
}

/** What a consumer may say of a dimension, seen from what its producer says. */
export type Step = "open" | "same" | "wider" | "narrower" | "other";

export function changedDim(
  tape: Tape,
  media: MediaKind,
  dim: string,
  from: Dim | undefined,
  step: Step,
): Dim | undefined {
  const known = from?.kind === "values" ? from.values : undefined;
  const all = valuesOf(media, dim);
  if (step === "open" && !dim.startsWith("side")) return undefined;
  if (step === "other" || known === undefined) return someDim(tape, media, dim);
  if (dim.startsWith("side")) return { kind: "values", values: known };
  const first = known[tape.below(known.length)] ?? one(all[0] as Value);
  if (step === "wider") {
    if (!("value" in first)) return first.min !== undefined && tape.chance(50) ? values({ min: first.min }) : undefined;
    if (isOrdered(dim) && tape.chance(40)) return values(rangeAround(tape, all, first.value));
    const more = tape.some(all, 1, 2).map(one);
    return values(...dedupe(tape.chance(50) ? [...known, ...more] : [...more, ...known]));
  }
  if (step === "narrower") {
    if ("value" in first) return values(first);
    const inside = all.filter(
      (value) =>
        (first.min === undefined || isAtMost(first.min, value)) &&
        (first.max === undefined || isAtMost(value, first.max)),
    );
    return inside.length === 0 ? values(first) : values(one(tape.choose(inside)));
  }
  return { kind: "values", values: known };
}

function dedupe(all: readonly Alternative[]): Alternative[] {
  const seen = new Set<string>();
  return all.filter((one) => {
    const key = JSON.stringify(one);
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}
