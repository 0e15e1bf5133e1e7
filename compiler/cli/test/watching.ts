import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";

/** A frame that came by. */
export interface Seen {
  /** When, in milliseconds of the scenario. */
  readonly atMs: number;
  /** Its media time, by which it is known again elsewhere. */
  readonly timestampUs: number;
}

/** Gives everything on at once, and notes when it came by. */
export function watching(seen: Seen[], nowMs: () => number): NodeDefinition {
  return defineNode({
    sync: true,
    open: () => ({
      map(payload: never, { timestampUs }) {
        seen.push({ atMs: nowMs(), timestampUs });
        return payload;
      },
    }),
  }) as NodeDefinition;
}
