import type { Clock } from "../../interface/clock.ts";
import type { MeshError } from "../../interface/errors.ts";
import { Waiters } from "../../pipeline/waiters.ts";
import { channelFull, channelLimits } from "../channel/limits.ts";
import { grpcLimits } from "./limits.ts";
import { MessageSizes } from "./message-sizes.ts";
import type { StreamMessage } from "./stream-message.ts";

/** Where the messages of all channels go, in one order. */
export interface Pipe {
  /** @param sent called once it has left for the network, or never when the stream is over */
  write(message: StreamMessage, sent: () => void): void;
}

/**
 * Brings the channels of a connection into the one stream of a call. What the stream holds delays all that follows, so
 * it is given little at a time: the control channel has room of its own and goes first, the others take turns.
 */
export class Lanes {
  readonly #pipe: Pipe;
  /** Channels with messages that wait; whose turn it is comes first. */
  #busy: Lane[] = [];
  readonly #control = new Room();
  readonly #others = new Room();
  readonly #sizes: MessageSizes;
  #closed = false;

  constructor(pipe: Pipe, clock: Clock) {
    this.#pipe = pipe;
    this.#sizes = new MessageSizes(clock);
  }

  /** @param isOpen the other side has the channel */
  lane(channel: number, label: string, isOpen: boolean): Lane {
    const wants = (lane: Lane): void => {
      if (!lane.isControl) this.#sizes.used(lane);
      if (!this.#busy.includes(lane)) this.#busy.push(lane);
      this.#pump();
    };
    return new Lane({ channel, label, isOpen, wants, sizes: this.#sizes });
  }

  close(): void {
    this.#closed = true;
    this.#busy = [];
  }

  #pump(): void {
    for (let lane = this.#next(); lane !== undefined; lane = this.#next()) this.#send(lane);
  }

  #next(): Lane | undefined {
    if (this.#closed) return undefined;
    let next: Lane | undefined;
    for (const lane of this.#busy) {
      if (lane.isControl && this.#control.hasRoom) return lane;
      if (!lane.isControl && this.#others.hasRoom) next ??= lane;
    }
    return next;
  }

  #send(lane: Lane): void {
    const message = lane.take();
    // To the end of the turns, or out of them.
    this.#busy.splice(this.#busy.indexOf(lane), 1);
    if (message === undefined) return;
    if (lane.waits) this.#busy.push(lane);
    const room = lane.isControl ? this.#control : this.#others;
    const { length } = message.message;
    room.taken(length);
    const atUs = this.#sizes.nowUs;
    this.#pipe.write(message, () => {
      room.freed(length);
      this.#sizes.sent(length, atUs);
      lane.sent();
      this.#pump();
    });
  }
}

/** What the stream may hold. */
class Room {
  #messages = 0;
  #bytes = 0;

  get hasRoom(): boolean {
    return this.#messages < grpcLimits.outstandingMessages && this.#bytes < grpcLimits.outstandingBytes;
  }

  taken(bytes: number): void {
    this.#messages += 1;
    this.#bytes += bytes;
  }

  freed(bytes: number): void {
    this.#messages -= 1;
    this.#bytes -= bytes;
  }
}

interface LaneInit {
  readonly channel: number;
  readonly label: string;
  readonly isOpen: boolean;
  readonly wants: (lane: Lane) => void;
  readonly sizes: MessageSizes;
}

/** The sending half of a channel. */
export class Lane {
  readonly channel: number;
  readonly #label: string;
  readonly #wants: (lane: Lane) => void;
  readonly #sizes: MessageSizes;
  readonly #writers = new Waiters();
  #queue: StreamMessage[] = [];
  #queuedBytes = 0;
  /** Messages that wait here, or in the stream. */
  #pending = 0;
  #isOpen: boolean;
  #closed: MeshError | undefined;

  constructor({ channel, label, isOpen, wants, sizes }: LaneInit) {
    this.channel = channel;
    this.#label = label;
    this.#isOpen = isOpen;
    this.#wants = wants;
    this.#sizes = sizes;
  }

  get isControl(): boolean {
    return this.channel === 0;
  }

  get waits(): boolean {
    return this.#queue.length > 0;
  }

  get writable(): boolean {
    if (this.#closed !== undefined) return false;
    return this.#pending < channelLimits.outstandingMessages && this.#queuedBytes < channelLimits.queuedBytes;
  }

  /** How large messages should be now, in bytes. @param most that the other side takes */
  messageBytes(most: number): number {
    return this.isControl ? most : this.#sizes.now(most);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    if (!this.writable) await this.#writers.wait(signal);
  }

  /**
   * @param room bytes right before the message that may be written
   * @throws {MeshError} `channel-full`; or why the connection is over
   */
  send(message: Uint8Array, room: number): void {
    if (this.#closed !== undefined) throw this.#closed;
    const { queuedMessages, queuedBytes } = channelLimits;
    if (this.#queue.length >= queuedMessages || this.#queuedBytes >= queuedBytes) throw channelFull(this.#label);
    this.#queue.push({ channel: this.channel, message, room, close: undefined });
    this.#queuedBytes += message.length;
    this.#pending += 1;
    if (this.#isOpen) this.#wants(this);
  }

  /** The other side has the channel. */
  open(): void {
    this.#isOpen = true;
    if (this.waits) this.#wants(this);
  }

  take(): StreamMessage | undefined {
    const message = this.#queue.shift();
    this.#queuedBytes -= message?.message.length ?? 0;
    return message;
  }

  sent(): void {
    this.#pending -= 1;
    if (this.#writers.size > 0 && this.writable) this.#writers.wake();
  }

  close(error: MeshError): void {
    this.#closed ??= error;
    this.#queue = [];
    this.#writers.refuse(error);
  }
}
