import type { Frame, Payload } from "../interface/frame.ts";
import { FlowFrame } from "./flow-frame.ts";
import type { OutPort } from "./out-port.ts";

/** What a node has sent while a stage has called it. Mostly that is one frame, which is not made before it is taken. */
export class KeptFrames {
  count = 0;
  /** The first has the media time of the frame in work, and no flags. */
  bare = false;
  #payload: Payload | undefined;
  #epoch = 0;
  #timestampUs = 0.5;
  #flags = 0;
  #others: Omit<Frame, "seq">[] | undefined;

  keep(payload: Payload, timestampUs: number, epoch: number, flags: number): void {
    this.count += 1;
    if (this.count === 1) {
      this.bare = false;
      this.#payload = payload;
      this.#timestampUs = timestampUs;
      this.#epoch = epoch;
      this.#flags = flags;
    } else {
      this.#others ??= [];
      this.#others.push({ timestampUs, epoch, flags, payload });
    }
  }

  /** The first, with the media time of the frame in work: its number is not copied, for that may take memory. */
  keepBare(payload: Payload, epoch: number): void {
    this.count = 1;
    this.bare = true;
    this.#payload = payload;
    this.#epoch = epoch;
  }

  /** The payload of the one that is kept. */
  takePayload(): Payload {
    const payload = this.#payload as Payload;
    this.count = 0;
    this.#payload = undefined;
    return payload;
  }

  /** The frame that is kept, where it is one. @param inWork media time of the frame in work */
  take(out: OutPort, inWork: number): Frame {
    const timestampUs = this.bare ? inWork : this.#timestampUs;
    return new FlowFrame(timestampUs, out.count(), this.#epoch, this.bare ? 0 : this.#flags, this.takePayload());
  }

  takeAll(out: OutPort, inWork: number): Frame[] {
    const others = this.#others ?? [];
    this.#others = undefined;
    return [
      this.take(out, inWork),
      ...others.map((one) => new FlowFrame(one.timestampUs, out.count(), one.epoch, one.flags, one.payload)),
    ];
  }
}
