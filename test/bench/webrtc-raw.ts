import * as library from "node-datachannel";
import { RTCPeerConnection } from "werift";
import type { EngineChannel, EnginePeer, WebrtcEngine } from "../../runtime/transports/webrtc/engines/engine.ts";
import { nodeDatachannelEngine } from "../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../runtime/transports/webrtc/engines/werift.nodejs.ts";

export type BenchEngine = "werift" | "node-datachannel";

/** What the first byte of a message asks of the other side. */
export const asks = { nothing: 0, echo: 1, receipt: 2 } as const;

/** What an engine takes without being asked more than it was made for. */
const largestBytes = 64 * 1024;
/** As W3C examples have it: fill up to the one, go on at the other. */
const highWaterBytes = 128 * 1024;
const lowWaterBytes = 32 * 1024;

/** An engine as we use it. */
export function tuned(name: BenchEngine): WebrtcEngine {
  return name === "werift" ? weriftEngine({ tuning: { sameMachine: true } }) : nodeDatachannelEngine({ library });
}

/** An engine as it is published, but for the STUN server that werift would ask. */
export function published(name: BenchEngine): WebrtcEngine {
  if (name === "node-datachannel") {
    return nodeDatachannelEngine({ library: { ...library, setSctpSettings: () => undefined } });
  }
  return {
    ...weriftEngine({ tuning: false }),
    createPeerConnection() {
      const peer = new RTCPeerConnection({ iceServers: [] });
      peer.createDataChannel("silenced", { negotiated: true, id: 1 });
      for (const { connection } of peer.iceTransports) Object.assign(connection, { stunServer: undefined });
      return peer as unknown as EnginePeer;
    },
  };
}

/** Where a message of several says how long it is, in bytes. */
const lengthAt = 1;

/**
 * One data channel of an engine, with what everyone writes for it: flow control, and what is too large for a message is cut
 * up and put together again.
 */
export class RawLine {
  readonly peer: EnginePeer;
  readonly opened: Promise<void>;
  readonly #engine: WebrtcEngine;
  readonly #channel: EngineChannel;
  #room: (() => void) | undefined;
  #whole: Uint8Array = new Uint8Array(0);
  #filled = 0;

  constructor(engine: WebrtcEngine, onMessage: (message: Uint8Array) => void) {
    this.#engine = engine;
    this.peer = engine.createPeerConnection();
    this.#channel = this.peer.createDataChannel("data", { negotiated: true, id: 0 });
    this.opened = new Promise((resolve) => this.#channel.addEventListener("open", resolve));
    this.#channel.bufferedAmountLowThreshold = lowWaterBytes;
    this.#channel.addEventListener("bufferedamountlow", () => this.#room?.());
    this.#channel.addEventListener("message", ({ data }) => {
      const bytes = engine.toBytes(data);
      if (bytes === undefined) return;
      const whole = this.#joined(bytes);
      if (whole !== undefined) onMessage(whole);
    });
  }

  /** @returns what is whole with these bytes, if anything */
  #joined(bytes: Uint8Array): Uint8Array | undefined {
    if (this.#filled === 0) {
      if (bytes.length < largestBytes) return bytes;
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(lengthAt);
      if (length === bytes.length) return bytes;
      this.#whole = new Uint8Array(length);
    }
    this.#whole.set(bytes, this.#filled);
    this.#filled += bytes.length;
    if (this.#filled < this.#whole.length) return undefined;
    this.#filled = 0;
    return this.#whole;
  }

  /** Sends it in one message or several, when there is room. */
  async send(message: Uint8Array): Promise<void> {
    if (message.length >= largestBytes) new DataView(message.buffer).setUint32(lengthAt, message.length);
    for (let at = 0; at < message.length; at += largestBytes) {
      if (this.#channel.bufferedAmount > highWaterBytes) await new Promise<void>((resolve) => (this.#room = resolve));
      this.#channel.send(message.subarray(at, at + largestBytes));
    }
  }

  /** Sends it, whatever waits. */
  pour(message: Uint8Array): void {
    this.#channel.send(message);
  }

  close(): Promise<void> {
    return this.#engine.close(this.peer);
  }
}
