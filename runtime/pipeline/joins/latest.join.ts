import type { Frame } from "../../interface/frame.ts";
import type { BoundedChannel } from "../bounded-channel.ts";
import { isDrained, setOf } from "./inputs.ts";
import type { Join, JoinInput } from "./join.ts";

/**
 * Each frame of any input, in order of arrival, with the latest of the others, once all have one. Until then a frame that
 * a newer one of its input replaces is dropped and counted.
 */
export function joinLatest(inputs: readonly JoinInput[]): Join {
  const latest = new Map<string, { readonly frame: Frame; readonly channel: BoundedChannel }>();
  let complete = false;
  return {
    get over() {
      return inputs.every(isDrained);
    },
    next() {
      for (;;) {
        let oldest: { readonly port: string; readonly channel: BoundedChannel } | undefined;
        for (const { port, channels } of inputs) {
          for (const channel of channels) {
            if (channel.peek() === undefined) continue;
            if (oldest === undefined || channel.arrival < oldest.channel.arrival) oldest = { port, channel };
          }
        }
        const frame = oldest?.channel.shift();
        if (oldest === undefined || frame === undefined) return undefined;
        if (!complete) latest.get(oldest.port)?.channel.countDropped();
        latest.set(oldest.port, { frame, channel: oldest.channel });
        complete = latest.size === inputs.length;
        if (!complete) continue;
        return setOf(
          inputs,
          inputs.flatMap(({ port }) => latest.get(port)?.frame ?? []),
        );
      }
    },
    flush() {
      // They have been part of no set.
      if (!complete) for (const { channel } of latest.values()) channel.countDropped();
      latest.clear();
      complete = false;
    },
  };
}
