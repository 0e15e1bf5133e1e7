import type { Frame } from "../../interface/frame.ts";
import type { BoundedChannel } from "../bounded-channel.ts";

/** One of the inputs that are joined, and the queues in front of it. */
export interface JoinInput {
  readonly port: string;
  readonly channels: readonly BoundedChannel[];
}

/** One frame of each joined input. */
export interface JoinedSet {
  readonly frames: Readonly<Record<string, Frame>>;
  /** The frame of the first input; what comes of the set has its media time. */
  readonly reference: Frame;
}

/** Makes sets of what waits in queues. */
export interface Join {
  /** The next set; undefined where more frames are needed. What belongs to no set is dropped and counted. */
  next(): JoinedSet | undefined;
  /** True when no other set can come. */
  readonly over: boolean;
  /** The epoch or the session has ended: what was kept is dropped and, where it was part of no set, counted. */
  flush(): void;
}
