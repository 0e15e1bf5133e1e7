import type { Cell, Narrowing } from "../check/cells.ts";

/** More reasons than this explain nothing. */
const most = 8;

/** Who narrowed a dimension, the nearest first: those at the cell itself, then those it was made to agree with. */
export function narrowingsOf(cell: Cell): Narrowing[] {
  const seen = new Set<Cell>([cell]);
  const found: Narrowing[] = [];
  for (const one of seen) {
    found.push(...one.origins);
    for (const { to } of one.edges) seen.add(to);
  }
  return found.slice(0, most);
}
