import type { Channel, Connection } from "../../../../runtime/interface/transport.ts";

type Said = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The other end of a connection, that says what the test wants it to say. */
export class RawPeer {
  readonly connection: Connection;
  /** All control messages that came, but heartbeats. */
  readonly heard: Said[] = [];
  #pieces: Uint8Array[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
    connection.control.onMessage((piece) => {
      this.#pieces.push(piece.subarray(1));
      if (piece[0] === 1) return;
      const said = JSON.parse(Buffer.concat(this.#pieces.splice(0)).toString("utf8")) as Said;
      if (said.type !== "ping" && said.type !== "pong") this.heard.push(said);
    });
  }

  /** The messages of a type that came. */
  of(type: string): Said[] {
    return this.heard.filter((one) => one.type === type);
  }

  say(message: object): void {
    this.sayText(JSON.stringify(message));
  }

  sayText(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const room = this.connection.control.maxMessageBytes - 1;
    for (let at = 0; at < bytes.length; at += room) {
      const last = at + room >= bytes.length;
      this.connection.control.send(Uint8Array.of(last ? 0 : 1, ...bytes.subarray(at, at + room)));
    }
  }

  channel(id: number): Channel {
    return this.connection.channel(id, `stream ${id}`);
  }
}

/** A hello that any host of these tests takes, unless it is changed. */
export function helloOf(pipeline: string, change: object = {}): object {
  const text = { kind: "scalar", name: "text" };
  return {
    type: "hello",
    versions: [1],
    session: "session-of-a-test",
    pipeline,
    params: {},
    inputs: [{ port: "a", channel: 1, type: text }],
    outputs: [{ port: "b", channel: 2, type: text, window: { frames: 64, bytes: 1_048_576 } }],
    schemas: {},
    ...change,
  };
}
