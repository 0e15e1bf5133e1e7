import {
  fillCells,
  fixDimension,
  fixType,
  formatDimension,
  formatType,
  intersectDimension,
  isCell,
  isMedia,
  isRange,
  alternativesOf,
  meetTypes,
  type Alternative,
  type DimensionValue,
  type FlowType,
  type MediaType,
  type Schemas,
} from "../interface/caps.ts";
import { formatLocation, MeshError } from "../interface/errors.ts";
import type { JsonValue } from "../interface/frame.ts";
import { named } from "../interface/named.ts";
import type { Params } from "../interface/node.ts";
import type { PipelinePlan, PortPlan } from "../interface/plan.ts";

type Alternatives = readonly Alternative<DimensionValue>[];

/** The dimensions of a pipeline that stay open until a session opens, and how far they have been narrowed. */
export class Cells {
  readonly #pipeline: PipelinePlan;
  #contents: (Alternatives | undefined)[];
  /** Sides of tensors whose number of sides is a cell, by that: those of one number have one shape. */
  #sides = new Map<number, Readonly<Record<string, Alternatives>>>();

  constructor(pipeline: PipelinePlan) {
    this.#pipeline = pipeline;
    this.#contents = pipeline.cells.map(({ allowed }) => (allowed === null || isCell(allowed) ? undefined : allowed));
  }

  /** What is known of them now, to come back to. */
  copy(): Cells {
    const copy = new Cells(this.#pipeline);
    copy.restore(this);
    return copy;
  }

  restore(known: Cells): void {
    this.#contents = [...known.#contents];
    this.#sides = new Map(known.#sides);
  }

  /** The type with what is known of its cells. */
  fill(type: FlowType): FlowType {
    const filled = fillCells(type, this.#contents);
    const sides = this.#sides.get(rankCell(type) ?? -1);
    return sides === undefined || !isMedia(filled) ? filled : { ...filled, dims: { ...sides, ...filled.dims } };
  }

  /**
   * Fixes the cells that parameters of the pipeline stand for.
   * @throws {MeshError} `invalid-argument` for a value that the links inside do not allow
   */
  fixParameters(params: Params): void {
    this.#pipeline.cells.forEach((cell, index) => {
      let before: string | undefined;
      for (const param of cell.params ?? []) {
        const value = Object.hasOwn(params, param) ? params[param] : undefined;
        if (value === undefined) continue;
        this.#fixParameter(index, param, value as DimensionValue, before);
        before = param;
      }
    });
  }

