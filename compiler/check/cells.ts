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
import type { Related } from "../diagnostics/diagnostic.ts";
import type { Place } from "../source/source-file.ts";

export type Values = readonly Alternative<DimensionValue>[] | undefined;

/** Who narrowed a dimension, for the explanation of a mismatch. */
export interface Narrowing {
  readonly place: Place;
  /** `vad` takes */
  readonly who: string;
  readonly values: Values;
  /** For a converter that `~>` has put in. */
  readonly inserted?: Insertion;
  /** Of a copy: the arrows by which that came to the original, from the narrowing on. */
  readonly way?: readonly Bond[];
}

/** Where and why a converter was put in. */
export interface Insertion {
  /** The arrow. */
  readonly bond: Bond;
  /** What the two ends of the arrow had nothing in common in, and who left it so. @param depth of reasons for reasons */
  readonly why: (depth: number) => readonly Related[];
}

/** The arrow that made two ports agree. */
export interface Bond {
  readonly place: Place;
  /** `mic -> vad` */
  readonly text: string;
}

interface Edge {
  readonly to: Cell;
  readonly bond: Bond | undefined;
}

/** What has been done to cells since it began, so that it can be undone. */
export class Trail {
  readonly #undo: (() => void)[] = [];

  push(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Where it stands, to go back to. */
  get mark(): number {
    return this.#undo.length;
  }

  /** @param mark undoes what was done since; everything when left out */
  undo(mark = 0): void {
    while (this.#undo.length > mark) this.#undo.pop()?.();
  }
}

/**
 * One dimension of one or more ports that must agree on it: a union-find tree whose root holds the values. Paths are not
 * shortened when they are walked, for every change has to be undone one by one.
 */
export class Cell {
  readonly dimension: string;
  readonly media: MediaKind | undefined;
  /** What was said of this cell itself, rather than of one that it agrees with. */
  readonly origins: Narrowing[];
  /** The cells that it was made to agree with directly. */
  readonly edges: Edge[] = [];
  #parent: Cell | undefined;
  #size = 1;
  #values: Values;

  constructor(dimension: string, values?: Values, narrowing?: Narrowing, media?: MediaKind) {
    this.dimension = dimension;
    this.media = media;
    this.#values = values;
    this.origins = narrowing === undefined || values === undefined ? [] : [narrowing];
  }

  get root(): Cell {
    // Trees are shallow, for the smaller one always goes under the larger.
    return this.#parent === undefined ? this : this.#parent.root;
  }

  /** What is still possible; undefined when everything is. */
  get values(): Values {
    return this.root.#values;
  }

  /** Everything that narrowed it, here and by way of the cells that it agrees with; the nearest first. */
  get narrowings(): readonly Narrowing[] {
    const seen = new Set<Cell>([this]);
    for (const cell of seen) for (const { to } of cell.edges) seen.add(to);
    return [...seen].flatMap((cell) => cell.origins);
  }

  /**
   * Makes both one, in the order of preference of this one.
   * @returns false, with nothing changed, where they have nothing in common
   */
  unify(consumer: Cell, bond?: Bond, trail?: Trail): boolean {
    const a = this.root;
    const b = consumer.root;
    const both = intersectDimension(a.#values, b.#values);
    if (both === "empty") return false;
    this.edges.push({ to: consumer, bond });
    consumer.edges.push({ to: this, bond });
    trail?.push(() => {
      this.edges.pop();
      consumer.edges.pop();
    });
    if (a === b) return true;
    const [top, under] = a.#size >= b.#size ? [a, b] : [b, a];
    const before = top.#values;
    top.#values = both;
    top.#size += under.#size;
    under.#parent = top;
    trail?.push(() => {
      under.#parent = undefined;
      top.#size -= under.#size;
      top.#values = before;
    });
    return true;
  }

  /** @returns false, with nothing changed, where nothing would be left */
  narrow(values: Values, narrowing?: Narrowing): boolean {
    const { root } = this;
    const both = intersectDimension(root.#values, values);
    if (both === "empty") return false;
    root.#values = both;
    if (narrowing !== undefined) this.origins.push(narrowing);
    return true;
  }
}

/** The type of a port in use: media over cells, anything else as it is; `unknown` agrees with everything. */
export type SolvedType =
  | { readonly kind: "media"; readonly media: MediaKind; readonly dims: Map<string, Cell> }
  | { readonly kind: "data"; readonly type: FlowType }
  | { readonly kind: "unknown" };

type SolvedMedia = Extract<SolvedType, { kind: "media" }>;

/** A cell for a dimension of a media type; dimensions that were not mentioned are open. */
export function cellOf(type: SolvedMedia, dimension: string): Cell {
  const known = type.dims.get(dimension);
  if (known !== undefined) return known;
  const cell = new Cell(dimension, undefined, undefined, type.media);
  type.dims.set(dimension, cell);
  return cell;
}

function sharedDimensions({ media, dims }: SolvedMedia, other: SolvedMedia): readonly string[] {
  if (media !== "tensor") return mediaDimensions[media];
  // Tensors of one number of sides have one shape, also where nothing is known of it yet.
  const names = new Set<string>(mediaDimensions[media].map((name) => (name === "shape" ? "rank" : name)));
  for (const name of [...dims.keys(), ...other.dims.keys()]) names.add(name);
  return [...names];
}

/** Why two types cannot agree. `dimension` is undefined when they differ in kind or structure. */
export interface SolveConflict {
  readonly dimension: string | undefined;
  readonly path: readonly string[];
}

/**
 * Makes a producer's and a consumer's type agree from now on.
 * @returns the first reason why they cannot; nothing is changed then
 */
export function agree(
  producer: SolvedType,
  consumer: SolvedType,
  schemas: Schemas,
  bond?: Bond,
  trail: Trail = new Trail(),
): SolveConflict | undefined {
  if (producer.kind === "unknown" || consumer.kind === "unknown") return undefined;
  if (producer.kind === "media" && consumer.kind === "media") {
    if (producer.media !== consumer.media) return { dimension: undefined, path: [] };
    const { mark } = trail;
    for (const name of sharedDimensions(producer, consumer)) {
      // One after another: two sides of a shape may be the same variable.
      if (cellOf(producer, name).unify(cellOf(consumer, name), bond, trail)) continue;
      trail.undo(mark);
      return { dimension: name, path: [] };
    }
    return undefined;
  }
  const met = meetTypes(currentType(producer), currentType(consumer), { producer: schemas, consumer: schemas });
  return "mismatch" in met ? met.mismatch : undefined;
}

/** The first reason why a producer's and a consumer's type cannot agree; changes nothing. */
export function conflict(producer: SolvedType, consumer: SolvedType, schemas: Schemas): SolveConflict | undefined {
  const trail = new Trail();
  const found = agree(producer, consumer, schemas, undefined, trail);
  trail.undo();
  return found;
}

/** Makes both media types agree from now on, where they can. */
export function unify(producer: SolvedType, consumer: SolvedType): void {
  if (producer.kind === "media" && consumer.kind === "media") agree(producer, consumer, {});
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

/** A copy of types over cells of their own, which agree among each other as the originals do. */
export class Copies {
  readonly #cells = new Map<Cell, Cell>();

  cell(cell: Cell, narrowings: (cell: Cell) => readonly Narrowing[] = () => []): Cell {
    const { root } = cell;
    const known = this.#cells.get(root);
    if (known !== undefined) return known;
    const copy = new Cell(cell.dimension, root.values, undefined, cell.media);
    copy.origins.push(...narrowings(cell));
    this.#cells.set(root, copy);
    return copy;
  }

  /** The copy of a cell that has been copied before. */
  find(cell: Cell): Cell | undefined {
    return this.#cells.get(cell.root);
  }

  type(type: SolvedType, narrowings?: (cell: Cell) => readonly Narrowing[]): SolvedType {
    if (type.kind !== "media") return type;
    const dims = new Map([...type.dims].map(([name, cell]) => [name, this.cell(cell, narrowings)]));
    return { kind: "media", media: type.media, dims };
  }

  types(
    types: ReadonlyMap<string, SolvedType>,
    narrowings?: (cell: Cell) => readonly Narrowing[],
  ): Map<string, SolvedType> {
    return new Map([...types].map(([name, type]) => [name, this.type(type, narrowings)]));
  }
}
