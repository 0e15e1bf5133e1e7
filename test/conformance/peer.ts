import { MeshError, type ErrorCode } from "../../runtime/interface/errors.ts";
import type { Channel, Connection, ConnectionState, Listener, Transport } from "../../runtime/interface/transport.ts";
import { collect, patterned, sendWhenReady } from "./messages.ts";

/**
 * What the suite does with a transport. Plain data goes in and out and everything is asynchronous, for the peer may be in a
 * page; `LocalPeer` is the one implementation, which runs where the transport is.
 */
export interface Peer {
  /** @param giveUp ends the dial by its signal, with the text "given up": before it starts or while it is under way */
  dial(uri: string, giveUp?: "before" | "midway"): Promise<End>;
  listen(uri: string): Promise<Accepting>;
}

/** A listener, and what it has accepted. */
export interface Accepting {
  address(): Promise<string>;
  /** How many were accepted so far. */
  count(): Promise<number>;
  /** The one with this number, from 0; waits for it. */
  accepted(number: number): Promise<End>;
  /** From now on the acceptor throws. */
  refuse(code: ErrorCode, message: string): Promise<void>;
  /** Closes the listener, not what it has accepted. */
  close(): Promise<void>;
}

/** A message by its bytes, or by the size and number of a pattern. */
export type Sent = readonly number[] | { readonly size: number; readonly index: number };

export interface Received {
  readonly size: number;
  /** The first bytes, 16 at most. */
  readonly bytes: readonly number[];
  /** True when the whole is the pattern that its first byte begins. */
  readonly patterned: boolean;
  /** True for a plain array with memory of its own, but for a head in front of it: whoever gets one may pass it on to a worker. */
  readonly own: boolean;
}

/** One side of a connection. Channel 0 is `control`. */
export interface End {
  /** The name that was dialled, for one that was accepted. */
  pipeline(): Promise<string | undefined>;
  channel(id: number, label: string): Promise<void>;
  maxMessageBytes(id: number): Promise<number>;
  writable(id: number): Promise<boolean>;
  /** Sends when there is room. */
  send(id: number, messages: readonly Sent[]): Promise<void>;
  /** Sends patterns of a size until it has had to wait for room so often, then a message of one byte; gives how many. */
  sendUntilWaits(id: number, size: number, waits: number): Promise<number>;
  /** Sends without looking for room. */
  sendAtOnce(id: number, messages: readonly Sent[]): Promise<void>;
  /** Sends a view into the middle of a larger memory, and a whole memory that it keeps. */
  sendViews(id: number): Promise<void>;
  /** Uses the memory of `sendViews` for something else. */
  spoilViews(): Promise<void>;
  /** Sends messages of a size for as long as there is room; gives how many. */
  fill(id: number, size: number): Promise<number>;
  ready(id: number): Promise<void>;
  /** Waits for room with a signal that is aborted by "given up", before or while it waits. */
  readyUntilGivenUp(id: number, when: "before" | "midway"): Promise<void>;
  collect(id: number, count: number): Promise<readonly Received[]>;
  /** Collects until a message of one byte comes. */
  collectUntilOneByte(id: number): Promise<readonly Received[]>;
  /** Sends back what comes. */
  echo(id: number): Promise<void>;
  /** Throws at what comes. */
  throwAt(id: number, text: string): Promise<void>;
  close(code?: ErrorCode, message?: string): Promise<void>;
  /** Waits for the end. */
  closed(): Promise<{ readonly code: ErrorCode | undefined; readonly message: string | undefined }>;
  describe(): Promise<ConnectionState>;
}

export class LocalPeer implements Peer {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async dial(uri: string, giveUp?: "before" | "midway"): Promise<End> {
    const controller = new AbortController();
    const reason = new Error("given up");
    if (giveUp === "before") controller.abort(reason);
    const dialling = this.#transport.dial(uri, { signal: controller.signal });
    if (giveUp === "midway") controller.abort(reason);
    return new LocalEnd(await dialling, undefined);
  }

  async listen(uri: string): Promise<Accepting> {
    const accepting = new LocalAccepting();
    accepting.listener = await this.#transport.listen(uri, (connection, pipeline) =>
      accepting.accept(connection, pipeline),
    );
    return accepting;
  }
}

export class LocalAccepting implements Accepting {
  listener!: Listener;
  readonly #ends: End[] = [];
  readonly #waiting: (() => void)[] = [];
  #refusal: MeshError | undefined;

