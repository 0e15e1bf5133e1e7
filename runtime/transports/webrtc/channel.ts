import { MeshError } from "../../interface/errors.ts";
import type { Channel } from "../../interface/transport.ts";
import { Inbox } from "../channel/inbox.ts";
import { channelClosed, channelLimits, checkMessage } from "../channel/limits.ts";
import type { EngineChannel, WebrtcEngine } from "./engines/engine.ts";
import { Outbox } from "./outbox.ts";
import type { Sluice } from "./sluice.ts";

export interface WebrtcChannelInit {
  readonly engine: WebrtcEngine;
  readonly native: EngineChannel;
  readonly sluice: Sluice;
  readonly id: number;
  readonly label: string;
  /** The largest message that the other side takes, in bytes. */
  readonly maxMessageBytes: number;
  /** False until the other side has announced the channel. */
  readonly peerReady: boolean;
  /** What goes over the wire for a message; the identity but for channel 0. */
  readonly encode: (message: Uint8Array) => Uint8Array;
  /** Takes what comes over the wire; returns what is for the layer above. */
  readonly receive: (message: Uint8Array) => Uint8Array | undefined;
  /** A message has come. */
  readonly onHeard: () => void;
  /** The other side asks what has come so far. */
  readonly onAsked: () => void;
  /** Ends the connection. */
  readonly fail: (error: MeshError) => void;
}

/** A data channel, with the bounds that `Channel` promises. */
export class WebrtcChannel implements Channel {
  readonly id: number;
  readonly label: string;
  readonly maxMessageBytes: number;
  readonly copies: boolean;
  readonly outbox: Outbox;
  readonly #sluice: Sluice;
  readonly #encode: (message: Uint8Array) => Uint8Array;
  readonly #inbox: Inbox;
  /** What has come so far. */
  receivedBytes = 0;

  constructor(init: WebrtcChannelInit) {
    const { engine, native, fail } = init;
    this.id = init.id;
    this.label = init.label;
    this.maxMessageBytes = init.maxMessageBytes;
    this.#sluice = init.sluice;
    this.copies = engine.copies ?? false;
    this.#encode = init.encode;
    this.#inbox = new Inbox(fail);
    this.outbox = new Outbox(init);
    engine.prepareChannel(native);
    const most = init.id === 0 ? channelLimits.messageBytes + 2 : (engine.messageBytes ?? channelLimits.messageBytes);
    native.addEventListener("message", (event) => {
      init.onHeard();
      const bytes = engine.toBytes(event.data);
      if (bytes?.length === 0 && init.id !== 0) {
        init.onAsked();
        return;
      }
      if (bytes === undefined || bytes.length === 0 || bytes.length > most) {
        fail(new MeshError("protocol-violation", `The other side sent what no message of channel ${init.id} may be.`));
        return;
      }
      this.receivedBytes += bytes.length;
      const message = init.receive(bytes);
      if (message !== undefined) this.#inbox.put(message);
    });
    native.addEventListener("close", () => {
      fail(new MeshError("peer-lost", "The other side has ended the connection without a word."));
    });
  }

  get messageBytes(): number {
    return this.#sluice.messageBytes(this.maxMessageBytes);
  }

  get writable(): boolean {
    return this.outbox.writable;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.outbox.ready(signal);
  }

  send(message: Uint8Array): void {
    checkMessage(message, this.maxMessageBytes);
    this.outbox.send(this.#encode(message));
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#inbox.listen(listener);
  }

  end(error: MeshError | undefined): void {
    this.outbox.close(channelClosed(this.label, error));
  }
}
