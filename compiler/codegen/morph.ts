import type * as TsMorph from "ts-morph";

/** ts-morph, which is loaded only when something has to be written or verified: it takes a third of a second. */
export type Morph = typeof TsMorph;

export function loadMorph(): Promise<Morph> {
  return import("ts-morph");
}
