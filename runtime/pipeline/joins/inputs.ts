import type { Frame } from "../../interface/frame.ts";
import type { BoundedChannel } from "../bounded-channel.ts";
import type { JoinedSet, JoinInput } from "./join.ts";

/** The queue of an input in which the oldest frame waits. */
export function oldestOf({ channels }: JoinInput): BoundedChannel | undefined {
  let oldest: BoundedChannel | undefined;
  for (const channel of channels) {
    if (channel.peek() === undefined) continue;
    if (oldest === undefined || channel.arrival < oldest.arrival) oldest = channel;
  }
  return oldest;
}

export function isDrained({ channels }: JoinInput): boolean {
  return channels.every((channel) => channel.drained);
}

/** One input has come to its end, so nothing that the others have can become part of a set. */
export function discardAll(inputs: readonly JoinInput[]): void {
  for (const { channels } of inputs) for (const channel of channels) channel.discard();
}

export function setOf(inputs: readonly JoinInput[], frames: readonly Frame[]): JoinedSet | undefined {
  const [reference] = frames;
  if (reference === undefined || frames.length < inputs.length) return undefined;
  return {
    frames: Object.fromEntries(inputs.map(({ port }, index) => [port, frames[index] as Frame])),
    reference,
  };
}
