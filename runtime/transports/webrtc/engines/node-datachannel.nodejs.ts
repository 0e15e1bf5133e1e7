import { MeshError } from "../../../interface/errors.ts";
import { channelLimits } from "../../channel/limits.ts";
import type { CandidatePair, PathEnd } from "../../../interface/transport.ts";
import { loneLoopback, ownMachine, recentInterfaces } from "./networks.nodejs.ts";
import type { EngineCandidate, EngineChannel, EngineDescription, EnginePeer, WebrtcEngine } from "./engine.ts";
import { checkIce, type IceOptions, type IceServer } from "../ice.ts";
import { candidatesOf } from "../negotiation.ts";
import { Listeners } from "./listeners.ts";
import { proveSocket } from "./sockets.nodejs.ts";
import type { NativeChannel, NativePathEnd, NativePeer, NodeDatachannel } from "./node-datachannel-types.ts";

export interface NodeDatachannelEngineInit {
  /** The package, loaded. */
  readonly library: NodeDatachannel;
  readonly ice?: IceOptions;
}

/**
 * What the SCTP of a connection holds beside its `bufferedAmount`, in bytes: a queue that nobody sees. What has not been acknowledged is in it as well,
 * so that with less than this a path of 50 ms is not filled at 20 MB/s, and all channels wait for the one that has filled it (`npm run bench -- path`). Of what peers
 * have that are asked (`UnderWay`) there is never more on its way than the path holds; to others all else waits behind it in a flood.
 */
const bufferSize = 2 * 1024 * 1024;
/** Packets that may leave at once, when an acknowledgement makes room for them: on a thread that has to wait for its turn many come together. */
const maxBurst = 20;

/**
 * The packets to peers on the same machine, in bytes with all headers: as large as it can read them (`BUFFER_SIZE` of libjuice, and that of its DTLS).
 * To all others it sends 1,280, for it does not find out what a path takes; those cost it twice the time for a byte (`npm run bench -- webrtc`).
 */
const localPacketBytes = 4_096;

/**
 * WebRTC by libdatachannel, in native code (https://github.com/murat-dogan/node-datachannel). Its own names are used, not
 * its W3C layer: that one answers an offer by itself, ends gathering without a word and throws a plain error for a
 * channel that fails.
 */
export function nodeDatachannelEngine({ library, ice = {} }: NodeDatachannelEngineInit): WebrtcEngine {
  const { servers = [], transportPolicy } = checkIce(ice);
  if (transportPolicy === "relay") throw cannotKeepToRelay();
  let made = 0;
  const interfaces = recentInterfaces();
  library.setSctpSettings({ sendBufferSize: bufferSize, recvBufferSize: bufferSize, maxBurst });
  return {
    name: "node-datachannel",
    relayOnly: false,
    ownThread: { hiddenBytes: bufferSize },
    asks: true,
    windowBytes: 4 * 1024 * 1024,
    messageBytes: channelLimits.largestMessageBytes,
    copies: true,
    machine: ownMachine(interfaces, localPacketBytes),
    createPeerConnection(sameMachine = false) {
      made++;
      // Like werift it leaves loopback out, and without any network would find no candidate.
      const bindAddress = loneLoopback(interfaces());
      return new Peer(
        new library.PeerConnection(`mesh-${made}`, {
          iceServers: servers.map(serverUrl),
          // Those of channel 0 have two bytes more than they may have above. Its buffers have room for one at least.
          maxMessageSize: channelLimits.largestMessageBytes + 2,
          disableAutoNegotiation: true,
          ...(sameMachine && { mtu: localPacketBytes }),
          ...(bindAddress !== undefined && { bindAddress }),
        }),
        bindAddress,
      );
    },
    prepareChannel: () => undefined,
    toBytes: (data) => (data instanceof Uint8Array ? plain(data) : undefined),
    tune: () => undefined,
    pairs: async (peer) => (peer as Peer).pairs(),
    // Ends the association by itself, so that the other side notices.
    close: (peer) => (peer as Peer).close(),
  };
}

/** Its policy only keeps back what is told: packets still leave from the machine's own addresses. */
function cannotKeepToRelay(): MeshError {
  return new MeshError("invalid-argument", "The WebRTC engine node-datachannel cannot keep to TURN servers alone.", {
    hint: "Leave the engine out, or name werift.",
  });
}

/** Its URLs carry the credentials: `turn:user:password@host:port?transport=tcp`. */
function serverUrl({ urls, username, credential }: IceServer): string {
  if (username === undefined) return urls;
  const [scheme = "", ...rest] = urls.split(":");
  return `${scheme}:${encodeURIComponent(username)}:${encodeURIComponent(credential ?? "")}@${rest.join(":")}`;
}

