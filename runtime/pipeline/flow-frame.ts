import type { Frame, Payload } from "../interface/frame.ts";

/**
 * The frames that a session makes. A class, because what an object literal costs depends on what the engine has seen
 * before: a media time that was a small whole number first and a large one later makes some places slow for good.
 */
export class FlowFrame implements Frame {
  readonly timestampUs: number;
  readonly seq: number;
  readonly epoch: number;
  readonly flags: number;
  readonly payload: Payload;

  constructor(timestampUs: number, seq: number, epoch: number, flags: number, payload: Payload) {
    this.timestampUs = timestampUs;
    this.seq = seq;
    this.epoch = epoch;
    this.flags = flags;
    this.payload = payload;
  }
}
