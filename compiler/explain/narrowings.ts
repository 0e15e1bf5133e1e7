import type { Cell, Narrowing } from "../check/cells.ts";

/** What a cell knows of those that narrowed it. */
interface Told {
  readonly narrowings?: readonly Narrowing[];
  readonly origins?: readonly Narrowing[];
  readonly edges?: readonly { readonly to: Cell }[];
}

/** Everyone who narrowed a dimension, the nearest first: those at the cell itself, then those it was made to agree with. */
export function narrowingsOf(cell: Cell): Narrowing[] {
  const seen = new Set<Cell>([cell]);
  const found: Narrowing[] = [];
  for (const one of seen) {
    const told: Told = one;
    found.push(...(told.narrowings ?? told.origins ?? []));
    for (const { to } of told.edges ?? []) seen.add(to);
  }
  return found.slice(0, 8);
}
