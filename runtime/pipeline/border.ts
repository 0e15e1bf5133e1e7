import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { BoundedChannel } from "./bounded-channel.ts";
import { Gate } from "./gate.ts";
import type { PayloadCheck } from "./payload-check.ts";

export interface EntryLinkInit {
  readonly name: string;
  /** None when nothing inside reads the port: its frames are dropped then. */
  readonly channels: readonly BoundedChannel[];
  /** Refuses what does not fit the format; left out where the frames have been checked already. */
  readonly check?: PayloadCheck;
  /** What the port takes, in words. */
  readonly expected?: string;
  /** The writer has given the stream up. */
  readonly onAbort: (error: MeshError) => void;
}

/** Where frames enter a session: hands each to the queues behind it, and has room when all of them do. */
export class EntryLink implements Link {
  readonly #init: EntryLinkInit;
  readonly #gate: Gate;
  #ended = false;
  #error: MeshError | undefined;

  constructor(init: EntryLinkInit) {
    this.#init = init;
    this.#gate = new Gate(init.channels);
  }

  get writable(): boolean {
    return !this.#ended && this.#gate.open;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#ended ? Promise.reject(this.#closed()) : this.#gate.room(signal);
  }

  /** @throws {MeshError} as every link; `invalid-argument` for a payload that is not of the format */
  send(frame: Frame): void {
    const { name, channels, check, expected } = this.#init;
    if (this.#ended) throw this.#closed();
    if (!this.#gate.open) {
      throw new MeshError("channel-full", `\`${name}\` has no room; wait for \`ready\` before \`send\`.`);
    }
    if (check !== undefined && !check(frame.payload)) {
      throw new MeshError(
        "invalid-argument",
        `\`${name}\` takes ${expected}; the payload of frame ${frame.seq} is none.`,
      );
    }
    for (const channel of channels) channel.offer(frame);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#gate.fail(this.#closed());
    for (const channel of this.#init.channels) channel.end();
  }

  abort(error: MeshError): void {
    if (this.#ended) return;
    this.shut(error);
    this.#init.onAbort(error);
  }

  /** The session is over: who still writes is told why. */
  shut(error: MeshError): void {
    this.#error ??= error;
    this.#ended = true;
    this.#gate.fail(error);
  }

  #closed(): MeshError {
    return this.#error ?? new MeshError("channel-closed", `\`${this.#init.name}\` has ended and takes no more frames.`);
  }
}

/**
 * Carries frames from a queue into a link outside, as the link has room. A frame leaves the queue only once the link has
 * taken it, so that another pump may go on where one was stopped. Resolves at the end of the queue; the link is left
 * open, for several queues may merge into it.
 * @throws {MeshError} the link's failure; or the signal's reason
 */
export async function pump(
  channel: BoundedChannel,
  link: Link,
  readable: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const frame = channel.peek();
    if (frame === undefined) {
      if (channel.ended) break;
      await readable(signal);
    } else if (link.writable) {
      link.send(frame);
      channel.take();
    } else {
      await link.ready(signal);
    }
  }
}

/** Several streams that merge into one: numbers the frames anew, without holes. */
export class MergedLink implements Link {
  readonly #link: Link;
  #seq = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  get writable(): boolean {
    return this.#link.writable;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#link.ready(signal);
  }

  send(frame: Frame): void {
    this.#link.send({ ...frame, seq: this.#seq });
    this.#seq += 1;
  }

  end(): void {
    this.#link.end();
  }

  abort(error: MeshError): void {
    this.#link.abort(error);
  }
}
