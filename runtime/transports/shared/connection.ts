import { MeshError } from "../../interface/errors.ts";
import type { Channel, Connection, ConnectionEnd, ConnectionState } from "../../interface/transport.ts";
import { checkChannelId } from "../channel/limits.ts";
import { SharedChannel, type Way } from "./channel.ts";
import type { CarrierMessage } from "./messages.ts";

/** What a connection needs of the one that carries it. */
export interface Carrying {
  say(message: CarrierMessage): void;
  /** The way of control messages. */
  controlWay(connection: number): Way;
  /** A way of messages for a channel. */
  dataWay(connection: number, channel: number): Way & { letGo(): void };
  /** The connection is over. @returns when everything is free that it alone had kept open */
  left(connection: SharedConnection, error: MeshError | undefined): Promise<void>;
  describe(): ConnectionState;
  readonly tracks: Connection["tracks"];
  readonly heardUs: Connection["heardUs"];
  readonly windowBytes: Connection["windowBytes"];
}

/** One of the connections that share another one. */
export class SharedConnection implements Connection {
  readonly number: number;
  readonly control: Channel;
  readonly closed: Promise<ConnectionEnd>;
  /** Resolves when the other side has taken it; with why not. */
  readonly answered: Promise<MeshError | undefined>;
  readonly #carrier: Carrying;
  readonly #address: string;
  readonly #control: SharedChannel;
  readonly #channels = new Map<number, SharedChannel>();
  readonly #ways: { letGo(): void }[] = [];
  /** Ids that the other side has made and this side has not yet. */
  readonly #announced = new Set<number>();
  #over = false;
  #freed: Promise<void> | undefined;
  #isClosed!: (end: ConnectionEnd) => void;
  #isAnswered!: (refusal: MeshError | undefined) => void;

  constructor(carrier: Carrying, number: number, address: string) {
    this.number = number;
    this.#carrier = carrier;
    this.#address = address;
    this.closed = new Promise((resolve) => (this.#isClosed = resolve));
    this.answered = new Promise((resolve) => (this.#isAnswered = resolve));
    this.#control = new SharedChannel({
      id: 0,
      label: "control",
      peerReady: true,
      way: () => carrier.controlWay(number),
      fail: (error) => void this.close(error),
    });
    this.control = this.#control;
  }

  /** Those of the one that carries it: a session says which stream has which. */
  get tracks(): Connection["tracks"] {
    return this.#over ? undefined : this.#carrier.tracks;
  }

  get windowBytes(): number | undefined {
    return this.#carrier.windowBytes;
  }

  /** Whoever is heard of in one of them is there for all. */
  get heardUs(): number | undefined {
    return this.#carrier.heardUs;
  }

  channel(id: number, label: string): Channel {
    checkChannelId(id, this.#channels.has(id));
    if (this.#over) throw new MeshError("channel-closed", "The connection is closed.");
    const channel = new SharedChannel({
      id,
      label,
      peerReady: this.#announced.delete(id),
      way: () => {
        const way = this.#carrier.dataWay(this.number, id);
        this.#ways.push(way);
        return way;
      },
      fail: (error) => void this.close(error),
    });
    this.#channels.set(id, channel);
    this.#carrier.say({ kind: "channel", connection: this.number, id });
    return channel;
  }

  close(error?: MeshError): Promise<void> {
    if (!this.#over) this.#carrier.say({ kind: "end", connection: this.number, code: error?.code, text: "" });
    return this.end(error);
  }

  describe(): ConnectionState {
    const state = this.#carrier.describe();
    return { ...state, address: this.#address, ...(this.#over && { state: "closed" as const }) };
  }

  // ---- what the other side says ------------------------------------------------------------------------------------

  taken(): void {
    this.#isAnswered(undefined);
  }

  announced(id: number): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) this.#announced.add(id);
    else channel.peerIsReady();
  }

  /** @param id 0 for the control channel */
  receive(id: number, message: Uint8Array): void {
    const channel = id === 0 ? this.#control : this.#channels.get(id);
    if (channel !== undefined) channel.receive(message);
    else void this.close(new MeshError("protocol-violation", `The other side sent on channel ${id} too soon.`));
  }

  /** It is over, and the other side knows. */
  end(error: MeshError | undefined): Promise<void> {
    if (this.#over) return this.#freed ?? Promise.resolve();
    this.#over = true;
    for (const channel of [this.#control, ...this.#channels.values()]) channel.end(error);
    for (const way of this.#ways) way.letGo();
    this.#isAnswered(error ?? new MeshError("peer-lost", "The other side has ended the connection."));
    this.#freed = this.#carrier.left(this, error).then(() => this.#isClosed({ error }));
    return this.#freed;
  }
}
