import type { Frame, Payload } from "../interface/frame.ts";
import { payloadBytes } from "./bounded-channel.ts";

/** Where the frames of one link go: a queue, or a node that is called in line. */
export interface Outlet {
  offer(frame: Frame): void;
  end(): void;
}

/** An output port of a running node: numbers its frames and hands each to every link. */
export class OutPort {
  readonly name: string;
  readonly #outlets: readonly Outlet[];
  readonly #only: Outlet | undefined;
  #seq = 0;
  #bytes = 0;
  #ended = false;

  constructor(name: string, outlets: readonly Outlet[]) {
    this.name = name;
    this.#outlets = outlets;
    this.#only = outlets.length === 1 ? outlets[0] : undefined;
  }

  /** Frames sent so far. */
  get frames(): number {
    return this.#seq;
  }

  get bytes(): number {
    return this.#bytes;
  }

  send(payload: Payload, timestampUs: number, epoch: number, flags: number): void {
    if (this.#ended) return;
    const frame: Frame = { timestampUs, seq: this.#seq++, epoch, flags, payload };
    this.#bytes += payloadBytes(payload);
    if (this.#only !== undefined) this.#only.offer(frame);
    else for (const outlet of this.#outlets) outlet.offer(frame);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const outlet of this.#outlets) outlet.end();
  }
}
