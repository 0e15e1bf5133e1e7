import {
  formatType,
  intersectDimension,
  mediaDimensions,
  meetTypes,
  type Alternative,
  type Dimension,
  type DimensionValue,
  type FlowType,
  type MediaKind,
  type Schemas,
} from "../../runtime/interface/caps.ts";
import type { Place } from "../source/source-file.ts";

type Values = readonly Alternative<DimensionValue>[] | undefined;

/** Who narrowed a dimension, for the explanation of a mismatch. */
export interface Narrowing {
  readonly place: Place;
  /** `vad` takes */
  readonly who: string;
  readonly values: Values;
}

/** One dimension of one or more ports that must agree on it: a union-find tree whose root holds the values. */
export class Cell {
  readonly dimension: string;
  #parent: Cell | undefined;
  #values: Values;
  #narrowings: Narrowing[];

  constructor(dimension: string, values?: Values, narrowing?: Narrowing) {
    this.dimension = dimension;
    this.#values = values;
    this.#narrowings = narrowing === undefined || values === undefined ? [] : [narrowing];
  }

  get root(): Cell {
    if (this.#parent === undefined) return this;
    const root = this.#parent.root;
    this.#parent = root;
    return root;
  }

  /** What is still possible; undefined when everything is. */
  get values(): Values {
    return this.root.#values;
  }

  get narrowings(): readonly Narrowing[] {
    return this.root.#narrowings;
  }

  /** True when both could agree. */
  meets(consumer: Cell): boolean {
    return this.root === consumer.root || intersectDimension(this.values, consumer.values) !== "empty";
  }

  /** Makes both one, in the order of preference of this one. Call only where they meet. */
  unify(consumer: Cell): void {
    const a = this.root;
    const b = consumer.root;
    if (a === b) return;
    const both = intersectDimension(a.#values, b.#values);
    if (both === "empty") throw new RangeError("cells that do not meet");
    a.#values = both;
    a.#narrowings = [...a.#narrowings, ...b.#narrowings];
    b.#parent = a;
  }

  narrow(values: Values): void {
    const both = intersectDimension(this.values, values);
    if (both !== "empty") this.root.#values = both;
  }
}

/** The type of a port in use: media over cells, anything else as it is; `unknown` agrees with everything. */
export type SolvedType =
  | { readonly kind: "media"; readonly media: MediaKind; readonly dims: Map<string, Cell> }
  | { readonly kind: "data"; readonly type: FlowType }
  | { readonly kind: "unknown" };

/** A cell for a dimension of a media type; dimensions that were not mentioned are open. */
export function cellOf(type: Extract<SolvedType, { kind: "media" }>, dimension: string): Cell {
  const known = type.dims.get(dimension);
  if (known !== undefined) return known;
  const cell = new Cell(dimension);
  type.dims.set(dimension, cell);
  return cell;
}

function sharedDimensions(
  a: Extract<SolvedType, { kind: "media" }>,
  b: Extract<SolvedType, { kind: "media" }>,
): string[] {
  const names = new Set<string>(mediaDimensions[a.media].filter((name) => name !== "shape"));
  for (const name of [...a.dims.keys(), ...b.dims.keys()]) names.add(name);
  return [...names];
}

/** Why two types cannot agree. `dimension` is undefined when they differ in kind or structure. */
export interface SolveConflict {
  readonly dimension: string | undefined;
  readonly path: readonly string[];
}

/** The first reason why a producer's and a consumer's type cannot agree; changes nothing. */
export function conflict(producer: SolvedType, consumer: SolvedType, schemas: Schemas): SolveConflict | undefined {
  if (producer.kind === "unknown" || consumer.kind === "unknown") return undefined;
  if (producer.kind === "media" && consumer.kind === "media") {
    if (producer.media !== consumer.media) return { dimension: undefined, path: [] };
    for (const name of sharedDimensions(producer, consumer)) {
      if (!cellOf(producer, name).meets(cellOf(consumer, name))) return { dimension: name, path: [] };
    }
    return undefined;
  }
  const met = meetTypes(currentType(producer), currentType(consumer), { producer: schemas, consumer: schemas });
  return "mismatch" in met ? met.mismatch : undefined;
}

/** Makes both agree from now on. Call only where `conflict` found none. */
export function unify(producer: SolvedType, consumer: SolvedType): void {
  if (producer.kind !== "media" || consumer.kind !== "media") return;
  for (const name of sharedDimensions(producer, consumer)) cellOf(producer, name).unify(cellOf(consumer, name));
}

/** What is known of a type now, as plain data. */
export function currentType(type: SolvedType): FlowType {
  if (type.kind === "data") return type.type;
  if (type.kind === "unknown") return { kind: "scalar", name: "json" };
  const dims: Record<string, Dimension> = {};
  for (const [name, cell] of type.dims) {
    const { values } = cell;
    if (values !== undefined) dims[name] = values;
  }
  return { kind: type.media, dims };
}

export function describeType(type: SolvedType): string {
  return formatType(currentType(type));
}
