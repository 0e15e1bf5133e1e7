import { formatDimension, intersectDimension, isRange } from "../../runtime/interface/caps.ts";
import type { Related } from "../diagnostics/diagnostic.ts";
import type { Bond, Cell, Narrowing, Values } from "./cells.ts";

/** Who narrowed a cell, with the arrows between it and the cell, from the narrowing on. */
interface Cause {
  readonly narrowing: Narrowing;
  readonly bonds: readonly Bond[];
}

/** More than fit on a screen explain nothing. */
const mostCauses = 32;
const mostRelated = 12;

/**
 * The ports that leave nothing in common between a producer's and a consumer's dimension, and the arrows by which what
 * they say comes together: along the stream, only what is needed for the contradiction.
 */
export function explain(dimension: string, producer: Cell, consumer: Cell): Related[] {
  // From the far end of the producer's side to the far end of the consumer's.
  const before = causesOf(producer).toReversed();
  const after = causesOf(consumer);
  const needed = necessary([...before, ...after]);
  const related: Related[] = [];
  const told = new Set<Bond>();
  const add = (cause: Cause, upstream: boolean): void => {
    const { place, who, values } = cause.narrowing;
    const own: Related = { place, message: `${who} ${formatDimension(dimension, values)}` };
    const way = cause.bonds.flatMap((bond): Related[] => {
      if (told.has(bond)) return [];
      told.add(bond);
      return [{ place: bond.place, message: `\`${bond.text}\` shares it` }];
    });
    related.push(...(upstream ? [own, ...way] : [...way.toReversed(), own]));
  };
  for (const cause of before) if (needed.has(cause)) add(cause, true);
  for (const cause of after) if (needed.has(cause)) add(cause, false);
  return related.slice(0, mostRelated);
}

/** Everything that narrowed a cell, the nearest first. */
function causesOf(start: Cell): Cause[] {
  const found: Cause[] = [];
  const seen = new Set<Cell>([start]);
  const queue: { readonly cell: Cell; readonly bonds: readonly Bond[] }[] = [{ cell: start, bonds: [] }];
  for (let at = 0; at < queue.length && found.length < mostCauses; at += 1) {
    const { cell, bonds } = queue[at] ?? { cell: start, bonds: [] };
    for (const narrowing of cell.origins) found.push({ narrowing, bonds });
    for (const { to, bond } of cell.edges) {
      if (seen.has(to)) continue;
      seen.add(to);
      queue.push({ cell: to, bonds: bond === undefined ? bonds : [bond, ...bonds] });
    }
  }
  return found;
}

/** Leaves out, one after another, what the contradiction does not need. */
function necessary(all: readonly Cause[]): Set<Cause> {
  const kept = new Set(all);
  // What says least goes first: one value tells more than a range.
  for (const cause of all.toSorted((a, b) => Number(isOne(a)) - Number(isOne(b)))) {
    kept.delete(cause);
    if (!isContradiction(kept)) kept.add(cause);
  }
  return kept.size === 0 ? new Set(all) : kept;
}

function isOne({ narrowing: { values } }: Cause): boolean {
  return values?.length === 1 && values[0] !== undefined && !isRange(values[0]);
}

function isContradiction(all: Iterable<Cause>): boolean {
  let left: Values;
  for (const { narrowing } of all) {
    const both = intersectDimension(left, narrowing.values);
    if (both === "empty") return true;
    left = both;
  }
  return false;
}

/** What narrowed a cell, as a copy of it tells on: only what its values need. */
export function summarised(cell: Cell): Narrowing[] {
  let left: Values;
  return causesOf(cell).flatMap(({ narrowing }) => {
    const both = intersectDimension(left, narrowing.values);
    if (both === "empty" || JSON.stringify(both) === JSON.stringify(left)) return [];
    left = both;
    return [narrowing];
  });
}
