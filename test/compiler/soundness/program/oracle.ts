/**
 * What the design of the language says of frames and formats, written down once more and as plainly as can be: whether a
 * settled format, and the value in a frame, are what a declaration says. Knows nothing of the lattice of the runtime.
 */
import type {
  Alternative,
  Data,
  Media,
  MediaKind,
  PortType,
  RecordType,
  Scalar,
  Signature,
  Value,
  Variable,
} from "./model.ts";
import { mediaDims } from "./model.ts";

/** The format of a stream at run time: each dimension has one value. */
export interface Format {
  readonly kind: string;
  readonly dims?: Readonly<Record<string, unknown>>;
}

/** What one use of a signature has bound: variables by what was seen first, parameters by their values. */
export interface Bindings {
  readonly variables: Map<string, Value>;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Why a settled format is not what the port declares; undefined when it is. */
export function formatProblem(
  type: PortType,
  format: Format,
  signature: Signature,
  bindings: Bindings,
): string | undefined {
  if (type.kind !== "media")
    return format.dims === undefined ? undefined : `a stream of ${format.kind} where data is declared`;
  if (format.kind !== type.media) return `${format.kind} where ${type.media} is declared`;
  const settled = settledValues(type.media, format);
  if (typeof settled === "string") return settled;
  if (type.rank !== undefined && settled.get("rank") !== type.rank) {
    return `${JSON.stringify(settled.get("rank"))} sides where ${type.rank} are declared`;
  }
  for (const [dim, pattern] of Object.entries(type.dims)) {
    const value = settled.get(dim);
    if (value === undefined) return `nothing is settled for ${dim}`;
    const shown = `${dim} ${JSON.stringify(value)}`;
    if (pattern.kind === "values") {
      if (!holdsOne(pattern.values, value)) return `${shown} is none of ${JSON.stringify(pattern.values)}`;
    } else if (pattern.kind === "parameter") {
      const given = bindings.params[pattern.name];
      if (!isSame(given, value)) return `${shown} where the parameter ${pattern.name} is ${JSON.stringify(given)}`;
    } else {
      const bound = bindings.variables.get(pattern.name);
      if (bound !== undefined && !isSame(bound, value))
        return `${shown} where ${pattern.name} is ${JSON.stringify(bound)}`;
      bindings.variables.set(pattern.name, value);
      const limits = variablesOf(signature).find(({ name }) => name === pattern.name)?.bound;
      if (limits !== undefined && !holdsOne(limits, value)) return `${shown} is outside the bound of ${pattern.name}`;
    }
  }
  return undefined;
}

function variablesOf(signature: Signature): readonly Variable[] {
  return (signature as { readonly variables?: readonly Variable[] }).variables ?? [];
}

/** The one value of each dimension; a text tells which has none or several. */
export function settledValues(media: MediaKind, format: Format): Map<string, Value> | string {
  const found = new Map<string, Value>();
  for (const [dim, settled] of Object.entries(format.dims ?? {})) {
    const [only, ...more] = Array.isArray(settled) ? (settled as unknown[]) : [];
    if (more.length > 0 || !isValue(only)) return `${dim} is not settled: ${JSON.stringify(settled)}`;
    found.set(dim, only);
  }
  const missing = mediaDims[media].find((dim) => !found.has(dim));
  return missing === undefined ? found : `${missing} is not settled`;
}

/** Why one format is not another; undefined when both say the same of all that both say something of. */
export function formatDifference(from: Format, to: Format): string | undefined {
  if (from.kind !== to.kind) return `${from.kind} is not ${to.kind}`;
  for (const [dim, value] of Object.entries(from.dims ?? {})) {
    const other = to.dims?.[dim];
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(value)) {
      return `${dim} ${JSON.stringify(value)} is not ${JSON.stringify(other)}`;
    }
  }
  return undefined;
}

function isValue(value: unknown): value is Value {
  if (typeof value === "object" && value !== null) return "width" in value && "height" in value;
  return typeof value === "string" || typeof value === "number";
}

function isSame(a: unknown, b: Value): boolean {
  if (typeof a === "object" && a !== null && typeof b === "object") {
    return (a as Record<string, unknown>)["width"] === b.width && (a as Record<string, unknown>)["height"] === b.height;
  }
  return a === b;
}

export function holdsOne(all: readonly Alternative[], value: Value): boolean {
  return all.some((one) => ("value" in one ? isSame(one.value, value) : isWithin(value, one.min, one.max)));
}

