/**
 * The lattice of formats: one implementation for checking at build time and negotiating at connect time.
 *
 * Everything here is plain data. A dimension that is absent is open: it holds every value. Alternatives are in order
 * of preference. The top of the lattice is a type with all dimensions open; the bottom has no representation,
 * `intersect` returns undefined for it.
 */
import type { JsonValue } from "./frame.ts";
import { formatScalar, isNoLarger, isOrdered, type Resolution, type ScalarName, type ScalarType } from "./scalars.ts";

export { compareVersions, formatScalar, isBetween, isOrdered, scalarNames } from "./scalars.ts";
export type { Resolution, ScalarName, ScalarType } from "./scalars.ts";

/** A value, or an inclusive range either end of which may be open. */
export type Alternative<V extends DimensionValue> = V | { readonly min?: V; readonly max?: V };

/** A codec or element name, a number (hertz, channels, frames per second), a picture size. */
export type DimensionValue = string | number | Resolution;

/** Alternatives in order of preference; or a cell of the pipeline, shared by all ports that must agree on it. */
export type Dimension = readonly Alternative<DimensionValue>[] | CellReference;

/** Stands for the contents of `cells[cell]` of the pipeline, fixed when a session opens. */
export interface CellReference {
  readonly cell: number;
}

/** The dimensions of each media type, in the order in which they are written. */
export const mediaDimensions = {
  audio: ["codec", "rate", "channels"],
  video: ["codec", "size", "fps"],
  tensor: ["element", "shape"],
} as const satisfies Record<string, readonly string[]>;

export type MediaKind = keyof typeof mediaDimensions;

/** A media type; `dims` lists only the dimensions that are not open. */
export interface MediaType {
  readonly kind: MediaKind;
  readonly dims: Readonly<Record<string, Dimension>>;
}

/** The type of a port: what its frames may carry. */
export type FlowType =
  | MediaType
  | ScalarType
  | { readonly kind: "signal" }
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "list"; readonly element: FlowType }
  | { readonly kind: "optional"; readonly element: FlowType }
  | { readonly kind: "map"; readonly element: FlowType };

export interface FieldType {
  readonly name: string;
  readonly type: FlowType;
  /** May be absent: it is optional or has a default. */
  readonly optional: boolean;
  /** What an absent field stands for; left out where it has no default. */
  readonly default?: JsonValue;
}

/** What a `named` type stands for. */
export type Schema =
  | { readonly kind: "record"; readonly fields: readonly FieldType[] }
  | { readonly kind: "enum"; readonly values: readonly string[] };

/** The records and enums of a program or of a peer, by name. */
export type Schemas = Readonly<Record<string, Schema>>;

// ---- one dimension --------------------------------------------------------------------------------------------

type Alternatives = readonly Alternative<DimensionValue>[];
interface Range {
  readonly min?: DimensionValue;
  readonly max?: DimensionValue;
}

export function isCell(dimension: Dimension): dimension is CellReference {
  return "cell" in dimension;
}

export function isRange(alternative: Alternative<DimensionValue>): alternative is Range {
  return typeof alternative === "object" && !("width" in alternative);
}

/** `a <= b`; picture sizes side by side, so that two of them may be in no order. Names are only equal or not. */
function atMost(a: DimensionValue, b: DimensionValue): boolean {
  if (typeof a === "number" && typeof b === "number") return a <= b;
  if (typeof a === "object" && typeof b === "object") return isNoLarger(a, b);
  return a === b;
}

function equalValues(a: DimensionValue, b: DimensionValue): boolean {
  return atMost(a, b) && atMost(b, a);
}

function within(value: DimensionValue, range: Range): boolean {
  return (range.min === undefined || atMost(range.min, value)) && (range.max === undefined || atMost(value, range.max));
}

/** The greater lower bound or the lesser upper bound; for sizes in no order, side by side. */
function tighter(
  a: DimensionValue | undefined,
  b: DimensionValue | undefined,
  upper: boolean,
): DimensionValue | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const pick = upper ? Math.min : Math.max;
  if (typeof a === "object" && typeof b === "object") {
    return { width: pick(a.width, b.width), height: pick(a.height, b.height) };
  }
  return typeof a === "number" && typeof b === "number" ? pick(a, b) : a;
}

