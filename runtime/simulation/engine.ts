import type {
  EngineChannel,
  EngineDescription,
  EnginePeer,
  WebrtcEngine,
} from "../transports/webrtc/engines/engine.ts";
import type { Machine, Process } from "./machine.ts";
import { Line, type Network } from "./network.ts";

/** Without an answer for so long, an engine takes a path for gone (RFC 7675, section 5.1), in microseconds. */
const consentUs = 27_000_000;

type Listener = (event: { readonly data: unknown; readonly candidate?: null }) => void;

/** WebRTC between simulated processes: each data channel is reliable and in order by itself, and none waits for another. */
export class Rtc {
  readonly network: Network;
  readonly #packed: number;
  readonly #peers = new Map<string, Peer>();
  #made = 0;

  /** @param packed the share of connections on which what leaves together comes together */
  constructor(network: Network, packed: number) {
    this.network = network;
    this.#packed = packed;
  }

  /** Whether the next connection is one of those. */
  packs(): boolean {
    return this.#packed > 0 && this.network.random.next() < this.#packed;
  }

  engine(process: Process): WebrtcEngine {
    const certificate = this.#fresh();
    return {
      name: "simulated",
      relayOnly: false,
      createPeerConnection: () => {
        const ufrag = `u${this.#fresh()}`;
        const peer = new Peer(this, process, ufrag, certificate);
        this.#peers.set(ufrag, peer);
        return peer;
      },
      prepareChannel: () => undefined,
      toBytes: (data) => (data instanceof Uint8Array ? data : undefined),
      tune: () => undefined,
      pairs: async () => [],
      close: async (peer) => (peer as Peer).close(),
    };
  }

  /** Peer connections of a process that are not closed. */
  openOf(process: Process): number {
    return [...this.#peers.values()].filter((peer) => peer.process === process).length;
  }

  find(ufrag: string): Peer | undefined {
    return this.#peers.get(ufrag);
  }

  forget(ufrag: string): void {
    this.#peers.delete(ufrag);
  }

  /** Ends the paths between two machines that are in use. @param told how many of the two sides are told of it: the others hear nothing more */
  break(a: Machine, b: Machine, told: 0 | 1 | 2): void {
    for (const peer of [...this.#peers.values()]) {
      if (peer.process.machine !== a || peer.other?.process.machine !== b) continue;
      const { other } = peer;
      const { loop, random } = this.network;
      peer.cut();
      other.cut();
      const sides = random.next() < 0.5 ? [peer, other] : [other, peer];
      for (const side of sides.slice(0, told)) {
        loop.after(Math.floor(random.next() * 500_000), () => side.process.deliver(() => side.fail("failed")));
      }
    }
  }

  /** From now on nothing comes through in one direction over the paths that are in use; others are not concerned. */
  mute(from: Machine, to: Machine): void {
    for (const peer of this.#peers.values()) {
      if (peer.process.machine === from && peer.other?.process.machine === to) peer.mute();
    }
  }

  /** A process is gone; nobody is told. @param lost what it had sent is lost with it, for its engine would have had to send it again */
  died(process: Process, lost: boolean): void {
    for (const [ufrag, peer] of this.#peers) {
      if (peer.process !== process) continue;
      this.#peers.delete(ufrag);
      if (lost) peer.cut();
    }
  }

  #fresh(): string {
    this.#made += 1;
    return String(this.#made);
  }
}

class DataChannel implements EngineChannel {
  readyState = "connecting";
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  readonly id: number;
  readonly #peer: Peer;
  readonly #listeners = new Map<string, Listener[]>();
  line: Line | undefined;
  /** What is on its way still does not arrive. */
  #isCut = false;

  constructor(peer: Peer, id: number) {
    this.#peer = peer;
    this.id = id;
  }

  send(message: Uint8Array): void {
    if (this.readyState !== "open" || this.line === undefined) throw new Error("the channel is not open");
    const bytes = new Uint8Array(message);
    this.bufferedAmount += bytes.length;
    // What cannot leave waits.
    const leaves = this.#peer.leaves;
    if (leaves) this.#peer.leave(this, bytes.length);
    this.line.send(() => {
      if (this.#isCut) return;
      if (!leaves) this.sent(bytes.length);
      this.#peer.other?.take(this.id, bytes);
    });
  }

  close(): void {
    this.readyState = "closed";
    this.#isCut = true;
  }

  open(line: Line): void {
    this.line = line;
    this.readyState = "open";
    this.tell("open");
  }

  addEventListener(type: string, listener: unknown): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener as Listener]);
  }

