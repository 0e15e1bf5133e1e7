import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import { rateLimit } from "../interface/rate.ts";
import type { Channel } from "../interface/transport.ts";
import { maxControlBytes, maxControlQueue, maxControlRate } from "./limits.ts";
import { parseControl, type ControlMessage, type ForeignHello } from "./messages.ts";

/** The first byte of each piece: whether the message goes on in the next one. */
const Piece = { last: 0, more: 1 } as const;

export interface ControlChannelInit {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly onMessage: (message: ControlMessage | ForeignHello) => void;
  /** Something arrived, whatever it was. */
  readonly onHeard: () => void;
  readonly onFailure: (error: MeshError) => void;
}

/** Control messages over channel 0: JSON in pieces that fit the channel. */
export class ControlChannel {
  readonly #init: ControlChannelInit;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #rate: { take(): boolean };
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #queue: Uint8Array[] = [];
  #waiting = false;
  #stopped = false;

  constructor(init: ControlChannelInit) {
    this.#init = init;
    this.#rate = rateLimit(init.clock, maxControlRate);
  }

  /** Starts to listen; messages that came earlier are delivered now. */
  start(): void {
    this.#init.channel.onMessage((piece) => {
      if (this.#stopped) return;
      this.#init.onHeard();
      try {
        this.#take(piece);
      } catch (error) {
        this.#init.onFailure(MeshError.from(error, "protocol-violation"));
      }
    });
  }

  /** True when what is sent now goes to the engine at once. */
  get idle(): boolean {
    return this.#queue.length === 0 && this.#init.channel.writable;
  }

  /** @throws {MeshError} `resource-exhausted` when the message is larger than a peer takes */
  send(message: ControlMessage): void {
    if (this.#stopped) return;
    const bytes = this.#encoder.encode(JSON.stringify(message));
    if (bytes.length > maxControlBytes) {
      throw new MeshError(
        "resource-exhausted",
        `The "${message.type}" of this session takes ${bytes.length} bytes; ${maxControlBytes} is the limit.`,
        { hint: "Pass large data as a stream, not as a parameter." },
      );
    }
    const room = this.#init.channel.maxMessageBytes - 1;
    for (let at = 0; at < bytes.length; at += room) {
      const part = bytes.subarray(at, at + room);
      const piece = new Uint8Array(part.length + 1);
      piece[0] = at + room < bytes.length ? Piece.more : Piece.last;
      piece.set(part, 1);
      this.#queue.push(piece);
    }
    this.#flush();
  }

  /** Takes and sends nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#pieces = [];
  }

  #flush(): void {
    const { channel } = this.#init;
    while (this.#queue.length > 0 && channel.writable && !this.#stopped)
      channel.send(this.#queue.shift() as Uint8Array);
    if (this.#queue.length === 0 || this.#waiting || this.#stopped) return;
    if (this.#queue.length > maxControlQueue) {
      this.#init.onFailure(new MeshError("resource-exhausted", "The other peer does not read its control channel."));
      return;
    }
    this.#waiting = true;
    channel.ready().then(
      () => {
        this.#waiting = false;
        this.#flush();
      },
      // The end of the connection is reported by the connection itself.
      () => undefined,
    );
  }

  #take(piece: Uint8Array): void {
    const [mark] = piece;
    if (mark !== Piece.last && mark !== Piece.more) throw violation("a piece has an unknown mark");
    this.#pieceBytes += piece.length - 1;
    // An empty piece would make the list grow without ever reaching the limit.
    if (this.#pieceBytes > maxControlBytes || piece.length < 2) {
      throw violation(`a message must have 1 to ${maxControlBytes} bytes`);
    }
    this.#pieces.push(piece.subarray(1));
    if (mark === Piece.more) return;
    const bytes = new Uint8Array(this.#pieceBytes);
    let at = 0;
    for (const part of this.#pieces) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#pieces = [];
    this.#pieceBytes = 0;
    const message = parseControl(this.#text(bytes));
    // Credits have a bound of their own: each is for at least one frame.
    if (message?.type !== "credit" && !this.#rate.take()) {
      throw new MeshError(
        "resource-exhausted",
        `The other peer sent more than ${maxControlRate} control messages in a second.`,
      );
    }
    if (message !== undefined) this.#init.onMessage(message);
  }

  #text(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw violation("it is not UTF-8");
    }
  }
}

function violation(what: string): MeshError {
  return new MeshError("protocol-violation", `A control message is not as the protocol wants it: ${what}.`);
}