  /** @param before the parameter that has fixed the cell already */
  #fixParameter(index: number, param: string, value: DimensionValue, before: string | undefined): void {
    const { name, location, cells } = this.#pipeline;
    const contents = this.#contents[index];
    const left = intersectDimension([value], contents);
    if (left !== "empty") {
      this.#contents[index] = left;
      return;
    }
    const format = (values: Alternatives | undefined): string => formatDimension(cells[index]?.dimension ?? "", values);
    const reason =
      before === undefined
        ? `inside, only ${format(contents)} is possible`
        : `it has to be the same as parameter \`${before}\`, which is ${format(contents)}`;
    throw new MeshError(
      "invalid-argument",
      `Parameter \`${param}\` of pipeline \`${name}\` is ${format([value])}; ${reason} (${formatLocation(location)}).`,
      { location },
    );
  }

  /** What a cell was fixed to. */
  value(index: number): JsonValue {
    const { dimension, media } = this.#pipeline.cells[index] ?? { dimension: "" };
    const fixed = fixDimension(dimension, this.#contents[index], media);
    return typeof fixed === "object" ? { width: fixed.width, height: fixed.height } : fixed;
  }

  /**
   * Takes over what a negotiation left of a port.
   * @returns a dimension that shares its cell with another one, of the port or of one that was negotiated before, and has
   * nothing in common with it; nothing is changed then
   */
  narrow(port: FlowType, result: FlowType): string | undefined {
    if (!isMedia(port) || !isMedia(result)) return undefined;
    const left = new Map<number, Alternatives | undefined>();
    for (const [name, dimension] of Object.entries(port.dims)) {
      if (!isCell(dimension)) continue;
      const { cell } = dimension;
      const found = alternativesOf(result, name);
      const both = left.has(cell)
        ? intersectDimension(left.get(cell), found)
        : intersectDimension(found, this.#contents[cell]);
      if (both === "empty") return name;
      left.set(cell, both);
    }
    const rank = rankCell(port);
    const sides = { ...this.#sides.get(rank ?? -1) };
    for (const name of Object.keys(result.dims)) {
      if (rank === undefined || !isSide(name) || Object.hasOwn(port.dims, name)) continue;
      const both = intersectDimension(alternativesOf(result, name), sides[name]);
      if (both === "empty") return name;
      if (both !== undefined) sides[name] = both;
    }
    for (const [cell, contents] of left) this.#contents[cell] = contents;
    if (rank !== undefined) this.#sides.set(rank, sides);
    return undefined;
  }

  /** True when a port still refers to a cell with more than one value. */
  isOpen(type: FlowType): boolean {
    if (!isMedia(type)) return false;
    return Object.values(type.dims).some((dimension) => {
      if (!isCell(dimension)) return false;
      const contents = this.#contents[dimension.cell];
      const [only] = contents ?? [];
      return contents?.length !== 1 || only === undefined || isRange(only);
    });
  }

  /** The same for cells that have been narrowed as far. */
  get key(): string {
    return JSON.stringify([this.#contents, ...this.#sides]);
  }

  /** Settles every cell on one value. */
  fix(): void {
    this.#contents = this.#contents.map((contents, index) => {
      const { dimension, media } = this.#pipeline.cells[index] ?? { dimension: "" };
      // A tensor of any shape has no other for being settled.
      if (dimension === "rank" && contents === undefined) return undefined;
      return [fixDimension(dimension, contents, media)];
    });
    for (const [rank, sides] of this.#sides) {
      const fixed = Object.entries(sides).map(([name, contents]) => [name, [fixDimension(name, contents)]]);
      this.#sides.set(rank, Object.fromEntries(fixed) as Record<string, Alternatives>);
    }
  }

  /** The format of a port once everything is settled. */
  fixed(type: FlowType): FlowType {
    return fixType(this.fill(type));
  }
}

/** The cell that the number of a tensor's sides is in. */
function rankCell(type: FlowType): number | undefined {
  const rank = isMedia(type) ? type.dims["rank"] : undefined;
  return rank !== undefined && isCell(rank) ? rank.cell : undefined;
}

function isSide(dimension: string): boolean {
  return dimension.startsWith("side");
}

/** Formats by name of the pipeline's ports. */
export interface PortTypes {
  readonly inputs: Readonly<Record<string, FlowType>>;
  readonly outputs: Readonly<Record<string, FlowType>>;
}

/** What the caller brings for its side of the ports. */
export interface CallerFormats {
  readonly inputs: Readonly<Record<string, FlowType>>;
  readonly outputs: Readonly<Record<string, FlowType>>;
  readonly schemas: Schemas;
}

/**
 * Meets what the caller can send and take with the ports of the pipeline, and narrows its cells.
 * @returns the sets that both sides hold, by port
 * @throws {MeshError} `format-mismatch` that names the port, both formats and the dimension; `invalid-argument` for a
 * port that does not exist or an input that is missing
 */
export function negotiate(pipeline: PipelinePlan, caller: CallerFormats, schemas: Schemas, cells: Cells): PortTypes {
  const met = { inputs: named<FlowType>(), outputs: named<FlowType>() };
  for (const side of ["inputs", "outputs"] as const) {
    for (const [name, offered] of Object.entries(caller[side])) {
      const port = Object.hasOwn(pipeline[side], name) ? pipeline[side][name] : undefined;
      if (port === undefined) throw unknownPort(pipeline, side, name);
      met[side][name] = meetPort(pipeline, side, name, port, offered, caller.schemas, schemas, cells);
    }
  }
  for (const [name, port] of Object.entries(pipeline.inputs)) {
    if (port.optional || port.type.kind === "signal" || Object.hasOwn(caller.inputs, name)) continue;
    throw new MeshError(
      "invalid-argument",
      `Pipeline \`${pipeline.name}\` (${formatLocation(pipeline.location)}) needs its input \`${name}\`, which the caller does not feed.`,
    );
  }
  return met;
}

/** The formats of a session: one value for every dimension of what was met, the cells having been fixed. */
export function settle(pipeline: PipelinePlan, met: PortTypes, cells: Cells): PortTypes {
  const side = (which: "inputs" | "outputs"): Record<string, FlowType> =>
    Object.fromEntries(
      Object.entries(met[which]).flatMap(([name, narrowed]) => {
        const port = pipeline[which][name]?.type;
        if (port === undefined) return [];
        if (!isMedia(port) || !isMedia(narrowed)) return [[name, port]];
        const own = cells.fill(port) as MediaType;
        const fixed = Object.fromEntries(
          Object.entries(own.dims).filter(([name]) => port.dims[name] === undefined || isCell(port.dims[name])),
        );
        return [[name, fixType({ kind: narrowed.kind, dims: { ...narrowed.dims, ...fixed } })]];
      }),
    );
  return { inputs: side("inputs"), outputs: side("outputs") };
}

function meetPort(
  pipeline: PipelinePlan,
  side: "inputs" | "outputs",
  name: string,
  port: PortPlan,
  offered: FlowType,
  callerSchemas: Schemas,
  schemas: Schemas,
  cells: Cells,
): FlowType {
  const own = cells.fill(port.type);
  const met =
    side === "inputs"
      ? meetTypes(offered, own, { producer: callerSchemas, consumer: schemas })
      : meetTypes(own, offered, { producer: schemas, consumer: callerSchemas });
  const unequal = "mismatch" in met ? undefined : cells.narrow(port.type, met.type);
  if ("mismatch" in met || unequal !== undefined) {
    const verbs = side === "inputs" ? ["takes", "sends"] : ["gives", "takes"];
    const { dimension, path } = "mismatch" in met ? met.mismatch : { dimension: undefined, path: [] };
    const detail =
      unequal !== undefined
        ? `; its ${unequal} has to be the same as another dimension`
        : dimension !== undefined && isMedia(own) && isMedia(offered)
          ? `; they share no ${dimension} (${formatDimension(dimension, alternativesOf(own, dimension))} and ` +
            `${formatDimension(dimension, alternativesOf(offered, dimension))})`
          : path.length > 0
            ? `; they differ in \`${path.join(".")}\``
            : "";
    throw new MeshError(
      "format-mismatch",
      `No common format at ${side === "inputs" ? "input" : "output"} \`${name}\` of pipeline \`${pipeline.name}\`: ` +
        `it ${verbs[0]} ${formatType(own)}, the caller ${verbs[1]} ${formatType(offered)}${detail}.`,
      { location: pipeline.location },
    );
  }
  return met.type;
}

function unknownPort(pipeline: PipelinePlan, side: "inputs" | "outputs", name: string): MeshError {
  const word = side === "inputs" ? "input" : "output";
  const known = Object.keys(pipeline[side]).join(", ") || "none";
  return new MeshError(
    "invalid-argument",
    `Pipeline \`${pipeline.name}\` has no ${word} \`${name}\`; its ${side} are: ${known}.`,
    { location: pipeline.location },
  );
}