  tell(type: string, data?: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ data });
  }

  /** It has left. */
  sent(bytes: number): void {
    const before = this.bufferedAmount;
    this.bufferedAmount -= bytes;
    const low = this.bufferedAmountLowThreshold;
    if (before > low && this.bufferedAmount <= low && !this.#peer.process.isDead) {
      this.#peer.process.deliver(() => {
        if (this.readyState === "open") this.tell("bufferedamountlow");
      });
    }
  }
}

class Peer implements EnginePeer {
  connectionState = "new";
  readonly iceGatheringState = "complete";
  localDescription: EngineDescription | null = null;
  remoteDescription: EngineDescription | null = null;
  readonly process: Process;
  other: Peer | undefined;
  readonly #rtc: Rtc;
  readonly #ufrag: string;
  readonly #certificate: string;
  readonly #channels = new Map<number, DataChannel>();
  readonly #listeners: (() => void)[] = [];
  readonly #leaving: [DataChannel, number][] = [];
  #control: Line | undefined;
  /** What all channels go over; undefined where each has a line of its own. */
  #packets: Line | undefined;
  #muted = false;
  #cut = false;
  #over = false;

  constructor(rtc: Rtc, process: Process, ufrag: string, certificate: string) {
    this.#rtc = rtc;
    this.process = process;
    this.#ufrag = ufrag;
    this.#certificate = certificate;
  }

  /** What is sent now has left in a moment. */
  get leaves(): boolean {
    const { other, process } = this;
    return other !== undefined && this.#rtc.network.isOpen(process.machine, other.process.machine);
  }

