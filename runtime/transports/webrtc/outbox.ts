import { MeshError } from "../../interface/errors.ts";
import { Waiters } from "../../pipeline/waiters.ts";
import { channelFull, channelLimits } from "../channel/limits.ts";
import type { EngineChannel } from "./engines/engine.ts";
import { Ledger } from "./under-way.ts";

/** Moves what waits in outboxes into the engine. */
export interface Mover {
  /** An outbox with so much on its way may take more. */
  hasRoom(messages: number, bytes: number): boolean;
  /** A message of the outbox is in the engine. @returns true when the other side is to be asked for it, by an empty one behind it */
  handed(outbox: Outbox, bytes: number): boolean;
  /** So much has left the engine for the network, or for where nobody sees it. */
  left(bytes: number): void;
  /** @param changed the outbox that has got something to do */
  pump(changed?: Outbox): void;
}

/** What keeps an engine busy until its call has been answered: each call wakes a thread. */
const lowBytes = 32 * 1024;

export interface OutboxInit {
  readonly native: EngineChannel;
  readonly sluice: Mover;
  readonly label: string;
  /** False until the other side is known to have the channel. */
  readonly peerReady: boolean;
  /** Ends the connection. */
  readonly fail: (error: MeshError) => void;
}

const nothing = new Uint8Array(0);

/** The sending half of a channel: a queue of its own, and what of it is in the engine. The sluice moves one to the other. */
export class Outbox {
  readonly #native: EngineChannel;
  readonly #sluice: Mover;
  readonly #label: string;
  readonly #fail: (error: MeshError) => void;
  readonly #writers = new Waiters();
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Sizes of the messages in the engine, oldest first. */
  readonly #handed: number[] = [];
  readonly ledger = new Ledger();
  #handedBytes = 0;
  #peerReady: boolean;
  #closed: MeshError | undefined;

  constructor(init: OutboxInit) {
    this.#native = init.native;
    this.#sluice = init.sluice;
    this.#label = init.label;
    this.#peerReady = init.peerReady;
    this.#fail = init.fail;
    this.#native.addEventListener("bufferedamountlow", () => this.#sluice.pump());
    this.#native.addEventListener("open", () => this.#sluice.pump());
  }

  get writable(): boolean {
    if (this.#closed !== undefined) return false;
    this.settle();
    // What cannot leave yet is not sent the sooner for waiting here in numbers.
    const messages = this.#queue.length + this.#handed.length;
    if (!this.#peerReady) return messages < channelLimits.outstandingMessages;
    return this.#sluice.hasRoom(messages, this.#queuedBytes + this.#handedBytes);
  }

  /** True while `send` takes one, whether or not there is room for it to leave. */
  get takes(): boolean {
    const { queuedMessages, queuedBytes } = channelLimits;
    return this.#closed === undefined && this.#queue.length < queuedMessages && this.#queuedBytes < queuedBytes;
  }

  get handedMessages(): number {
    return this.#handed.length;
  }

  get handedBytes(): number {
    return this.#handedBytes;
  }

  /** True when a call back is wanted: messages queue up or somebody waits for room. */
  get waiting(): boolean {
    return this.#queue.length > 0 || this.#writers.size > 0;
  }

  /** Bytes of the message that could go into the engine now; undefined when there is none. */
  get nextBytes(): number | undefined {
    const isOpen = this.#peerReady && this.#native.readyState === "open" && this.#closed === undefined;
    return isOpen ? this.#queue[0]?.length : undefined;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    if (this.writable) return;
    const waiting = this.#writers.wait(signal);
    this.#sluice.pump(this);
    await waiting;
  }

  /** @throws {MeshError} `channel-full`; or why the connection is over */
  send(message: Uint8Array): void {
    if (this.#closed !== undefined) throw this.#closed;
    if (!this.takes) throw channelFull(this.#label);
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    this.#sluice.pump(this);
  }

  /** The other side has made the channel. */
  peerIsReady(): void {
    this.#peerReady = true;
    // One that is only kept ready is not in use.
    if (this.waiting) this.#sluice.pump(this);
  }

  close(error: MeshError): void {
    this.#closed ??= error;
    this.#queue.length = 0;
    this.#writers.refuse(error);
  }

  /** Forgets what the engine has sent since. Engines send in order, so the oldest leave first. */
  settle(): void {
    if (this.#handed.length === 0) return;
    const buffered = this.#native.bufferedAmount;
    const before = this.#handedBytes;
    while (this.#handed.length > 0 && this.#handedBytes - (this.#handed[0] ?? 0) >= buffered) {
      this.#handedBytes -= this.#handed.shift() ?? 0;
    }
    if (before > this.#handedBytes) this.#sluice.left(before - this.#handedBytes);
  }

  /** Gives the first of the queue to the engine. */
  handOver(): void {
    const message = this.#queue.shift();
    if (message === undefined) return;
    this.#queuedBytes -= message.length;
    this.#handed.push(message.length);
    this.#handedBytes += message.length;
    // A plain view: werift keeps a Buffer without copying it, a later write to it would corrupt what is resent.
    const isPlain = message.constructor === Uint8Array;
    const bytes = isPlain ? message : new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
    if (this.#give(bytes) && this.#sluice.handed(this, bytes.length)) this.#give(nothing);
  }

  /** Asks the other side what it has, by an empty message. */
  ask(): void {
    if (this.#closed === undefined) this.#give(nothing);
  }

  #give(bytes: Uint8Array): boolean {
    try {
      this.#native.send(bytes);
      return true;
    } catch (error) {
      // Engines refuse when the path has gone and they have not told so yet. Whoever sends may be a timer.
      const why = error instanceof Error ? error.message : String(error);
      this.#fail(new MeshError("peer-lost", `The engine could not send: ${why}`, { cause: error }));
      return false;
    }
  }

  /** Lets those go on who waited for room, if there is some. */
  release(): void {
    if (this.#writers.size > 0 && this.writable) this.#writers.wake();
  }

  /** Asks the engine to call when half of what it holds of this channel has left, and when there is little, of much. */
  askForCall(): void {
    const low = Math.min(this.#handedBytes >> 1, lowBytes);
    if (this.#native.bufferedAmountLowThreshold !== low) this.#native.bufferedAmountLowThreshold = low;
  }
}