  accept(connection: Connection, pipeline: string): void {
    this.#ends.push(new LocalEnd(connection, pipeline));
    for (const wake of this.#waiting.splice(0)) wake();
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  async address(): Promise<string> {
    return this.listener.address;
  }

  async count(): Promise<number> {
    return this.#ends.length;
  }

  async accepted(number: number): Promise<End> {
    for (;;) {
      const end = this.#ends[number];
      if (end !== undefined) return end;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async refuse(code: ErrorCode, message: string): Promise<void> {
    this.#refusal = new MeshError(code, message);
  }

  close(): Promise<void> {
    return this.listener.close();
  }
}

export class LocalEnd implements End {
  readonly #connection: Connection;
  readonly #pipeline: string | undefined;
  readonly #channels = new Map<number, Channel>();
  readonly #views: Uint8Array[] = [];

  constructor(connection: Connection, pipeline: string | undefined) {
    this.#connection = connection;
    this.#pipeline = pipeline;
    this.#channels.set(0, connection.control);
  }

  async pipeline(): Promise<string | undefined> {
    return this.#pipeline;
  }

  async channel(id: number, label: string): Promise<void> {
    this.#channels.set(id, this.#connection.channel(id, label));
  }

  async maxMessageBytes(id: number): Promise<number> {
    return this.#get(id).maxMessageBytes;
  }

  async writable(id: number): Promise<boolean> {
    return this.#get(id).writable;
  }

  async send(id: number, messages: readonly Sent[]): Promise<void> {
    for (const message of messages) await sendWhenReady(this.#get(id), bytesOf(message));
  }

  async sendUntilWaits(id: number, size: number, waits: number): Promise<number> {
    const channel = this.#get(id);
    let count = 0;
    for (let waited = 0; waited < waits; count++) {
      if (!channel.writable) {
        waited++;
        await channel.ready();
        if (!channel.writable) throw new Error("It said that it is ready, and has no room.");
      }
      channel.send(patterned(size, count));
    }
    await sendWhenReady(channel, Uint8Array.of(0));
    return count + 1;
  }

  async sendAtOnce(id: number, messages: readonly Sent[]): Promise<void> {
    for (const message of messages) this.#get(id).send(bytesOf(message));
  }

  async sendViews(id: number): Promise<void> {
    const large = patterned(64, 0);
    // A Buffer where there is one: engines treat it in ways of their own.
    const kept = globalThis.Buffer?.alloc(2000, 1) ?? new Uint8Array(2000).fill(1);
    this.#views.push(large, kept);
    this.#get(id).send(large.subarray(10, 20));
    this.#get(id).send(kept);
  }

  async spoilViews(): Promise<void> {
    for (const view of this.#views) view.fill(255);
  }

  async fill(id: number, size: number): Promise<number> {
    const channel = this.#get(id);
    let count = 0;
    for (; channel.writable; count++) channel.send(patterned(size, count));
    return count;
  }

  ready(id: number): Promise<void> {
    return this.#get(id).ready();
  }

  async readyUntilGivenUp(id: number, when: "before" | "midway"): Promise<void> {
    const controller = new AbortController();
    const reason = new Error("given up");
    if (when === "before") controller.abort(reason);
    const waiting = this.#get(id).ready(controller.signal);
    if (when === "midway") controller.abort(reason);
    await waiting;
  }

  async collect(id: number, count: number): Promise<readonly Received[]> {
    return (await collect(this.#get(id), count)).map(receivedOf);
  }

  collectUntilOneByte(id: number): Promise<readonly Received[]> {
    const messages: Received[] = [];
    return new Promise((resolve) => {
      this.#get(id).onMessage((message) => {
        messages.push(receivedOf(message));
        if (message.length === 1) resolve(messages);
      });
    });
  }

  async echo(id: number): Promise<void> {
    const channel = this.#get(id);
    channel.onMessage((message) => channel.send(message));
  }

  async throwAt(id: number, text: string): Promise<void> {
    this.#get(id).onMessage(() => {
      throw new Error(text);
    });
  }

  close(code?: ErrorCode, message = ""): Promise<void> {
    return this.#connection.close(code === undefined ? undefined : new MeshError(code, message));
  }

  async closed(): Promise<{ code: ErrorCode | undefined; message: string | undefined }> {
    const { error } = await this.#connection.closed;
    return { code: error?.code, message: error?.message };
  }

  async describe(): Promise<ConnectionState> {
    return this.#connection.describe();
  }

  #get(id: number): Channel {
    const channel = this.#channels.get(id);
    if (channel === undefined) throw new Error(`There is no channel ${id} yet.`);
    return channel;
  }
}

function bytesOf(message: Sent): Uint8Array {
  return "size" in message ? patterned(message.size, message.index) : Uint8Array.from(message);
}

function receivedOf(message: Uint8Array): Received {
  const first = message[0] ?? 0;
  return {
    size: message.length,
    bytes: [...message.subarray(0, 16)],
    patterned: message.every((byte, at) => byte === (first + at) % 251),
    own:
      message.constructor === Uint8Array &&
      message.byteOffset <= 16 &&
      message.byteOffset + message.byteLength === message.buffer.byteLength,
  };
}
