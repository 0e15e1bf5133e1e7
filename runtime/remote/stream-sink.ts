import { formatType, type FlowType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { NodeDescription, StreamDescription } from "../interface/session.ts";
import type { Channel } from "../interface/transport.ts";
import { encodedBytes, encodeEnd, encodeFrames, encodePart, type EncodableFrame } from "./frame-codec.ts";
import type { Window } from "./limits.ts";
import { isTextual } from "./payload-check.ts";
import { encodePayload } from "./payload-codec.ts";

export interface StreamInit {
  readonly port: string;
  readonly channel: Channel;
  readonly type: FlowType;
  /** `WebRTC`, `Memory`: the transport's name in the names of nodes. */
  readonly transport: string;
  readonly onFailure: (error: MeshError) => void;
}

/** The writer of a stream that leaves this peer (spec R4.2): has room while the other side grants credits. */
export class StreamSink implements Link {
  readonly port: string;
  readonly #init: StreamInit;
  readonly #textual: boolean;
  #type: FlowType;
  #window: Window;
  #frames = 0;
  #bytes = 0;
  #takenFrames = 0;
  #takenBytes = 0;
  /** Messages that the engine had no room for: parts of one large frame, or the end. */
  #pending: Uint8Array[] = [];
  #flushing = false;
  #ended = false;
  #error: MeshError | undefined;
  #waiting: (() => void)[] = [];

  constructor(init: StreamInit, window: Window) {
    this.port = init.port;
    this.#init = init;
    this.#type = init.type;
    this.#window = window;
    this.#textual = isTextual(init.type);
  }

  /** What the other side has settled on. */
  settle(type: FlowType, window: Window): void {
    this.#type = type;
    this.#window = window;
    this.#wake();
  }

  get writable(): boolean {
    return !this.#ended && this.#hasCredit() && this.#pending.length === 0 && this.#init.channel.writable;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    while (!this.writable) {
      signal?.throwIfAborted();
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) throw new MeshError("channel-closed", `The stream \`${this.port}\` has ended.`);
      if (this.#hasCredit() && this.#pending.length === 0) await this.#init.channel.ready(signal);
      else await this.#change(signal);
    }
  }

  send(frame: Frame): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) throw new MeshError("channel-closed", `The stream \`${this.port}\` has ended.`);
    if (!this.#hasCredit())
      throw new MeshError("channel-full", `The stream \`${this.port}\` has no credit; wait for \`ready\`.`);
    const { encoding, body } = encodePayload(frame.payload, this.#textual);
    const { flags, epoch, timestampUs } = frame;
    const wire: EncodableFrame = { flags, epoch, seq: this.#frames, timestampUs, encoding, body, gap: 0 };
    this.#frames += 1;
    this.#bytes += body.length;
    const { maxMessageBytes } = this.#init.channel;
    if (encodedBytes(wire) <= maxMessageBytes) this.#put(encodeFrames([wire]));
    else {
      let sent = 0;
      do {
        const part = encodePart(wire, sent, maxMessageBytes);
        this.#put(part.message);
        sent = part.sent;
      } while (sent < body.length);
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#put(encodeEnd(this.#frames));
    this.#wake();
  }

  abort(error: MeshError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#ended = true;
    this.#pending = [];
    this.#wake();
  }

  /** The other side has taken so much, in total. @throws {MeshError} `protocol-violation` when it never got that much */
  credit(frames: number, bytes: number): void {
    if (frames > this.#frames || bytes > this.#bytes || frames < this.#takenFrames || bytes < this.#takenBytes) {
      throw new MeshError("protocol-violation", `The credits for \`${this.port}\` do not fit what was sent.`);
    }
    this.#takenFrames = frames;
    this.#takenBytes = bytes;
    this.#wake();
  }

  describe(hopMs: number | undefined): { readonly node: NodeDescription; readonly stream: StreamDescription } {
    const queued = this.#frames - this.#takenFrames;
    return describeStream(
      `${this.#init.transport}StreamSink`,
      this.port,
      this.#type,
      this.#frames,
      this.#bytes,
      queued,
      hopMs,
      this.#ended,
    );
  }

  #hasCredit(): boolean {
    return (
      this.#frames - this.#takenFrames < this.#window.frames && this.#bytes - this.#takenBytes < this.#window.bytes
    );
  }

  #put(message: Uint8Array): void {
    this.#pending.push(message);
    this.#flush();
  }

  #flush(): void {
    const { channel, onFailure } = this.#init;
    while (this.#pending.length > 0 && channel.writable) channel.send(this.#pending.shift() as Uint8Array);
    if (this.#pending.length === 0 || this.#flushing) return;
    this.#flushing = true;
    channel.ready().then(
      () => {
        this.#flushing = false;
        this.#flush();
        if (this.#pending.length === 0) this.#wake();
      },
      (error: unknown) => onFailure(MeshError.from(error, "peer-lost")),
    );
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal?.removeEventListener("abort", done);
        resolve();
      };
      signal?.addEventListener("abort", done, { once: true });
      this.#waiting.push(done);
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one();
  }
}

export function describeStream(
  node: string,
  port: string,
  type: FlowType,
  frames: number,
  bytes: number,
  queued: number,
  hopMs: number | undefined,
  ended: boolean,
): { readonly node: NodeDescription; readonly stream: StreamDescription } {
  return {
    node: { id: port, node, state: ended ? "ended" : "running", frames, workMs: undefined },
    stream: { name: port, format: formatType(type), frames, bytes, dropped: 0, queued, hopMs },
  };
}