  /** What its channels send in the same moment leaves the engine together, a moment later. */
  leave(channel: DataChannel, bytes: number): void {
    this.#leaving.push([channel, bytes]);
    if (this.#leaving.length > 1) return;
    this.#rtc.network.loop.after(100, () =>
      this.process.deliver(() => {
        for (const [one, count] of this.#leaving.splice(0)) one.sent(count);
      }),
    );
  }

  createDataChannel(_label: string, { id }: { readonly id: number }): DataChannel {
    const channel = new DataChannel(this, id);
    this.#channels.set(id, channel);
    if (this.connectionState === "connected") {
      this.#rtc.network.loop.after(0, () => this.process.deliver(() => this.#open(channel)));
    }
    return channel;
  }

  createOffer = (): Promise<EngineDescription> => this.#describe("offer", "actpass");
  createAnswer = (): Promise<EngineDescription> => this.#describe("answer", "active");

  async setLocalDescription(description: EngineDescription): Promise<void> {
    this.localDescription = description;
    this.#link();
  }

  async setRemoteDescription(description: EngineDescription): Promise<void> {
    this.remoteDescription = description;
    this.#link();
  }

  addIceCandidate = (): Promise<void> => Promise.resolve();

  addEventListener(type: string, listener: unknown): void {
    if (type === "connectionstatechange") this.#listeners.push(listener as () => void);
  }

  /** A message of a channel has come. */
  take(id: number, bytes: Uint8Array): void {
    // Nothing comes but over a path that is up, whether or not the last word of the handshake has come.
    this.#connected();
    const channel = this.#channels.get(id);
    if (!this.#over && channel?.readyState === "open") channel.tell("message", bytes);
  }

  close(): void {
    if (this.#over) return;
    const { other } = this;
    const { network } = this.#rtc;
    // One word that is not said again: where it is lost, the other side notices nothing.
    if (other !== undefined && network.isOpen(this.process.machine, other.process.machine)) {
      this.#control?.send(() => other.fail("closed"));
    }
    this.#end("closed");
    // What is still on its way may be lost with it, or come.
    if (network.random.next() < 0.5) for (const channel of this.#channels.values()) channel.line?.cut();
  }

  fail(state: "failed" | "closed"): void {
    if (this.#over) return;
    this.#end(state);
    for (const channel of this.#channels.values()) {
      channel.close();
      channel.tell("close");
    }
    for (const listener of this.#listeners) listener();
  }

  cut(): void {
    this.#cut = true;
    this.#control?.cut();
    this.#packets?.cut();
    for (const channel of this.#channels.values()) channel.line?.cut();
    this.#giveUpLater();
  }

  mute(): void {
    this.#muted = true;
    this.cut();
  }

  #end(state: "failed" | "closed"): void {
    this.#over = true;
    this.connectionState = state;
    for (const channel of this.#channels.values()) channel.readyState = "closed";
    this.#rtc.forget(this.#ufrag);
  }

  /** ICE and DTLS, once both sides have both descriptions: three ways, each of which has to be open. */
  #link(): void {
    if (this.localDescription === null || this.remoteDescription === null || this.other !== undefined) return;
    const other = this.#rtc.find(/a=ice-ufrag:(\S+)/.exec(this.remoteDescription.sdp)?.[1] ?? "");
    if (other === undefined || other.localDescription === null || other.remoteDescription === null) return;
    this.other = other;
    other.other = this;
    const { network } = this.#rtc;
    this.#control = new Line(network, this.process, other.process);
    other.#control = new Line(network, other.process, this.process);
    // Elsewhere each channel has lost something or not, and none waits for another.
    if (this.#rtc.packs()) {
      this.#packets = new Line(network, this.process, other.process, "packet");
      other.#packets = new Line(network, other.process, this.process, "packet");
    }
    this.connectionState = "connecting";
    other.connectionState = "connecting";
    this.#control.send(() =>
      other.#control?.send(() => {
        this.#control?.send(() => other.#connected());
        this.#connected();
      }),
    );
  }

  #connected(): void {
    if (this.#over || this.connectionState !== "connecting") return;
    this.connectionState = "connected";
    for (const channel of this.#channels.values()) this.#open(channel);
  }

  #open(channel: DataChannel): void {
    if (this.#over || this.other === undefined || channel.readyState !== "connecting") return;
    const line = this.#packets ?? new Line(this.#rtc.network, this.process, this.other.process);
    if (this.#muted || this.#cut) line.cut();
    channel.open(line);
  }

  /** The engine of whoever hears nothing more gives up in the end. */
  #giveUpLater(): void {
    for (const side of [this, this.other]) {
      if (side === undefined) continue;
      this.#rtc.network.loop.after(consentUs, () => side.process.deliver(() => side.fail("failed")));
    }
  }

  async #describe(type: EngineDescription["type"], setup: string): Promise<EngineDescription> {
    const digest = this.#certificate.padStart(64, "0").replaceAll(/(..)(?=.)/g, "$1:");
    const lines = [
      "v=0",
      "o=- 1 1 IN IP4 0.0.0.0",
      "s=-",
      "t=0 0",
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
      "c=IN IP4 0.0.0.0",
      "a=mid:0",
      `a=setup:${setup}`,
      `a=ice-ufrag:${this.#ufrag}`,
      "a=ice-pwd:0123456789abcdefghijkl",
      `a=fingerprint:sha-256 ${digest}`,
      "a=sctp-port:5000",
      "",
    ];
    return { type, sdp: lines.join("\r\n") };
  }
}
