import type { MeshError } from "../../interface/errors.ts";
import type { Channel } from "../../interface/transport.ts";
import { Waiters } from "../../pipeline/waiters.ts";
import { Inbox } from "../channel/inbox.ts";
import { channelClosed, channelFull, channelLimits, checkMessage } from "../channel/limits.ts";

export interface MemoryChannelInit {
  readonly id: number;
  readonly label: string;
  /** The same channel at the other side; undefined before it is made there, or when nothing gets through. */
  readonly other: () => MemoryChannel | undefined;
  readonly fail: (error: MeshError) => void;
}

/** One side of a channel within the process. What has not been delivered is outstanding. */
export class MemoryChannel implements Channel {
  readonly id: number;
  readonly label: string;
  readonly maxMessageBytes = channelLimits.messageBytes;
  readonly #other: () => MemoryChannel | undefined;
  readonly #inbox: Inbox;
  readonly #writers = new Waiters();
  readonly #outstanding: Uint8Array[] = [];
  #closed: MeshError | undefined;

  constructor(init: MemoryChannelInit) {
    this.id = init.id;
    this.label = init.label;
    this.#other = init.other;
    this.#inbox = new Inbox(init.fail);
  }

  get writable(): boolean {
    return this.#outstanding.length < channelLimits.outstandingMessages && this.#closed === undefined;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    if (!this.writable) await this.#writers.wait(signal);
  }

  send(message: Uint8Array): void {
    checkMessage(message, this.maxMessageBytes);
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#outstanding.length >= channelLimits.queuedMessages) throw channelFull(this.label);
    // A copy, as over a network: neither side sees what the other does to its memory.
    this.#outstanding.push(new Uint8Array(message));
    queueMicrotask(() => this.#deliverOne());
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#inbox.listen(listener);
  }

  /** The other side can take messages now. */
  deliverAll(): void {
    for (let count = this.#outstanding.length; count > 0; count--) queueMicrotask(() => this.#deliverOne());
  }

  end(error: MeshError | undefined): void {
    this.#closed ??= channelClosed(this.label, error);
    this.#outstanding.length = 0;
    this.#writers.refuse(this.#closed);
  }

  #deliverOne(): void {
    const other = this.#other();
    if (other === undefined) return;
    const message = this.#outstanding.shift();
    if (message === undefined) return;
    if (this.writable) this.#writers.wake();
    other.#inbox.put(message);
  }
}
