import { discardAll, isDrained, oldestOf, setOf } from "./inputs.ts";
import type { Join, JoinInput } from "./join.ts";

/** The first frame of each input, the second of each, and so on. */
export function joinByIndex(inputs: readonly JoinInput[]): Join {
  let over = false;
  return {
    get over() {
      return over;
    },
    next() {
      const queues = inputs.flatMap((input) => oldestOf(input) ?? []);
      if (queues.length === inputs.length) {
        return setOf(
          inputs,
          queues.flatMap((queue) => queue.shift() ?? []),
        );
      }
      if (!over && inputs.some(isDrained)) {
        over = true;
        discardAll(inputs);
      }
      return undefined;
    },
    flush: () => undefined,
  };
}