/**
 * How long the side that answers leaves it to the side that offers to find a path, in milliseconds. An answerer that looks
 * for it too finds it before the offerer has the answer (for ICE answers anyone who knows its password), begins DTLS at
 * once, and is not heard: libdatachannel throws away what comes before it has begun DTLS itself, and OpenSSL says it
 * again only after a second. Later on both look, as a NAT between the two may ask for.
 */
const offererFirstMs = 100;

/** How long a connection that is given up may go on to receive, in milliseconds. */
const settleMs = 5_000;

class Peer implements EnginePeer {
  readonly #native: NativePeer;
  readonly #bindAddress: string | undefined;
  readonly #stateChange = new Listeners();
  readonly #candidates = new Listeners<{ readonly candidate: EngineCandidate | null }>();
  readonly #channels: DataChannel[] = [];
  /** Those that the other side has opened by itself (RFC 8832); kept, for without its object a channel is not read. */
  readonly #unasked: NativeChannel[] = [];
  #state: string;
  #closed = false;
  /** Kept, for the library does not tell of a connection that has ended. */
  #remote: Pick<EngineDescription, "sdp"> | null = null;
  /** Of the other side, for as long as it is to look for a path alone. */
  #held: EngineCandidate[] | undefined;
  #stopHolding: (() => void) | undefined;

