import type { Frame, Payload } from "../interface/frame.ts";

/**
 * The frames that a session makes. A class, because what an object literal costs depends on what the engine has seen
 * before: a media time that was a small whole number first and a large one later makes some places slow for good. Its fields
 * are only declared: to define them means to write each of them twice.
 */
export class FlowFrame implements Frame {
  static {
    // The first one of all has no media time: the engine then keeps a place for any value, and frames that follow from each
    // other share the memory of a large number, where each would have its own.
    void new FlowFrame(undefined as unknown as number, 0, 0, 0, null);
  }

  declare readonly timestampUs: number;
  declare readonly seq: number;
  declare readonly epoch: number;
  declare readonly flags: number;
  declare readonly payload: Payload;

  constructor(timestampUs: number, seq: number, epoch: number, flags: number, payload: Payload) {
    this.timestampUs = timestampUs;
    this.seq = seq;
    this.epoch = epoch;
    this.flags = flags;
    this.payload = payload;
  }
}
