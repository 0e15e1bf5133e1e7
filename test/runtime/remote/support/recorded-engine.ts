import type { SignalConnect, SignalServerFactory, SignalSocket } from "../../../../runtime/signaling/socket.ts";
import type {
  EngineChannel,
  EngineDescription,
  EnginePeer,
  WebrtcEngine,
} from "../../../../runtime/transports/webrtc/engines/engine.ts";

/** What went over a wire: a text of the signaling, or the bytes of a data channel. */
export interface Entry {
  readonly ms: number;
  readonly from: string;
  readonly on: "signaling" | number;
  readonly text?: string;
  readonly hex?: string;
  /** It did not arrive. */
  readonly lost?: true;
}

type Listener = (event: { readonly data: unknown; readonly candidate?: null }) => void;

/** A data channel whose messages come a microtask later, or never where the other side has not made the channel. */
class RecordedChannel implements EngineChannel {
  readyState = "connecting";
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #onSend: (message: Uint8Array) => void;

  constructor(onSend: (message: Uint8Array) => void) {
    this.#onSend = onSend;
  }

  send(message: Uint8Array): void {
    const bytes = new Uint8Array(message);
    this.bufferedAmount += bytes.length;
    queueMicrotask(() => {
      if (this.readyState !== "open") return;
      this.bufferedAmount -= bytes.length;
      this.#onSend(bytes);
      this.tell("bufferedamountlow");
    });
  }

  open(): void {
    if (this.readyState !== "connecting") return;
    this.readyState = "open";
    this.tell("open");
  }

  close(): void {
    this.readyState = "closed";
  }

  addEventListener(type: string, listener: unknown): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener as Listener]);
  }

  tell(type: string, data?: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ data });
  }
}

class RecordedPeer implements EnginePeer {
  connectionState = "new";
  readonly iceGatheringState = "complete";
  localDescription: EngineDescription | null = null;
  remoteDescription: EngineDescription | null = null;
  readonly channels = new Map<number, RecordedChannel>();
  readonly name: string;
  other: RecordedPeer | undefined;
  readonly #world: RecordedWorld;
  readonly #ufrag: string;
  readonly #certificate: string;

  constructor(world: RecordedWorld, name: string, ufrag: string, certificate: string) {
    this.#world = world;
    this.name = name;
    this.#ufrag = ufrag;
    this.#certificate = certificate;
  }