  constructor(native: NativePeer, bindAddress: string | undefined) {
    this.#native = native;
    this.#bindAddress = bindAddress;
    this.#state = native.state();
    native.onStateChange((state) => this.#onState(state));
    native.onLocalCandidate((line, sdpMid) => {
      this.#candidates.emit({ candidate: { candidate: line.replace(/^a=/, ""), sdpMid } });
    });
    native.onGatheringStateChange((state) => {
      if (state === "complete") this.#candidates.emit({ candidate: null });
    });
    // What nobody reads the library holds, up to 1,024 messages: then a thread of those that all connections share waits for a
    // reader, and `close` for that thread.
    native.onDataChannel((channel) => {
      channel.onMessage(() => undefined);
      this.#unasked.push(channel);
    });
  }

  get connectionState(): string {
    return this.#state;
  }

  get iceGatheringState(): string {
    return this.#closed ? "complete" : this.#native.gatheringState();
  }

  get localDescription(): Pick<EngineDescription, "sdp"> | null {
    return this.#closed ? null : this.#native.localDescription();
  }

  get remoteDescription(): Pick<EngineDescription, "sdp"> | null {
    return this.#remote;
  }

  createDataChannel(label: string, init: { readonly negotiated: true; readonly id: number }): EngineChannel {
    const channel = new DataChannel(this.#native.createDataChannel(label, init));
    this.#channels.push(channel);
    return channel;
  }

  // The library makes a description only where it also sets it, so these two say which one is meant.
  async createOffer(): Promise<EngineDescription> {
    return { type: "offer", sdp: "" };
  }

  async createAnswer(): Promise<EngineDescription> {
    return { type: "answer", sdp: "" };
  }

  async setLocalDescription({ type }: EngineDescription): Promise<void> {
    // It opens its socket now, on a thread where an exception ends the process.
    await proveSocket(this.#bindAddress);
    if (this.#closed) throw new MeshError("peer-lost", "The connection was closed before it was open.");
    this.#native.setLocalDescription(type);
  }

  async setRemoteDescription({ type, sdp }: EngineDescription): Promise<void> {
    if (type === "offer") this.#holdCandidates();
    const { rest, candidates } = this.#held === undefined ? { rest: sdp, candidates: [] } : withoutCandidates(sdp);
    this.#native.setRemoteDescription(rest, type);
    this.#remote = { sdp };
    for (const candidate of candidates) await this.addIceCandidate({ candidate });
  }

  async addIceCandidate(candidate: EngineCandidate | null): Promise<void> {
    if (candidate === null || this.#closed) return;
    if (this.#held !== undefined) this.#held.push(candidate);
    else this.#native.addRemoteCandidate(candidate.candidate, candidate.sdpMid ?? "0");
  }

  addEventListener(type: "connectionstatechange", listener: () => void): void;
  addEventListener(
    type: "icecandidate",
    listener: (event: { readonly candidate?: EngineCandidate | null | undefined }) => void,
  ): void;
  addEventListener(
    type: string,
    listener: (event: { readonly candidate: EngineCandidate | null }) => void | (() => void),
  ): void {
    if (type === "icecandidate") this.#candidates.add(listener);
    else this.#stateChange.add(listener as () => void);
  }

  /** It tells only of the path that it has chosen. */
  pairs(): CandidatePair[] {
    const pair = this.#closed ? null : this.#native.getSelectedCandidatePair();
    if (pair === null) return [];
    return [{ local: endOf(pair.local), remote: endOf(pair.remote), state: "succeeded", selected: true }];
  }

  /** Resolves when the library has let go of it: until then it would call back into what is gone. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopHolding?.();
    const ended = new Promise<void>((resolve) => {
      if (this.#state === "closed") resolve();
      else this.#stateChange.add(() => this.#state === "closed" && resolve());
    });
    for (const channel of this.#channels) channel.forget();
    await this.#settle();
    this.#native.close();
    await ended;
  }

  /** Waits until nothing comes: of channels that are opened and filled just now it has to tell first, see the constructor. */
  async #settle(): Promise<void> {
    const untilMs = performance.now() + settleMs;
    for (let before = -1; performance.now() < untilMs;) {
      const bytes = this.#native.bytesReceived();
      if (bytes === before) return;
      before = bytes;
      await whatHasCome();
    }
  }

  #holdCandidates(): void {
    this.#held = [];
    const timer = setTimeout(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
      // One candidate that cannot be read is one way less to connect, not an error.
      for (const candidate of held) this.addIceCandidate(candidate).catch(() => undefined);
    }, offererFirstMs);
    this.#stopHolding = () => clearTimeout(timer);
  }

  #onState(state: string): void {
    this.#state = state;
    this.#stateChange.emit();
  }
}

/** The event loop looks for what has come between one turn and the next. */
function whatHasCome(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

type ChannelEvent = "open" | "close" | "error" | "bufferedamountlow";

class DataChannel implements EngineChannel {
  readonly #native: NativeChannel;
  readonly #events: Readonly<Record<ChannelEvent, Listeners>> = {
    open: new Listeners(),
    close: new Listeners(),
    error: new Listeners(),
    bufferedamountlow: new Listeners(),
  };
  readonly #messages = new Listeners<{ readonly data: unknown }>();
  #state: "connecting" | "open" | "closed";
  #threshold = 0;
  #forgotten = false;

  constructor(native: NativeChannel) {
    this.#native = native;
    this.#state = native.isOpen() ? "open" : "connecting";
    native.onOpen(() => this.#become("open"));
    native.onClosed(() => this.#become("closed"));
    native.onError(() => this.#emit("error"));
    native.onBufferedAmountLow(() => this.#emit("bufferedamountlow"));
    native.onMessage((data) => {
      if (!this.#forgotten) this.#messages.emit({ data });
    });
  }

  get readyState(): string {
    return this.#state;
  }

  get bufferedAmount(): number {
    return this.#state === "open" && !this.#forgotten ? this.#native.bufferedAmount() : 0;
  }

  get bufferedAmountLowThreshold(): number {
    return this.#threshold;
  }

  set bufferedAmountLowThreshold(bytes: number) {
    this.#threshold = bytes;
    if (!this.#forgotten) this.#native.setBufferedAmountLowThreshold(bytes);
  }

  send(message: Uint8Array): void {
    if (typeof message === "string") this.#native.sendMessage(message);
    else this.#native.sendMessageBinary(message);
  }

  close(): void {
    this.#native.close();
  }

  addEventListener(type: ChannelEvent, listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: ChannelEvent | "message", listener: (event: { readonly data: unknown }) => void): void {
    if (type === "message") this.#messages.add(listener);
    else this.#events[type].add(listener as () => void);
  }

  /** The connection is given up on this side: nothing that still comes from the library's threads is of interest. */
  forget(): void {
    this.#forgotten = true;
  }

  #become(state: "open" | "closed"): void {
    if (this.#state === "closed" || this.#state === state) return;
    this.#state = state;
    this.#emit(state === "open" ? "open" : "close");
  }

  #emit(type: ChannelEvent): void {
    if (!this.#forgotten) this.#events[type].emit();
  }
}

/** The library gives each message in memory of its own, as a `Buffer`. */
function plain(data: Uint8Array): Uint8Array {
  return data.byteLength === data.buffer.byteLength ? new Uint8Array(data.buffer) : new Uint8Array(data);
}

function endOf({ address, port, type, transportType }: NativePathEnd): PathEnd {
  return { address, port, type: endTypes[type] ?? type, protocol: transportType.toLowerCase().slice(0, 3) };
}

/** Its names for how an address was found. */
const endTypes: Readonly<Record<string, string>> = {
  Host: "host",
  ServerReflexive: "srflx",
  PeerReflexive: "prflx",
  Relayed: "relay",
};

/** A description without its candidates, and those (RFC 8839 section 5.1). */
function withoutCandidates(sdp: string): { readonly rest: string; readonly candidates: readonly string[] } {
  return {
    rest: sdp.replaceAll(/^a=(candidate:|end-of-candidates).*\r?\n/gm, ""),
    candidates: candidatesOf(sdp),
  };
}
