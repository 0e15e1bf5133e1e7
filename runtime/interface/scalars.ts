/** Values of scalar types: their names, how they compare, and how a program writes them. */

/** Pixels. */
export interface Resolution {
  readonly width: number;
  readonly height: number;
}

export const scalarNames = [
  "text",
  "bytes",
  "json",
  "bool",
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
] as const;

export type ScalarName = (typeof scalarNames)[number];

/** A scalar, with `in a..b` (`min`, `max`, inclusive, in base units) or `matches "…"` (`pattern`). */
export interface ScalarType {
  readonly kind: "scalar";
  readonly name: ScalarName;
  readonly min?: number;
  readonly max?: number;
  /** `in a..b` of a resolution, compared side by side, or of a version, compared part by part; inclusive. */
  readonly between?: { readonly min?: Resolution | string; readonly max?: Resolution | string };
  readonly pattern?: string;
}

/** `a <= b` for both sides; two pictures may be in no order. */
export function isNoLarger(a: Resolution, b: Resolution): boolean {
  return a.width <= b.width && a.height <= b.height;
}

/** `a <= b`: versions part by part, picture sizes side by side. */
export function isOrdered(a: Resolution | string, b: Resolution | string): boolean {
  return typeof a === "string" && typeof b === "string"
    ? compareVersions(a, b) <= 0
    : typeof a === "object" && typeof b === "object" && isNoLarger(a, b);
}

/** True when a resolution or version lies within the bounds of its type. */
export function isBetween(value: Resolution | string, type: ScalarType): boolean {
  const { min, max } = type.between ?? {};
  return (min === undefined || isOrdered(min, value)) && (max === undefined || isOrdered(value, max));
}

/** Below 0 when `a` is the older version, 0 when they are the same; part by part, so that 12.10 is newer than 12.4. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split("."), b.split(".")];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = Number(left[index] ?? 0) - Number(right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Units from the largest to the base unit, with what each is worth in it. */
const units: Readonly<Partial<Record<ScalarName, readonly (readonly [string, number])[]>>> = {
  duration: [
    ["h", 3.6e9],
    ["s", 1e6],
    ["ms", 1e3],
    ["us", 1],
  ],
  frequency: [
    ["kHz", 1e3],
    ["Hz", 1],
  ],
  size: [
    ["GiB", 2 ** 30],
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
    ["B", 1],
  ],
  bitrate: [
    ["Mbps", 1e6],
    ["kbps", 1e3],
    ["bps", 1],
  ],
  framerate: [["fps", 1]],
  decibel: [["dB", 1]],
  percentage: [["%", 0.01]],
};

/** A value of a scalar type as a program writes it: `20ms`, `48kHz`, `1280x720`. */
export function formatScalar(name: ScalarName, value: number | string | Resolution): string {
  if (typeof value === "object") return `${value.width}x${value.height}`;
  if (typeof value === "string") return value;
  if (name === "channels") return value === 1 ? "mono" : value === 2 ? "stereo" : `${value}ch`;
  const all = units[name] ?? [["", 1]];
  const [unit, worth] = all.find(([, size]) => value !== 0 && value % size === 0) ?? all.at(-1) ?? ["", 1];
  return `${Number((value / worth).toPrecision(12))}${unit}`;
}
