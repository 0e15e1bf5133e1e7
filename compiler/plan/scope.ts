import type { PlanValue, RunPlan } from "../../runtime/interface/plan.ts";
import { Cell } from "../check/cells.ts";
import type { CheckedPipeline, Instance } from "../check/graph.ts";

/** What the cells and values of a part of the program are in the plan. */
export interface ValueScope {
  cell(cell: Cell): Cell;
  /** Undefined for an optional parameter without a value. */
  value(value: PlanValue): PlanValue | undefined;
}

/** A pipeline where it is lowered: the outermost one, or one that stands in the place of a node in another scope. */
export class PlanScope implements ValueScope {
  /** Begins the ids of all that comes out of it; empty for the outermost one. */
  readonly prefix: string;
  readonly checked: CheckedPipeline;
  /** How its nodes are run that say nothing themselves. */
  readonly run: RunPlan | undefined;
  readonly #outer: { readonly scope: PlanScope; readonly instance: Instance } | undefined;
  readonly #fresh = new Map<Cell, Cell>();

  constructor(checked: CheckedPipeline, outer?: { readonly scope: PlanScope; readonly instance: Instance }) {
    this.checked = checked;
    this.#outer = outer;
    this.prefix = outer === undefined ? "" : `${outer.scope.prefix}${outer.instance.id}/`;
    this.run = outer?.instance.run ?? outer?.scope.run;
  }

  get isOutermost(): boolean {
    return this.#outer === undefined;
  }

  /** The cell that stands for one of the pipeline in this use of it. */
  cell(cell: Cell): Cell {
    const { root } = cell;
    if (this.#outer === undefined) return root;
    const shared = this.#outer.instance.inlined?.cells.find(root);
    if (shared !== undefined) return this.#outer.scope.cell(shared);
    // What does not reach the ports is its own in each use.
    const known = this.#fresh.get(root) ?? new Cell(root.dimension, root.values, undefined, root.media);
    this.#fresh.set(root, known);
    return known;
  }

  /** A value with the parameters of inlined pipelines put in; undefined for an optional one without a value. */
  value(value: PlanValue): PlanValue | undefined {
    if (!("param" in value) || this.#outer === undefined) return value;
    const { instance, scope } = this.#outer;
    const given = instance.args.get(value.param);
    if (given !== undefined) return scope.value(given);
    const fallback = instance.signature.params.get(value.param)?.defaultValue;
    return fallback && this.value(fallback);
  }

  /** All parameters of the pipeline with what they are in this use. */
  parameters(): ReadonlyMap<string, PlanValue> {
    return new Map(
      [...this.checked.graph.signature.params.keys()].flatMap((name): [string, PlanValue][] => {
        const value = this.value({ param: name });
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }
}
