import { MeshError } from "../../interface/errors.ts";
import type { Channel, Connection, ConnectionEnd, ConnectionState } from "../../interface/transport.ts";
import { checkChannelId } from "../channel/limits.ts";
import { MemoryChannel } from "./channel.ts";

/** What both ends of a connection share. */
export interface Wire {
  readonly address: string;
  /** The name of the peer at each end. */
  readonly peers: { readonly offerer: string; readonly answerer: string };
  /** True once nothing gets through any more, as after the power of a peer went. */
  severed: boolean;
}

/** One end of a connection within the process. */
export class MemoryConnection implements Connection {
  readonly control: Channel;
  readonly closed: Promise<ConnectionEnd>;
  readonly wire: Wire;
  readonly #role: "offerer" | "answerer";
  readonly #channels = new Map<number, MemoryChannel>();
  #other!: MemoryConnection;
  #isClosed!: (end: ConnectionEnd) => void;
  #isOver = false;

  private constructor(wire: Wire, role: "offerer" | "answerer") {
    this.wire = wire;
    this.#role = role;
    this.closed = new Promise((resolve) => (this.#isClosed = resolve));
    this.control = this.#make(0, "control");
  }

  static pair(wire: Wire): { readonly offerer: MemoryConnection; readonly answerer: MemoryConnection } {
    const offerer = new MemoryConnection(wire, "offerer");
    const answerer = new MemoryConnection(wire, "answerer");
    offerer.#other = answerer;
    answerer.#other = offerer;
    return { offerer, answerer };
  }

  channel(id: number, label: string): Channel {
    checkChannelId(id, this.#channels.has(id));
    if (this.#isOver) throw new MeshError("channel-closed", "The connection is closed.");
    const channel = this.#make(id, label);
    this.#other.#channels.get(id)?.deliverAll();
    return channel;
  }

  async close(error?: MeshError): Promise<void> {
    if (!this.#isOver && !this.wire.severed) {
      const other = this.#other;
      // After what was sent before, which is on its way by microtasks too.
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      other.#end(seenFromAfar(error));
    }
    this.#end(error);
    await this.closed;
  }

  describe(): ConnectionState {
    return {
      transport: "memory",
      state: this.#isOver ? "closed" : "connected",
      address: this.wire.address,
      role: this.#role,
    };
  }

  #make(id: number, label: string): MemoryChannel {
    const channel = new MemoryChannel({
      id,
      label,
      other: () => (this.wire.severed || this.#other.#isOver ? undefined : this.#other.#channels.get(id)),
      fail: (error) => void this.close(error),
    });
    this.#channels.set(id, channel);
    return channel;
  }

  #end(error: MeshError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const channel of this.#channels.values()) channel.end(error);
    this.#isClosed({ error });
  }
}

/** Only the code of an error crosses a connection. */
function seenFromAfar(error: MeshError | undefined): MeshError | undefined {
  return error && new MeshError(error.code, `The other side has ended the connection (${error.code}).`);
}
