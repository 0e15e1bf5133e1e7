import { discardAll, isDrained, oldestOf, setOf } from "./inputs.ts";
import type { Join, JoinInput } from "./join.ts";

/**
 * The oldest frames whose media times lie within `withinUs` of each other. A frame that is older than what another input
 * has left can have no partner any more: it is late, dropped and counted. When frames arrive makes no difference.
 */
export function joinByTime(inputs: readonly JoinInput[], withinUs: number): Join {
  let over = false;
  return {
    get over() {
      return over;
    },
    next() {
      for (;;) {
        const queues = inputs.flatMap((input) => oldestOf(input) ?? []);
        if (queues.length < inputs.length) {
          if (!over && inputs.some(isDrained)) {
            over = true;
            discardAll(inputs);
          }
          return undefined;
        }
        const times = queues.map((queue) => queue.peek()?.timestampUs ?? Number.NaN);
        const newestUs = Math.max(...times);
        if (newestUs - Math.min(...times) <= withinUs) {
          return setOf(
            inputs,
            queues.flatMap((queue) => queue.shift() ?? []),
          );
        }
        for (const [index, queue] of queues.entries()) {
          if (newestUs - (times[index] ?? newestUs) <= withinUs) continue;
          queue.shift();
          queue.countDropped();
        }
      }
    },
    flush: () => undefined,
  };
}
