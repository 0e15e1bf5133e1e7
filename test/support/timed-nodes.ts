import { delay } from "../../runtime/interface/clock.ts";
import type { Payload } from "../../runtime/interface/frame.ts";
import { defineNode, type NodeDefinition } from "../../runtime/interface/node.ts";

/** What nodes of one kind, told apart by their `name`, have been given. */
export interface Seen {
  /** `name:payload`, as it came in. */
  readonly taken: string[];
  /** The same, for calls that were given up while they were at work. */
  readonly givenUp: string[];
}

export const seen = (): Seen => ({ taken: [], givenUp: [] });

export const text = (payload: Payload): string =>
  typeof payload === "object" && payload !== null && "text" in payload ? String(payload.text) : String(payload);

/**
 * Takes so many milliseconds, its parameter `ms`, for each frame, then answers with its `name` before it. Fails at a
 * payload that ends in `!`.
 */
export function timed(log: Seen): NodeDefinition {
  return defineNode<{ ms: number; name: string }>({
    open: ({ ms, name }, { clock }) => ({
      async process({ payload }, _port, work) {
        const what = `${name}:${text(payload)}`;
        log.taken.push(what);
        try {
          if (ms > 0) await delay(clock, ms, work.signal);
        } catch {
          log.givenUp.push(what);
          return undefined;
        }
        if (what.endsWith("!")) throw new Error(`${name} cannot`);
        return what;
      },
    }),
  });
}
