import type { Frame, Payload } from "../interface/frame.ts";
import { FlowFrame } from "./flow-frame.ts";
import type { OutPort } from "./out-port.ts";

/** What a node has sent while a stage has called it. Mostly that is one frame, which is not made before it is taken. */
export class KeptFrames {
  count = 0;
  #payload: Payload | undefined;
  #timestampUs = 0.5;
  #flags = 0;
  #epoch = 0;
  #others: Omit<Frame, "seq">[] | undefined;

  keep(payload: Payload, timestampUs: number, epoch: number, flags: number): void {
    this.count += 1;
    if (this.count === 1) {
      this.#payload = payload;
      this.#timestampUs = timestampUs;
      this.#epoch = epoch;
      this.#flags = flags;
    } else {
      this.#others ??= [];
      this.#others.push({ timestampUs, epoch, flags, payload });
    }
  }

  /** The frame that is kept, where it is one. */
  take(out: OutPort): Frame {
    const payload = this.#payload as Payload;
    this.count = 0;
    this.#payload = undefined;
    return new FlowFrame(this.#timestampUs, out.count(), this.#epoch, this.#flags, payload);
  }

  takeAll(out: OutPort): Frame[] {
    const others = this.#others ?? [];
    this.#others = undefined;
    return [
      this.take(out),
      ...others.map((one) => new FlowFrame(one.timestampUs, out.count(), one.epoch, one.flags, one.payload)),
    ];
  }
}
