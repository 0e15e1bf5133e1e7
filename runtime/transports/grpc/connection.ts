import type { Clock } from "../../interface/clock.ts";
import { delay } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { RequestContext } from "../../interface/request-context.ts";
import type { Channel, Connection, ConnectionEnd, ConnectionState } from "../../interface/transport.ts";
import { channelLimits, checkChannelId } from "../channel/limits.ts";
import { GrpcChannel } from "./channel.ts";
import { Lanes } from "./lanes.ts";
import { grpcLimits } from "./limits.ts";
import type { StreamMessage } from "./stream-message.ts";

/** One side of the call that carries a connection. */
export interface CallStream {
  /** @param sent called once the message has left for the network */
  write(message: StreamMessage, sent: () => void): void;
  /** The last word, in good order or for a failure; what was written before still leaves. */
  end(error: MeshError | undefined): void;
  /** Gives up at once. */
  cancel(): void;
  /** Set once; the messages of the other side, in order. */
  onMessage(listener: (message: StreamMessage) => void): void;
  /** Set once; called once, when the other side has had its last word or the call has failed. */
  onEnd(listener: (error: MeshError | undefined) => void): void;
}

const nothing = new Uint8Array(0);

export interface GrpcConnectionInit {
  readonly clock: Clock;
  readonly stream: CallStream;
  readonly address: string;
  readonly role: "offerer" | "answerer";
  /** The largest message of a channel that the other side takes. */
  readonly messageBytes: number;
  /** Of the metadata of a call that came in. */
  readonly context?: RequestContext;
}

/** A connection over the stream of one call. */
export class GrpcConnection implements Connection {
  readonly control: Channel;
  readonly windowBytes = grpcLimits.windowBytes;
  readonly closed: Promise<ConnectionEnd>;
  readonly context: RequestContext | undefined;
  readonly #init: GrpcConnectionInit;
  readonly #lanes: Lanes;
  readonly #channels = new Map<number, GrpcChannel>();
  /** Ids that the other side has made and this side has not yet. */
  readonly #announced = new Set<number>();
  #phase: "connected" | "closing" | "closed" = "connected";
  #isClosed!: (end: ConnectionEnd) => void;
  #otherIsGone: () => void = () => undefined;

  constructor(init: GrpcConnectionInit) {
    const { stream } = init;
    this.#init = init;
    this.context = init.context;
    this.closed = new Promise((resolve) => (this.#isClosed = resolve));
    this.#lanes = new Lanes({ write: (message, sent) => stream.write(message, sent) }, init.clock);
    this.control = this.#make(0, "control");
    stream.onMessage((message) => this.#receive(message));
    stream.onEnd((error) => this.#onEnd(error));
  }

  channel(id: number, label: string): Channel {
    checkChannelId(id, this.#channels.has(id));
    if (this.#phase !== "connected") throw new MeshError("channel-closed", "The connection is closed.");
    const channel = this.#make(id, label);
    this.#init.stream.write({ channel: id, message: nothing, close: undefined }, () => undefined);
    return channel;
  }

  async close(error?: MeshError): Promise<void> {
    if (this.#phase === "connected") {
      this.#phase = "closing";
      await this.#farewell(error);
      this.#finish(error);
    }
    await this.closed;
  }

  describe(): ConnectionState {
    const { address, role } = this.#init;
    return { transport: "grpc", state: this.#phase === "connected" ? "connected" : "closed", address, role };
  }

  #make(id: number, label: string): GrpcChannel {
    const lane = this.#lanes.lane(id, label, id === 0 || this.#announced.delete(id));
    const channel = new GrpcChannel(lane, label, this.#init.messageBytes, (error) => void this.close(error));
    this.#channels.set(id, channel);
    return channel;
  }

  #receive({ channel: id, message, close }: StreamMessage): void {
    if (this.#phase === "closed") return;
    if (close !== undefined) this.#onEnd(new MeshError(MeshError.isCode(close) ? close : "peer-lost", afar(close)));
    else if (!isMessage(id, message)) this.#violated(`a message of ${message.length} bytes on channel ${id}`);
    else if (message.length === 0) this.#announce(id);
    else if (this.#channels.has(id)) this.#channels.get(id)?.inbox.put(message);
    else this.#violated(`on channel ${id}, which this side has not made`);
  }

  /** The other side has made the channel. */
  #announce(id: number): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) this.#announced.add(id);
    else channel.lane.open();
  }

  #violated(what: string): void {
    void this.close(new MeshError("protocol-violation", `The other side sent ${what}.`));
  }

  #onEnd(error: MeshError | undefined): void {
    if (this.#phase === "closing") {
      this.#otherIsGone();
      return;
    }
    if (this.#phase === "closed") return;
    // Its last word is answered with ours, so that both ends are free.
    this.#init.stream.end(undefined);
    this.#finish(error);
  }

  /** Says the last word and waits until the other side has gone. */
  async #farewell(reason: MeshError | undefined): Promise<void> {
    const { stream, clock } = this.#init;
    const gone = new Promise<void>((resolve) => (this.#otherIsGone = resolve));
    const late = new AbortController();
    if (reason?.code === "peer-lost") {
      stream.cancel();
      return;
    }
    stream.end(reason);
    await Promise.race([gone, delay(clock, grpcLimits.farewellMs, late.signal).then(() => stream.cancel())]).catch(
      () => undefined,
    );
    late.abort();
  }

  #finish(error: MeshError | undefined): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#lanes.close();

    for (const channel of this.#channels.values()) channel.end(error);
    this.#isClosed({ error });
  }
}

function isMessage(id: number, { length }: Uint8Array): boolean {
  if (!Number.isInteger(id) || id < 0 || id > channelLimits.highestId) return false;
  const { messageBytes, largeMessageBytes } = grpcLimits;
  return id === 0 ? length > 0 && length <= messageBytes : length <= largeMessageBytes;
}

function afar(code: string): string {
  return `The other side has ended the connection (${code}).`;
}
