import {
  fixDimension,
  isRange,
  type Alternative,
  type Dimension,
  type DimensionValue,
  type FlowType,
} from "../../runtime/interface/caps.ts";
import type { CellPlan, PlanValue } from "../../runtime/interface/plan.ts";
import type { Cell, SolvedType } from "../check/cells.ts";

/** Numbers the cells that stay open until a session opens. */
export class OpenCells {
  readonly cells: CellPlan[] = [];
  readonly #numbers = new Map<Cell, number>();
  readonly #border = new Set<Cell>();

  /** Marks the cells of a port at the border: what is open there is settled with the other side. */
  keep(type: SolvedType, resolve: (cell: Cell) => Cell): void {
    if (type.kind !== "media") return;
    for (const cell of type.dims.values()) this.#border.add(resolve(cell));
  }

  /** A cell that the value of a parameter fixes. */
  parameter(name: string, cell: Cell): void {
    this.#border.add(cell);
    const number = this.#number(cell);
    const known = this.cells[number];
    if (known !== undefined) this.cells[number] = { ...known, params: [...(known.params ?? []), name] };
  }

  type(type: SolvedType, resolve: (cell: Cell) => Cell): FlowType {
    if (type.kind === "data") return type.type;
    if (type.kind === "unknown") throw new RangeError("an unknown type in a program without errors");
    const dims: Record<string, Dimension> = {};
    for (const [name, cell] of type.dims) {
      const solved = resolve(cell);
      // A shape of which nothing is known is none, but at the border: there it tells whose shape is the same.
      if (name !== "rank" || solved.values !== undefined || this.#border.has(solved))
        dims[name] = this.#dimension(name, solved);
    }
    return { kind: type.media, dims };
  }

  /** What the solver found for a parameter that is part of a type. */
  value(cell: Cell): PlanValue {
    const found = this.#dimension(cell.dimension, cell);
    if ("cell" in found) return { cell: found.cell };
    const fixed = fixDimension(cell.dimension, found, cell.media);
    return { literal: typeof fixed === "object" ? { width: fixed.width, height: fixed.height } : fixed };
  }

  #dimension(name: string, cell: Cell): Dimension {
    const { values, media } = cell;
    const known = this.#numbers.get(cell);
    if (known !== undefined) return { cell: known };
    if (values !== undefined && isFixed(values)) return values;
    if (!this.#border.has(cell)) return [fixDimension(name, values, media)];
    return { cell: this.#number(cell) };
  }

  #number(cell: Cell): number {
    const known = this.#numbers.get(cell);
    if (known !== undefined) return known;
    const number = this.cells.length;
    const { dimension, values, media } = cell;
    this.#numbers.set(cell, number);
    // Only raw codecs are others for each medium.
    const named = dimension === "codec" && media !== undefined ? { media } : {};
    this.cells.push({ dimension: dimension.replace(/^side\d+$/, "side"), ...named, allowed: values ?? null });
    return number;
  }
}

function isFixed(values: readonly Alternative<DimensionValue>[]): boolean {
  const [only] = values;
  return values.length === 1 && only !== undefined && !isRange(only);
}
