import { createRequire } from "node:module";
import type * as TsMorph from "ts-morph";

/** ts-morph, which is loaded only when something has to be written or verified: it takes a third of a second. */
export type Morph = typeof TsMorph;

/** By `require`, for `import` reads its ten megabytes once more to find out what they export. */
export async function loadMorph(): Promise<Morph> {
  return createRequire(import.meta.url)("ts-morph") as Morph;
}
