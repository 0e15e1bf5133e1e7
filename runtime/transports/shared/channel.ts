import type { MeshError } from "../../interface/errors.ts";
import type { Channel } from "../../interface/transport.ts";
import { Waiters } from "../../pipeline/waiters.ts";
import { Inbox } from "../channel/inbox.ts";
import { channelClosed, channelFull, channelLimits, checkMessage } from "../channel/limits.ts";
import { headBytes } from "./messages.ts";

/** The way to the other side that a channel takes its turns on. */
export interface Way {
  readonly writable: boolean;
  /** The largest message, and how large messages should be now; in bytes, without heads. */
  readonly maxMessageBytes: number;
  readonly messageBytes: number;
  /** As of `Channel`. */
  readonly copies: boolean;
  /** @param message without its head @param room bytes right before it that may be written */
  send(message: Uint8Array, room?: number): void;
  /** Calls once when there is room again; the same function is called once for all its calls. */
  whenWritable(go: () => void): void;
}

/** What every way takes. */
export const leastMessageBytes = channelLimits.messageBytes - headBytes;

export interface SharedChannelInit {
  readonly id: number;
  readonly label: string;
  /** Asked once, when the other side has the channel and there is something to send. */
  readonly way: () => Way;
  readonly peerReady: boolean;
  /** Ends the connection. */
  readonly fail: (error: MeshError) => void;
}

/** A channel of a connection that shares another one: a queue of its own in front of a way that others use as well. */
export class SharedChannel implements Channel {
  readonly id: number;
  readonly label: string;
  readonly #init: SharedChannelInit;
  readonly #inbox: Inbox;
  readonly #writers = new Waiters();
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #isThere: boolean;
  #taken: Way | undefined;
  #closed: MeshError | undefined;

  constructor(init: SharedChannelInit) {
    this.id = init.id;
    this.label = init.label;
    this.#init = init;
    this.#inbox = new Inbox(init.fail);
    this.#isThere = init.peerReady;
  }

  /** Undefined until the other side has the channel. */
  #way(): Way | undefined {
    if (this.#isThere) this.#taken ??= this.#init.way();
    return this.#taken;
  }

  get maxMessageBytes(): number {
    return this.#taken?.maxMessageBytes ?? leastMessageBytes;
  }

  get messageBytes(): number {
    return this.#taken?.messageBytes ?? leastMessageBytes;
  }

  get copies(): boolean {
    return this.#taken?.copies ?? false;
  }

  get writable(): boolean {
    if (this.#closed !== undefined) return false;
    if (!this.#isThere) return this.#queue.length < channelLimits.outstandingMessages;
    // One on which nothing has been sent yet has room.
    return this.#queue.length === 0 && this.#taken?.writable !== false;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    if (this.writable) return;
    this.#way()?.whenWritable(this.#move);
    await this.#writers.wait(signal);
  }

  send(message: Uint8Array, room = 0): void {
    checkMessage(message, this.maxMessageBytes);
    if (this.#closed !== undefined) throw this.#closed;
    const way = this.#way();
    if (this.#queue.length === 0 && way?.writable === true) {
      way.send(message, room);
      return;
    }
    const { queuedMessages, queuedBytes } = channelLimits;
    if (this.#queue.length >= queuedMessages || this.#queuedBytes >= queuedBytes) throw channelFull(this.label);
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    way?.whenWritable(this.#move);
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#inbox.listen(listener);
  }

  /** The other side has made the channel. */
  peerIsReady(): void {
    if (this.#isThere || this.#closed !== undefined) return;
    this.#isThere = true;
    if (this.#queue.length > 0) this.#move();
    else this.#writers.wake();
  }

  receive(message: Uint8Array): void {
    if (this.#closed === undefined) this.#inbox.put(message);
  }

  end(error: MeshError | undefined): void {
    this.#closed ??= channelClosed(this.label, error);
    this.#queue.length = 0;
    this.#writers.refuse(this.#closed);
  }

  readonly #move = (): void => {
    const way = this.#way();
    if (way === undefined || this.#closed !== undefined) return;
    while (this.#queue.length > 0 && way.writable) {
      const message = this.#queue.shift() as Uint8Array;
      this.#queuedBytes -= message.length;
      way.send(message);
    }
    if (this.writable) this.#writers.wake();
    else if (this.#queue.length > 0 || this.#writers.size > 0) way.whenWritable(this.#move);
  };
}
