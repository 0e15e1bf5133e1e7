import type { FlowType } from "../../interface/caps.ts";
import { formatType, isMedia } from "../../interface/caps.ts";
import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Frame } from "../../interface/frame.ts";
import type { Link } from "../../interface/link.ts";
import { defaultCapacityFrames } from "../../interface/plan-defaults.ts";
import type { StreamDescription } from "../../interface/session.ts";
import { BoundedChannel } from "../bounded-channel.ts";
import type { Heard } from "../caller-link.ts";
import { Carriage } from "../pump.ts";
import { Soon } from "../soon.ts";

/** A caller that has no room for data holds all others up, so it may do so only for so long without taking a frame. */
export const laggardAfterMs = 5_000;

export interface TapInit {
  readonly port: string;
  /** The fixed format. */
  readonly type: FlowType;
  readonly clock: Clock;
  /** The caller's end of the output. */
  readonly link: Link;
  /** The newest epoch that the caller has told of. */
  readonly heard: Heard;
  /** There is room again. */
  readonly onRoom: () => void;
  /** The output has ended, and the caller has got all of it. */
  readonly onEnd: () => void;
  readonly onFailure: (error: MeshError) => void;
  /** Pictures were dropped, and what comes does not decode without them. */
  readonly onUndecodable: () => void;
}

/**
 * What one caller gets of an output of a shared instance, by a queue of its own. Media that the caller does not take in
 * time is dropped, oldest first, and counted; for data the instance waits, until the caller is given up as a laggard.
 */
export class Tap {
  readonly #init: TapInit;
  readonly #channel: BoundedChannel;
  readonly #carriage: Carriage;
  #epoch = 0;
  /** Number of the first frame that it got; undefined before that. */
  #first: number | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(init: TapInit) {
    const { port, type, clock, link } = init;
    this.#init = init;
    this.#channel = new BoundedChannel({
      name: port,
      clock,
      capacityFrames: defaultCapacityFrames,
      overflow: isMedia(type) ? "drop_oldest" : "block",
      ...(type.kind === "video" && { pictures: init.onUndecodable }),
    });
    this.#channel.onRoom(() => {
      this.#inTime();
      init.onRoom();
    });
    this.#carriage = new Carriage([this.#channel], link, {
      soon: new Soon(),
      onEnd: () => {
        link.end();
        init.onEnd();
      },
      onFailure: init.onFailure,
    });
    this.#carriage.start();
  }

  get writable(): boolean {
    return this.#channel.writable;
  }

  offer(frame: Frame): void {
    this.#first ??= frame.seq;
    const { timestampUs, flags, payload } = frame;
    this.#channel.offer({ timestampUs, flags, payload, seq: frame.seq - this.#first, epoch: this.#epoch });
    if (!this.#channel.writable && this.#cancelTimer === undefined) this.#watch();
  }

  /** An epoch of the instance has ended. The caller counts its own. */
  flush(): void {
    this.#epoch = Math.max(this.#epoch, this.#init.heard.epoch) + 1;
    this.#channel.flush(this.#epoch);
    this.#init.link.flush?.(this.#epoch);
  }

  /** Nothing more comes; what waits is still given. */
  end(): void {
    this.#channel.end();
  }

  stop(reason: MeshError): void {
    this.#inTime();
    this.#carriage.stop(reason);
    this.#channel.abort(reason);
  }

  describe(): StreamDescription {
    const { frames, bytes, dropped, size, hopMs } = this.#channel;
    const { port, type } = this.#init;
    return { name: port, format: formatType(type), frames, bytes, dropped, queued: size, hopMs };
  }

  #watch(): void {
    const taken = this.#taken;
    this.#cancelTimer = this.#init.clock.schedule(laggardAfterMs, () => {
      if (this.#taken > taken) this.#watch();
      else this.#init.onFailure(tooSlow(this.#init.port));
    });
  }

  get #taken(): number {
    return this.#channel.frames - this.#channel.size;
  }

  #inTime(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

function tooSlow(port: string): MeshError {
  const message = `Nothing of the output \`${port}\` was taken for ${laggardAfterMs} ms, and others wait for its instance, which is shared.`;
  return new MeshError("resource-exhausted", message, { hint: "Read faster, or drop what is not needed." });
}
