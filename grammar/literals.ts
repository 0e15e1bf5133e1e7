/** Units and what a number with one of them is worth. */
import type { Quantity } from "./syntax.ts";

interface Unit {
  readonly quantity: Quantity;
  /** How many base units one of it is; the base units are listed at `LiteralSyntax`. */
  readonly factor: number;
}

const KIBI = 1024;

function family(quantity: Quantity, factors: { readonly [unit: string]: number }): [string, Unit][] {
  return Object.entries(factors).map(([unit, factor]) => [unit, { quantity, factor }]);
}

/** Every unit of the language, by its exact spelling. */
export const units: ReadonlyMap<string, Unit> = new Map([
  ...family("duration", { us: 1, ms: 1e3, s: 1e6, min: 60e6, h: 3600e6 }),
  ...family("frequency", { Hz: 1, kHz: 1e3, MHz: 1e6, GHz: 1e9 }),
  ...family("size", { B: 1, KiB: KIBI, MiB: KIBI ** 2, GiB: KIBI ** 3, TiB: KIBI ** 4 }),
  ...family("bitrate", { bps: 1, kbps: 1e3, Mbps: 1e6, Gbps: 1e9 }),
  ...family("framerate", { fps: 1 }),
  ...family("decibel", { dB: 1 }),
  ...family("percentage", { "%": 0.01 }),
  ...family("channels", { ch: 1 }),
]);

export interface LiteralValue {
  readonly quantity: Quantity;
  readonly value: number;
}

/** Spellings of other notations, and what they most likely mean here. */
const habits: { readonly [unit: string]: string } = {
  ...{ sec: "s", secs: "s", second: "s", seconds: "s", m: "min", mins: "min", minute: "min", minutes: "min" },
  ...{ hr: "h", hrs: "h", hour: "h", hours: "h", msec: "ms", millis: "ms", usec: "us", µs: "us", μs: "us", d: "h" },
  ...{ KB: "KiB", kB: "KiB", MB: "MiB", GB: "GiB", TB: "TiB", K: "KiB", M: "MiB", G: "GiB", T: "TiB" },
  ...{ k: "kHz", hz: "Hz", HZ: "Hz", kbit: "kbps", Mbit: "Mbps", channels: "ch", percent: "%" },
};

const MAX_SIDE = 65535;
const shape = /^(-?[0-9]+)((?:\.[0-9]+)*)(.*)$/;

/** Absorbs the noise of binary fractions: `2.3Mbps` is 2300000, not 2299999.9999999995. */
function tidy(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) < 1e-6 ? whole : value;
}

function resolution(whole: string, unit: string): LiteralValue | undefined {
  if (!/^x[0-9]+$/.test(unit)) return undefined;
  const width = Number(whole);
  const height = Number(unit.slice(1));
  if (width < 0 || width > MAX_SIDE || height > MAX_SIDE) return undefined;
  return { quantity: "resolution", value: width * (MAX_SIDE + 1) + height };
}

/** The value of a number token such as `20ms`; undefined where its unit does not exist or the number is too large. */
export function literalValue(text: string): LiteralValue | undefined {
  const [, whole = "", fraction = "", unit = ""] = shape.exec(text) ?? [];
  const dots = fraction.split(".").length - 1;
  if (dots > 1) {
    // Three parts or more can only be a version; the number keeps the first two, the text keeps them all.
    return unit === "" && !text.startsWith("-") ? { quantity: "version", value: Number.parseFloat(text) } : undefined;
  }
  const value = Number(whole + fraction);
  if (!Number.isFinite(value)) return undefined;
  if (unit === "") return { quantity: dots === 0 ? "int" : "float", value };
  if (dots === 0 && unit.startsWith("x")) return resolution(whole, unit);
  const found = units.get(unit);
  if (found === undefined) return undefined;
  const scaled = found.quantity === "percentage" ? value / 100 : tidy(value * found.factor);
  return Number.isFinite(scaled) ? { quantity: found.quantity, value: scaled } : undefined;
}

export interface UnitProblem {
  readonly message: string;
  readonly hint: string;
  /** The text to put instead, where there is a likely one. */
  readonly replacement: string | undefined;
}

/** Says what is wrong with a number token that has no value. */
export function explainLiteral(text: string): UnitProblem {
  const [, whole = "", fraction = "", unit = ""] = shape.exec(text) ?? [];
  if (unit === "" || units.has(unit)) {
    return {
      message: `\`${shorten(text)}\` is not a number in range`,
      hint: "use a smaller number",
      replacement: undefined,
    };
  }
  if (/^x[0-9]/.test(unit)) {
    const hint = `write a resolution such as \`1280x720\`, each side at most ${MAX_SIDE}`;
    return { message: `\`${shorten(text)}\` is not a resolution`, hint, replacement: undefined };
  }
  const meant = [...units.keys()].find((known) => known.toLowerCase() === unit.toLowerCase()) ?? habits[unit];
  const message = `\`${shorten(unit)}\` is not a unit`;
  if (meant !== undefined) {
    const replacement = whole + fraction + meant;
    return { message, hint: `did you mean \`${replacement}\`?`, replacement };
  }
  return {
    message,
    hint: `units are ${[...units.keys()].map((one) => `\`${one}\``).join(", ")}`,
    replacement: undefined,
  };
}

function shorten(text: string): string {
  return text.length > 24 ? `${text.slice(0, 24)}…` : text;
}