  createDataChannel(_label: string, { id }: { readonly id: number }): RecordedChannel {
    const channel = new RecordedChannel((message) => {
      const entry = { from: this.name, on: id, hex: Buffer.from(message).toString("hex") };
      if (this.#world.isLost(entry)) return;
      this.#world.note(entry);
      this.other?.channels.get(id)?.tell("message", message);
    });
    this.channels.set(id, channel);
    if (this.other !== undefined) queueMicrotask(() => channel.open());
    return channel;
  }

  createOffer = (): Promise<EngineDescription> => this.#describe("offer", "actpass");
  createAnswer = (): Promise<EngineDescription> => this.#describe("answer", "active");

  async setLocalDescription(description: EngineDescription): Promise<void> {
    this.localDescription = description;
    this.#world.link(this);
  }

  async setRemoteDescription(description: EngineDescription): Promise<void> {
    this.remoteDescription = description;
    this.#world.link(this);
  }

  addIceCandidate = (): Promise<void> => Promise.resolve();
  addEventListener = (): void => undefined;

  /** Nothing comes through any more, and both sides notice. */
  break(): void {
    const { other } = this;
    this.other = undefined;
    for (const channel of this.channels.values()) {
      channel.close();
      channel.tell("close");
    }
    if (other !== undefined) other.break();
  }

  async #describe(type: EngineDescription["type"], setup: string): Promise<EngineDescription> {
    return { type, sdp: descriptionOf(this.#ufrag, setup, this.#certificate) };
  }
}

/**
 * An SDP for data channels (RFC 8841) with what the protocol asks for.
 * @param certificate the byte that its fingerprint is made of, in hexadecimal
 */
export function descriptionOf(ufrag: string, setup: string, certificate = "00"): string {
  return [
    "v=0",
    "o=- 1 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    `a=setup:${setup}`,
    `a=ice-ufrag:${ufrag}`,
    "a=ice-pwd:0123456789abcdefghijkl",
    `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => certificate).join(":")}`,
    "a=sctp-port:5000",
    "a=max-message-size:65536",
    "",
  ].join("\r\n");
}

/** Peers of one process that reach each other without a network, and a record of all that they say. */
export class RecordedWorld {
  readonly entries: Entry[] = [];
  readonly #nowMs: () => number;
  readonly #peers = new Map<string, RecordedPeer>();
  /** By the host that is called. */
  readonly #listening = new Map<string, (socket: SignalSocket) => void>();
  #count = 0;
  #isLast: ((entry: Omit<Entry, "ms">) => boolean) | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  note(entry: Omit<Entry, "ms">): void {
    this.entries.push({ ms: this.#nowMs(), ...entry });
  }

  /** What has been said since it was last asked. */
  take(): Entry[] {
    return this.entries.splice(0);
  }

  /**
   * @param ufrag by which its peers are known in an SDP; left out, each has one of its own
   * @param certificate as for `descriptionOf`
   */
  engine(name: string, ufrag?: string, certificate = "00"): WebrtcEngine {
    return {
      name: "recorded",
      relayOnly: false,
      createPeerConnection: () => {
        const own = ufrag ?? `${name}${(this.#count += 1)}`;
        const peer = new RecordedPeer(this, name, own, certificate);
        this.#peers.set(own, peer);
        return peer;
      },
      prepareChannel: () => undefined,
      toBytes: (data) => (data instanceof Uint8Array ? data : undefined),
      tune: () => undefined,
      pairs: async () => [],
      close: async (peer) => (peer as RecordedPeer).break(),
    };
  }

  /** The first message that it is true of is lost, and with it all connections that there are, without a word. */
  breakAt(isLast: (entry: Omit<Entry, "ms">) => boolean): void {
    this.#isLast = isLast;
  }

  isLost(entry: Omit<Entry, "ms">): boolean {
    if (this.#isLast?.(entry) !== true) return false;
    this.#isLast = undefined;
    this.note({ ...entry, lost: true });
    for (const peer of this.#peers.values()) peer.break();
    return true;
  }

  /** Connects two peers once both have both descriptions. */
  link(peer: RecordedPeer): void {
    if (peer.localDescription === null || peer.remoteDescription === null || peer.other !== undefined) return;
    const ufrag = /a=ice-ufrag:(\S+)/.exec(peer.remoteDescription.sdp)?.[1] ?? "";
    const other = this.#peers.get(ufrag);
    if (other === undefined || other.localDescription === null || other.remoteDescription === null) return;
    peer.other = other;
    other.other = peer;
    for (const one of [other, peer]) for (const channel of one.channels.values()) queueMicrotask(() => channel.open());
  }

  /** The signaling between them. */
  sockets(): { readonly connect: SignalConnect; readonly listen: SignalServerFactory } {
    return {
      connect: async ({ host: called }) => {
        const caller = new RecordedSocket((text) => this.note({ from: "caller", on: "signaling", text }));
        const host = new RecordedSocket((text) => this.note({ from: "host", on: "signaling", text }));
        caller.other = host;
        host.other = caller;
        this.#listening.get(called)?.(host);
        return caller;
      },
      listen: async (at, onSocket) => {
        this.#listening.set(at.host, onSocket);
        return { ...at, close: async () => void this.#listening.delete(at.host) };
      },
    };
  }
}

class RecordedSocket implements SignalSocket {
  other!: RecordedSocket;
  readonly #onSend: (text: string) => void;
  #listener: (text: string) => void = () => undefined;
  #onClose: ((code: number, reason: string) => void) | undefined;

  constructor(onSend: (text: string) => void) {
    this.#onSend = onSend;
  }

  send(text: string): void {
    queueMicrotask(() => {
      if (this.#onClose === undefined) return;
      this.#onSend(text);
      this.other.#listener(text);
    });
  }

  close(code: number, reason: string): void {
    queueMicrotask(() => {
      this.#end(code, reason);
      this.other.#end(code, reason);
    });
  }

  onMessage(listener: (text: string) => void): void {
    this.#listener = listener;
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.#onClose = listener;
  }

  #end(code: number, reason: string): void {
    this.#onClose?.(code, reason);
    this.#onClose = undefined;
  }
}
