import type { StandStill } from "./join-watch.ts";

/** What is told of a node that keeps others waiting, in words and as an event. @param why of a join that finds no set */
export function stallOf(id: string, forMs: number, why: StandStill | undefined) {
  if (why === undefined) {
    return { message: `${id} has not answered for ${forMs} ms`, event: { kind: "node-stalled", forMs } } as const;
  }
  const { name: full, size: queued } = why.full;
  const frames = queued === 1 ? "1 frame waits" : `${queued} frames wait`;
  const empty = why.empty.map((name) => `\`${name}\``).join(", ");
  const message =
    `${id} has found nothing to join for ${forMs} ms: \`${full}\` is full (${frames}), and nothing comes by ${empty}. ` +
    "Give the full link a larger `buffer` or `overflow: drop_oldest`, or the node `join latest`.";
  return { message, event: { kind: "join-stalled", forMs, full, queued, empty: why.empty } } as const;
}
