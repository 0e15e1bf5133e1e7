import { containsDimension, formatDimension, intersectDimension, isRange } from "../../runtime/interface/caps.ts";
import type { Related } from "../diagnostics/diagnostic.ts";
import type { Bond, Cell, Narrowing, SolvedType, Values } from "./cells.ts";

/** Who narrowed a cell, with the arrows between it and the cell, from the narrowing on. */
interface Cause {
  readonly narrowing: Narrowing;
  readonly bonds: readonly Bond[];
}

/** More than fit on a screen explain nothing. */
const mostCauses = 32;
const mostRelated = 12;

/** Converters may be there because of other converters, in a circle. */
const mostReasons = 2;

/**
 * The ports that leave nothing in common between a producer's and a consumer's dimension, and the arrows by which what
 * they say comes together: along the stream, only what is needed for the contradiction.
 */
export function explain(dimension: string, producer: Cell, consumer: Cell, depth = mostReasons): Related[] {
  // From the far end of the producer's side to the far end of the consumer's.
  const before = causesOf(producer).toReversed();
  const after = causesOf(consumer);
  const needed = necessary([...before, ...after]);
  const related: Related[] = [];
  const told = new Set<Bond>();
  const add = (cause: Cause, upstream: boolean): void => {
    const own = shown(dimension, cause.narrowing, depth);
    const way = cause.bonds.flatMap((bond): Related[] => {
      if (told.has(bond)) return [];
      told.add(bond);
      return [sharing(bond)];
    });
    related.push(...(upstream ? [...own, ...way] : [...way.toReversed(), ...own]));
  };
  for (const cause of before) if (needed.has(cause)) add(cause, true);
  for (const cause of after) if (needed.has(cause)) add(cause, false);
  return withoutRepeats(related).slice(0, mostRelated);
}

/** What somebody said of a dimension; of a converter that was put in also where and why that was done. */
export function shown(
  dimension: string,
  { place, who, values, inserted, way = [] }: Narrowing,
  depth = mostReasons,
): Related[] {
  const own: Related[] = [{ place, message: `${who} ${formatDimension(dimension, values)}` }, ...way.map(sharing)];
  if (inserted === undefined || depth === 0) return own;
  const { bond, why } = inserted;
  return [...own, { place: bond.place, message: `\`${bond.text}\` puts it in` }, ...why(depth - 1)];
}

function sharing({ place, text }: Bond): Related {
  return { place, message: `\`${text}\` shares it` };
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

/**
 * Who left a cell what it is, the nearest first: those that the values need, and the last one that says the same on its own,
 * for what is too much may be mended at either end.
 */
function narrowers(cell: Cell): Cause[] {
  let left: Values;
  const all = causesOf(cell);
  const needed = all.filter(({ narrowing }) => {
    const both = intersectDimension(left, narrowing.values);
    if (both === "empty" || JSON.stringify(both) === JSON.stringify(left)) return false;
    left = both;
    return true;
  });
  const last = all.findLast(({ narrowing: { values } }) => containsDimension(left, values));
  return last === undefined || needed.includes(last) ? needed : [...needed, last];
}

/** Who left a dimension what it is, and the arrows by which that came there; where nobody says anything, those alone. */
export function explainNarrowing(dimension: string, cell: Cell): Related[] {
  return cell.values === undefined ? openEnds(cell) : told(dimension, narrowers(cell));
}

/** The same of what is too much, with who stands furthest away: there it may come from. */
function explainExcess(dimension: string, cell: Cell): Related[] {
  const found = narrowers(cell);
  const far = causesOf(cell).at(-1);
  if (cell.values === undefined || far === undefined) return openEnds(cell);
  const isKnown = found.some(({ narrowing }) => narrowing === far.narrowing);
  return told(dimension, isKnown ? found : [...found, far]);
}

function told(dimension: string, causes: readonly Cause[]): Related[] {
  const bondsTold = new Set<Bond>();
  const related = causes.flatMap(({ narrowing, bonds }): Related[] => {
    const way = bonds.toReversed().filter((bond) => !bondsTold.has(bond));
    for (const bond of way) bondsTold.add(bond);
    return [...way.map(sharing), ...shown(dimension, narrowing)];
  });
  return withoutRepeats(related).slice(0, mostRelated);
}

/** The arrows to the ends that leave a cell open. */
function openEnds(cell: Cell): Related[] {
  const bonds = new Set<Bond>();
  const seen = new Set<Cell>([cell]);
  for (const one of seen) {
    for (const { to, bond } of one.edges) {
      seen.add(to);
      if (bond !== undefined) bonds.add(bond);
    }
  }
  return [...bonds].slice(0, mostRelated).map(({ place, text }) => ({ place, message: `\`${text}\` leaves it open` }));
}

/**
 * Who left the first dimension in which a consumer does not take all that a producer may send what it is.
 * @param solved the types, on one side or both, whose cells know where they were narrowed
 */
export function whyNotAll(
  consumer: SolvedType,
  producer: SolvedType,
  ...solved: readonly (SolvedType | undefined)[]
): Related[] {
  if (consumer.kind !== "media" || producer.kind !== "media") return [];
  const names = new Set([...consumer.dims.keys(), ...producer.dims.keys()]);
  const dimension = [...names].find(
    (name) => !containsDimension(consumer.dims.get(name)?.values, producer.dims.get(name)?.values),
  );
  if (dimension === undefined) return [];
  return solved.flatMap((type) => {
    const cell = type?.kind === "media" ? type.dims.get(dimension) : undefined;
    return cell === undefined ? [] : explainExcess(dimension, cell);
  });
}

/** What narrowed a cell, as a copy of it tells on. */
export function summarised(cell: Cell): Narrowing[] {
  return narrowers(cell).map(({ narrowing, bonds }) => ({ ...narrowing, way: [...(narrowing.way ?? []), ...bonds] }));
}

/** A reason for a reason may have been told already. */
export function withoutRepeats(related: readonly Related[]): Related[] {
  const seen = new Set<string>();
  return related.filter(({ place, message }) => {
    const key = `${place.source.path}:${place.span.start}:${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
