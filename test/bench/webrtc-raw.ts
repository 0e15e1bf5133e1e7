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

/** One data channel of an engine, with the flow control that everyone writes for it. */
export class RawLine {
  readonly peer: EnginePeer;
  readonly opened: Promise<void>;
  readonly #engine: WebrtcEngine;
  readonly #channel: EngineChannel;
  #room: (() => void) | undefined;

  constructor(engine: WebrtcEngine, onMessage: (message: Uint8Array) => void) {
    this.#engine = engine;
    this.peer = engine.createPeerConnection();
    this.#channel = this.peer.createDataChannel("data", { negotiated: true, id: 0 });
    this.opened = new Promise((resolve) => this.#channel.addEventListener("open", resolve));
    this.#channel.bufferedAmountLowThreshold = lowWaterBytes;
    this.#channel.addEventListener("bufferedamountlow", () => this.#room?.());
    this.#channel.addEventListener("message", ({ data }) => {
      const bytes = engine.toBytes(data);
      if (bytes !== undefined) onMessage(bytes);
    });
  }

  /** Sends it in one message or several, when there is room. */
  async send(message: Uint8Array): Promise<void> {
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