function meet(a: Alternative<DimensionValue>, b: Alternative<DimensionValue>): Alternative<DimensionValue> | undefined {
  if (!isRange(a)) return (isRange(b) ? within(a, b) : equalValues(a, b)) ? a : undefined;
  if (!isRange(b)) return within(b, a) ? b : undefined;
  const min = tighter(a.min, b.min, false);
  const max = tighter(a.max, b.max, true);
  if (min !== undefined && max !== undefined) {
    if (!atMost(min, max)) return undefined;
    if (equalValues(min, max)) return min;
  }
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

/** What both hold, in the order of `a`; undefined when they share nothing. An absent dimension is open. */
export function intersectDimension(
  a: Alternatives | undefined,
  b: Alternatives | undefined,
): Alternatives | undefined | "empty" {
  if (a === undefined || b === undefined) return a ?? b;
  const result: Alternative<DimensionValue>[] = [];
  for (const x of a) {
    for (const y of b) {
      const both = meet(x, y);
      // What an earlier alternative holds already adds nothing; without this, ranges that overlap would multiply.
      if (both !== undefined && !containsDimension(result, [both])) result.push(both);
    }
  }
  return result.length === 0 ? "empty" : result;
}

/** True for a value itself, and for a range that begins and ends with it. */
function isOnly(part: Alternative<DimensionValue>, value: DimensionValue): boolean {
  if (!isRange(part)) return equalValues(part, value);
  const { min, max } = part;
  return min !== undefined && max !== undefined && equalValues(min, value) && equalValues(max, value);
}

/** True when every value of `inner` is one of `outer`. */
export function containsDimension(outer: Alternatives | undefined, inner: Alternatives | undefined): boolean {
  if (outer === undefined) return true;
  if (inner === undefined) return false;
  return inner.every((part) =>
    outer.some((whole) => {
      if (!isRange(whole)) return isOnly(part, whole);
      if (!isRange(part)) return within(part, whole);
      return (
        (whole.min === undefined || (part.min !== undefined && atMost(whole.min, part.min))) &&
        (whole.max === undefined || (part.max !== undefined && atMost(part.max, whole.max)))
      );
    }),
  );
}

/** What an entirely open dimension settles on; also the ceiling for a range without an upper end. */
const openDefaults: Readonly<Record<string, DimensionValue>> = {
  codec: "pcm_f32",
  "video codec": "i420",
  rate: 48_000,
  channels: 1,
  size: { width: 1280, height: 720 },
  fps: 30,
  element: "f32",
};

/**
 * The one value an open dimension settles on: the first alternative, of a range its upper end.
 * @param media the kind of the stream; a codec that nothing names is raw video there and raw sound otherwise
 */
export function fixDimension(
  dimension: string,
  alternatives: Alternatives | undefined,
  media?: MediaKind,
): DimensionValue {
  const fallback = openDefaults[`${media} ${dimension}`] ?? openDefaults[dimension] ?? 1;
  const first = alternatives?.[0];
  if (first === undefined) return fallback;
  if (!isRange(first)) return first;
  if (first.max !== undefined) return first.max;
  if (first.min === undefined) return fallback;
  return atMost(first.min, fallback) ? fallback : first.min;
}

// ---- whole types ----------------------------------------------------------------------------------------------

export function isMedia(type: FlowType): type is MediaType {
  return type.kind === "audio" || type.kind === "video" || type.kind === "tensor";
}

/** The alternatives of a dimension; cells must have been filled in. */
export function alternativesOf(type: MediaType, dimension: string): Alternatives | undefined {
  const found = type.dims[dimension];
  if (found === undefined) return undefined;
  if (isCell(found)) throw new TypeError(`dimension ${dimension} still refers to cell ${found.cell}`);
  return found;
}

/** The single value of a dimension, undefined unless it is fixed to one. */
export function fixedValue(type: FlowType, dimension: string): DimensionValue | undefined {
  if (!isMedia(type)) return undefined;
  const found = type.dims[dimension];
  if (found === undefined || isCell(found) || found.length !== 1) return undefined;
  const [only] = found;
  return only === undefined || isRange(only) ? undefined : only;
}

/** Fills in the cells of a pipeline. An undefined cell is open. */
export function fillCells(type: FlowType, cells: readonly (Alternatives | undefined)[]): FlowType {
  if (!isMedia(type)) return type;
  const dims: Record<string, Dimension> = {};
  for (const [name, dimension] of Object.entries(type.dims)) {
    const filled = isCell(dimension) ? cells[dimension.cell] : dimension;
    if (filled !== undefined) dims[name] = filled;
  }
  return { kind: type.kind, dims };
}

/** Settles every dimension on one value. */
export function fixType(type: FlowType): FlowType {
  if (!isMedia(type)) return type;
  const dims: Record<string, Dimension> = {};
  for (const name of dimensionsOf(type)) dims[name] = [fixDimension(name, alternativesOf(type, name), type.kind)];
  return { kind: type.kind, dims };
}

function dimensionsOf(...types: readonly MediaType[]): string[] {
  const names = new Set<string>(types[0] === undefined ? [] : mediaDimensions[types[0].kind]);
  names.delete("shape");
  for (const type of types) for (const name of Object.keys(type.dims)) names.add(name);
  return [...names];
}

/** Where two types have nothing in common. */
export interface Mismatch {
  /** The dimension for media types; undefined when the types differ in kind or structure. */
  readonly dimension: string | undefined;
  /** Field names from the outside in, for records. */
  readonly path: readonly string[];
}

export type Met = { readonly type: FlowType } | { readonly mismatch: Mismatch };

/** The records behind `named` types at either end of a link. */
export interface SchemaScopes {
  readonly producer: Schemas;
  readonly consumer: Schemas;
}

/**
 * The formats that `producer` may send and `consumer` takes, in the producer's order of preference.
 *
 * Media types intersect dimension by dimension. Everything else is compatible as a whole: records structurally (the
 * producer may add fields and be narrower; optional and defaulted fields may be absent), the result being the
 * producer's type.
 */
export function meetTypes(producer: FlowType, consumer: FlowType, scopes: SchemaScopes): Met {
  if (!isMedia(producer) || !isMedia(consumer)) {
    const mismatch = dataMismatch(producer, consumer, scopes, [], new Set());
    return mismatch === undefined ? { type: producer } : { mismatch };
  }
  if (producer.kind !== consumer.kind) return { mismatch: { dimension: undefined, path: [] } };
  const dims: Record<string, Dimension> = {};
  for (const name of dimensionsOf(producer, consumer)) {
    const both = intersectDimension(alternativesOf(producer, name), alternativesOf(consumer, name));
    if (both === "empty") return { mismatch: { dimension: name, path: [] } };
    if (both !== undefined) dims[name] = both;
  }
  return { type: { kind: producer.kind, dims } };
}

/** True when whatever `producer` may send, `consumer` takes. */
export function accepts(consumer: FlowType, producer: FlowType, scopes: SchemaScopes): boolean {
  if (!isMedia(producer) || !isMedia(consumer)) {
    return dataMismatch(producer, consumer, scopes, [], new Set()) === undefined;
  }
  return (
    producer.kind === consumer.kind &&
    dimensionsOf(producer, consumer).every((name) =>
      containsDimension(alternativesOf(consumer, name), alternativesOf(producer, name)),
    )
  );
}

/** The first reason why data of type `from` may not stand where `to` is wanted; undefined when it may. */
function dataMismatch(
  from: FlowType,
  to: FlowType,
  scopes: SchemaScopes,
  path: readonly string[],
  seen: Set<string>,
): Mismatch | undefined {
  const no: Mismatch = { dimension: undefined, path };
  if (isMedia(from) || isMedia(to)) return isMedia(from) && isMedia(to) && accepts(to, from, scopes) ? undefined : no;
  if (to.kind === "optional") {
    return dataMismatch(from.kind === "optional" ? from.element : from, to.element, scopes, path, seen);
  }
  if (to.kind === "scalar" && to.name === "json") return jsonMismatch(from, scopes.producer, path, new Set());
  if (from.kind === "named" && to.kind === "scalar") return enumFits(from.name, to, scopes.producer) ? undefined : no;
  if (from.kind === "optional" || from.kind !== to.kind) return no;
  switch (from.kind) {
    case "signal":
      return undefined;
    case "scalar":
      return scalarFits(from, to as ScalarType) ? undefined : no;
    case "list":
    case "map":
      return dataMismatch(from.element, (to as typeof from).element, scopes, path, seen);
    case "named":
      return namedMismatch(from.name, (to as typeof from).name, scopes, path, seen);
    default:
      return from satisfies never;
  }
}

/** Everything is JSON but pulses and bytes, wherever these stand in it. */
function jsonMismatch(
  from: FlowType,
  schemas: Schemas,
  path: readonly string[],
  seen: Set<string>,
): Mismatch | undefined {
  switch (from.kind) {
    case "list":
    case "map":
    case "optional":
      return jsonMismatch(from.element, schemas, path, seen);
    case "named": {
      const schema = Object.hasOwn(schemas, from.name) ? schemas[from.name] : undefined;
      if (schema?.kind !== "record" || seen.has(from.name)) return undefined;
      seen.add(from.name);
      for (const field of schema.fields) {
        const mismatch = jsonMismatch(field.type, schemas, [...path, field.name], seen);
        if (mismatch !== undefined) return mismatch;
      }
      return undefined;
    }
    default:
      return from.kind === "scalar" && from.name !== "bytes" ? undefined : { dimension: undefined, path };
  }
}

function scalarFits(from: ScalarType, to: ScalarType): boolean {
  const sameFamily = from.name === to.name || (from.name === "int" && to.name === "float");
  return (
    sameFamily &&
    (to.min === undefined || (from.min !== undefined && from.min >= to.min)) &&
    (to.max === undefined || (from.max !== undefined && from.max <= to.max)) &&
    (to.between?.min === undefined ||
      (from.between?.min !== undefined && isOrdered(to.between.min, from.between.min))) &&
    (to.between?.max === undefined ||
      (from.between?.max !== undefined && isOrdered(from.between.max, to.between.max))) &&
    (to.pattern === undefined || from.pattern === to.pattern)
  );
}

/** The values of an enum are texts. */
function enumFits(name: string, to: ScalarType, schemas: Schemas): boolean {
  const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  return schema?.kind === "enum" && to.name === "text" && to.pattern === undefined;
}

function namedMismatch(
  from: string,
  to: string,
  scopes: SchemaScopes,
  path: readonly string[],
  seen: Set<string>,
): Mismatch | undefined {
  const no: Mismatch = { dimension: undefined, path };
  // A pair already being compared further out is taken to fit: records may refer to themselves.
  const pair = `${from}\n${to}`;
  if (seen.has(pair)) return undefined;
  seen.add(pair);
  const given = Object.hasOwn(scopes.producer, from) ? scopes.producer[from] : undefined;
  const wanted = Object.hasOwn(scopes.consumer, to) ? scopes.consumer[to] : undefined;
  if (given === undefined || wanted === undefined || given.kind !== wanted.kind) return no;
  if (given.kind === "enum") {
    const taken = wanted as Extract<Schema, { kind: "enum" }>;
    return given.values.every((value) => taken.values.includes(value)) ? undefined : no;
  }
  for (const field of (wanted as Extract<Schema, { kind: "record" }>).fields) {
    const inner = [...path, field.name];
    const match = given.fields.find((candidate) => candidate.name === field.name);
    if (match === undefined || (match.optional && !field.optional)) {
      if (!field.optional) return { dimension: undefined, path: inner };
      continue;
    }
    const mismatch = dataMismatch(match.type, field.type, scopes, inner, seen);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

// ---- in words -------------------------------------------------------------------------------------------------

/** The scalar type that a dimension is a value of. */
const dimensionScalars: Readonly<Record<string, ScalarName>> = {
  rate: "frequency",
  channels: "channels",
  fps: "framerate",
};

function formatValue(dimension: string, value: DimensionValue): string {
  return formatScalar(dimensionScalars[dimension] ?? "int", value);
}

/** `48kHz`, `8kHz..48kHz`, `mono | stereo`; `any` when open. */
export function formatDimension(dimension: string, alternatives: Alternatives | undefined): string {
  if (alternatives === undefined) return "any";
  return alternatives
    .map((part) => {
      if (!isRange(part)) return formatValue(dimension, part);
      const min = part.min === undefined ? "" : formatValue(dimension, part.min);
      const max = part.max === undefined ? "" : formatValue(dimension, part.max);
      return `${min}..${max}`;
    })
    .join(" | ");
}

/** `[1, 3, _, 224]`, where a side that is open is `_`; nothing where the number of sides is open too. */
function formatShape(type: MediaType): string[] {
  const rank = fixedValue(type, "rank");
  if (typeof rank !== "number") return [];
  const sides = Array.from({ length: rank }, (_, index) => {
    const side = type.dims[`side${index}`];
    return side === undefined || isCell(side) ? "_" : formatDimension("side", side);
  });
  return [`[${sides.join(", ")}]`];
}

/** The type as it is written in a program: `audio<opus, 48kHz, mono>`, `[Word]?`. */
export function formatType(type: FlowType): string {
  switch (type.kind) {
    case "audio":
    case "video":
    case "tensor": {
      const parts = mediaDimensions[type.kind].flatMap((name) => {
        if (name === "shape") return formatShape(type);
        const found = type.dims[name];
        return found === undefined || isCell(found) ? [] : formatDimension(name, found);
      });
      return parts.length === 0 ? type.kind : `${type.kind}<${parts.join(", ")}>`;
    }
    case "scalar": {
      if (type.pattern !== undefined) return `${type.name} matches ${JSON.stringify(type.pattern)}`;
      const { min = type.between?.min, max = type.between?.max } = type;
      if (min === undefined && max === undefined) return type.name;
      const ends = [min, max].map((end) => (end === undefined ? "" : formatScalar(type.name, end)));
      return `${type.name} in ${ends.join("..")}`;
    }
    case "signal":
      return "signal";
    case "named":
      return type.name;
    case "list":
      return `[${formatType(type.element)}]`;
    case "optional":
      return `${formatType(type.element)}?`;
    case "map":
      return `map<${formatType(type.element)}>`;
    default:
      return type satisfies never;
  }
}
