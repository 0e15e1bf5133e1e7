import type { Payload } from "../../runtime/interface/frame.ts";
import { defineNode, type NodeDefinition } from "../../runtime/interface/node.ts";

/** Media time from one frame to the next. */
export const periodUs = 20_000;

/** A source of so many frames that waits where it is told to. @param payload by the number of the frame */
export function frameSource(count: number, payload: (index: number) => Payload): NodeDefinition {
  return defineNode({
    open: (_, { emit }) => ({
      async run() {
        for (let index = 0; index < count; index += 1) {
          const room = emit("out", payload(index), { timestampUs: index * periodUs });
          if (room !== undefined) await room;
        }
      },
    }),
  });
}