function isWithin(value: Value, min: Value | undefined, max: Value | undefined): boolean {
  if (typeof value === "object") {
    const low = typeof min === "object" ? min : { width: 0, height: 0 };
    const high = typeof max === "object" ? max : { width: Infinity, height: Infinity };
    return (
      value.width >= low.width && value.height >= low.height && value.width <= high.width && value.height <= high.height
    );
  }
  return typeof value === "number" && value >= Number(min ?? -Infinity) && value <= Number(max ?? Infinity);
}

/** Why a value is not of a type of data, with the path to what is wrong; undefined when it is. */
export function valueProblem(value: unknown, type: Data, path = ""): string | undefined {
  const no = (why: string): string =>
    `${path === "" ? "the value" : path} ${why}: ${JSON.stringify(value) ?? String(value)}`;
  switch (type.kind) {
    case "optional":
      return value === null ? undefined : valueProblem(value, type.element, path);
    case "list":
      if (!Array.isArray(value)) return no("is no list");
      return firstProblem(value.map((item, index) => valueProblem(item, type.element, `${path}[${index}]`)));
    case "map":
      if (!isPlain(value)) return no("is no map");
      return firstProblem(
        Object.entries(value).map(([key, item]) => valueProblem(item, type.element, `${path}.${key}`)),
      );
    case "enum":
      return typeof value === "string" && type.values.includes(value)
        ? undefined
        : no(`is none of ${type.values.join(", ")}`);
    case "record":
      return isPlain(value) ? recordProblem(value, type, path) : no("is no record");
    case "scalar": {
      const wrong = scalarProblem(value, type);
      return wrong === undefined ? undefined : no(wrong);
    }
    default:
      return type satisfies never;
  }
}

function recordProblem(value: Readonly<Record<string, unknown>>, type: RecordType, path: string): string | undefined {
  return firstProblem(
    type.fields.map((field) => {
      const found = value[field.name];
      const at = `${path}.${field.name}`;
      if (found !== undefined) return valueProblem(found, field.type, at);
      return field.type.kind === "optional" || field.default !== undefined ? undefined : `${at} is not there`;
    }),
  );
}

function firstProblem(all: readonly (string | undefined)[]): string | undefined {
  return all.find((one) => one !== undefined);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function scalarProblem(value: unknown, { name, min, max, pattern }: Scalar): string | undefined {
  switch (name) {
    case "text":
      if (typeof value !== "string") return "is no text";
      // `matches` describes the whole text.
      return pattern === undefined || new RegExp(`^(${pattern})$`, "u").test(value)
        ? undefined
        : `does not match ${pattern}`;
    case "bool":
      return typeof value === "boolean" ? undefined : "is no truth value";
    case "bytes":
      return value instanceof Uint8Array ? undefined : "are no bytes";
    case "json":
      return isJson(value) ? undefined : "is no JSON";
    case "version":
      return typeof value === "string" && isVersionWithin(value, min, max)
        ? undefined
        : `is no version ${String(min)}..${String(max)}`;
    case "resolution":
      return isValue(value) && typeof value === "object" && isWithin(value, min, max)
        ? undefined
        : "is no such resolution";
    default:
      if (typeof value !== "number" || !Number.isFinite(value)) return `is no ${name}`;
      if (name === "int" && !Number.isInteger(value)) return "is no whole number";
      return isWithin(value, min, max) ? undefined : `is not within ${String(min)}..${String(max)}`;
  }
}

function isJson(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isJson);
  if (isPlain(value)) return Object.values(value).every((item) => item === undefined || isJson(item));
  return value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value);
}

/** Part by part, so that 12.10 comes after 12.4. */
function isVersionWithin(value: string, min: Value | undefined, max: Value | undefined): boolean {
  const number = (text: Value): number => {
    const [major = 0, minor = 0] = String(text).split(".").map(Number);
    return major * 1_000 + minor;
  };
  return (min === undefined || number(min) <= number(value)) && (max === undefined || number(value) <= number(max));
}

/** Whether the payload of a stream has the kind that its codec asks for. */
export function payloadProblem(payload: unknown, media: Media["media"], codec: Value | undefined): string | undefined {
  const wanted =
    media === "audio" && codec === "pcm_f32"
      ? Float32Array
      : media === "audio" && codec === "pcm_s16"
        ? Int16Array
        : Uint8Array;
  return payload instanceof wanted ? undefined : `the payload of ${String(codec)} is no ${wanted.name}`;
}
