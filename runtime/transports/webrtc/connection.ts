import type { Clock } from "../../interface/clock.ts";
import { delay } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { SameMachine } from "../../interface/signaling.ts";
import type { CandidatePair, Channel, Connection, ConnectionEnd, ConnectionState } from "../../interface/transport.ts";
import { channelLimits, checkChannelId } from "../channel/limits.ts";
import { WebrtcChannel } from "./channel.ts";
import { Confirmations } from "./confirmations.ts";
import type { EnginePeer, WebrtcEngine } from "./engines/engine.ts";
import { Candidates, candidatesOf, uniqueCandidates } from "./negotiation.ts";
import type { PathSearch } from "./paths.ts";
import { Probe } from "./probe.ts";
import { Sluice } from "./sluice.ts";
import { ConnectionTracks } from "./tracks.ts";
import {
  decodeControl,
  encodeChannel,
  encodeClose,
  encodeConfirmed,
  encodePayload,
  encodeProbe,
} from "./transport-messages.ts";

/** How long an orderly close waits for the other side to see it, in milliseconds. */
const farewellMs = 500;

export interface WebrtcConnectionInit {
  readonly clock: Clock;
  readonly engine: WebrtcEngine;
  readonly address: string;
  readonly role: "offerer" | "answerer";
  /** The largest message that the other side takes, in bytes; left out, what every peer takes. */
  readonly messageBytes?: number | undefined;
  /** The other side confirms what comes over data channels, to who asks for it. */
  readonly confirms?: boolean | undefined;
  /** Of another side that is on this machine. */
  readonly sameMachine?: SameMachine | undefined;
  /** Resolves when the other side can say no more of why it has given the connection up, with that. Never rejects. */
  readonly givenUp?: Promise<MeshError | undefined>;
}

type Phase = "connecting" | "connected" | "closing" | "closed";

/** A peer connection with its control channel, from before the first offer to the end. */
export class WebrtcConnection implements Connection {
  readonly control: Channel;
  readonly closed: Promise<ConnectionEnd>;
  /** Resolves once messages can flow; rejects with what ended the connection before that. */
  readonly opened: Promise<void>;
  readonly peer: EnginePeer;
  readonly candidates: Candidates;
  readonly tracks: ConnectionTracks | undefined;
  readonly #init: WebrtcConnectionInit;
  readonly #control: WebrtcChannel;
  readonly #sluice: Sluice;
  readonly #confirmations: Confirmations;
  readonly #channels = new Map<number, WebrtcChannel>();
  /** Ids that the other side has made and this side has not yet. */
  readonly #announced = new Set<number>();
  #phase: Phase = "connecting";
  #heardUs: number | undefined;
  #isOpen!: () => void;
  #isNotOpen!: (error: MeshError) => void;
  #isClosed!: (end: ConnectionEnd) => void;
  /** The paths that were tried, as far as they are known. */
  #pairs: readonly CandidatePair[] = [];
  /** Set where packets are as large as only this machine would bear. */
  #probe: Probe | undefined;
  #cancelLook: (() => void) | undefined;
  /** Set while `close` waits for the other side to go. */
  #otherIsGone: (() => void) | undefined;

  constructor(init: WebrtcConnectionInit) {
    this.#init = init;
    this.closed = new Promise((resolve) => (this.#isClosed = resolve));
    this.opened = new Promise((resolve, reject) => {
      this.#isOpen = resolve;
      this.#isNotOpen = reject;
    });
    // Also seen through `closed`; nobody has to wait for both.
    this.opened.catch(() => undefined);
    this.peer = init.engine.createPeerConnection(init.sameMachine !== undefined);
    this.candidates = new Candidates(this.peer);
    this.peer.addEventListener("connectionstatechange", () => this.#onConnectionState());
    const { ownThread, asks = false } = init.engine;
    this.#sluice = new Sluice({
      clock: init.clock,
      ownThread,
      asks: asks && init.confirms === true,
      sendsMedia: () => this.tracks?.sends === true,
    });
    this.#confirmations = new Confirmations(init.clock, (id) => this.#confirm(id));
    this.#control = this.#make(0, "control");
    this.#sluice.setControl(this.#control.outbox);
    this.control = this.#control;
    const { clock, engine, role } = init;
    this.tracks =
      engine.tracks &&
      new ConnectionTracks({
        peer: this.peer,
        engine: engine.tracks,
        role,
        clock,
        send: (message) => this.#say(message),
        tune: () => this.tune(),
      });
  }

  get windowBytes(): number | undefined {
    return this.#init.engine.windowBytes;
  }

  get heardUs(): number | undefined {
    return this.#heardUs;
  }

  /** True before messages can flow, or are let. */
  get isConnecting(): boolean {
    return this.#phase === "connecting" || (this.#phase === "connected" && this.unproven);
  }

  /** Nothing has shown that its packets come through to a machine that seemed to be the same: a connection with smaller ones might do. */
  get unproven(): boolean {
    return this.#probe?.passed === false;
  }

  channel(id: number, label: string): Channel {
    checkChannelId(id, this.#channels.has(id));
    if (this.#phase !== "connected") throw new MeshError("channel-closed", "The connection is closed.");
    return this.#make(id, label);
  }

  /** After a description was set: more of the engine is there to be tuned. */
  tune(): void {
    this.#init.engine.tune(this.peer, this.#sluice);
  }

  async close(error?: MeshError): Promise<void> {
    if (this.#phase === "closing") {
      await this.closed;
      return;
    }
    if (this.#phase === "connected") {
      this.#phase = "closing";
      await this.#farewell(error);
    }
    await this.#end(error);
  }

  describe(): ConnectionState {
    const local = this.peer.localDescription?.sdp;
    const remote = this.peer.remoteDescription?.sdp;
    const tracks = this.tracks?.describe() ?? [];
    return {
      transport: "webrtc",
      engine: this.#init.engine.name,
      state: this.#phase === "closing" ? "closed" : this.#phase,
      address: this.#init.address,
      role: this.#init.role,
      ...(local === undefined ? {} : { localDescription: local }),
      ...(remote === undefined ? {} : { remoteDescription: remote }),
      localCandidates: uniqueCandidates([...candidatesOf(local), ...this.candidates.sent]),
      remoteCandidates: uniqueCandidates([...candidatesOf(remote), ...this.candidates.received]),
      ...selectedOf(this.#pairs),
      ...(tracks.length > 0 && { tracks }),
    };
  }

  /** How a path was looked for, once the connection is closed. */
  get search(): PathSearch {
    const { localCandidates = [], remoteCandidates = [] } = this.describe();
    const { relayOnly } = this.#init.engine;
    return { local: localCandidates, remote: remoteCandidates, pairs: this.#pairs, relayOnly };
  }

  /** What both sides take, so that both send the same. */
  get #maxMessageBytes(): number {
    const { messageBytes: least, largestMessageBytes } = channelLimits;
    const { engine, messageBytes: theirs = least } = this.#init;
    return Math.max(least, Math.min(theirs, engine.messageBytes ?? least, largestMessageBytes));
  }

  #make(id: number, label: string): WebrtcChannel {
    const { engine } = this.#init;
    // Labels are for people; werift cuts those that are not ASCII.
    const ascii = label.replaceAll(/[^\x20-\x7e]/g, "_").slice(0, 64);
    const native = this.peer.createDataChannel(ascii, { negotiated: true, id });
    const isControl = id === 0;
    const channel = new WebrtcChannel({
      engine,
      native,
      sluice: this.#sluice,
      id,
      label,
      maxMessageBytes: isControl ? channelLimits.messageBytes : this.#maxMessageBytes,
      peerReady: isControl || this.#announced.delete(id),
      encode: isControl ? encodePayload : (message) => message,
      receive: isControl ? (message) => this.#onControl(message) : (message) => message,
      onHeard: () => (this.#heardUs = this.#init.clock.nowUs()),
      onAsked: () => this.#confirmations.asked(id),
      fail: (error) => this.#onFailure(error),
    });
    this.#channels.set(id, channel);
    this.tune();
    const whenOpen = (): void => {
      if (isControl) this.#onOpen();
      else if (this.#phase === "connected") this.#announce(id);
    };
    if (native.readyState === "open") whenOpen();
    else native.addEventListener("open", whenOpen);
    return channel;
  }

  /**
   * At once, behind what waits already: where the control channel is always full, those who wait for room take it from one another, and the
   * other side could not send a word on the new channel before it is announced. Many may be made at once, so it may have to wait all the same.
   */
  #announce(id: number): void {
    const { outbox } = this.#control;
    if (outbox.takes) outbox.send(encodeChannel(id));
    else
      outbox.ready().then(
        () => this.#announce(id),
        () => undefined,
      );
  }

  #onOpen(): void {
    if (this.#phase !== "connecting") return;
    this.#phase = "connected";
    this.tune();
    this.#probePackets();
    // Whoever waits for the connection comes first: an engine may take its time.
    const { clock } = this.#init;
    this.opened.then(
      () => {
        if (this.#phase === "connected") this.#cancelLook = clock.schedule(0, () => void this.#look());
      },
      () => undefined,
    );
  }

  /** Opens when packets that are larger than those of a network have come through, where the two sides send such. */
  #probePackets(): void {
    const { clock, engine, role, sameMachine } = this.#init;
    const { packetBytes: theirs = 0 } = sameMachine ?? {};
    const { packetBytes: ours = 0 } = (sameMachine && engine.machine) ?? {};
    const packetBytes = Math.max(ours, theirs);
    if (packetBytes === 0) {
      this.#isOpen();
      return;
    }
    this.#probe = new Probe({
      clock,
      packetBytes,
      send: (message) => this.#sayIfRoom(message),
      whenPassed: this.#isOpen,
      whenFailed: role === "answerer" ? undefined : () => this.#onProbeFailed(packetBytes),
    });
  }

  /** The side that has dialled dials again then, without a word of its machine. */
  #onProbeFailed(packetBytes: number): void {
    this.#init.engine.machine?.distrust();
    const why = `The other side seemed to be on this machine, but packets of ${packetBytes} bytes do not come through.`;
    this.#onFailure(new MeshError("peer-lost", why));
  }

  /** Asks the engine for the paths; it may answer late, or no more. */
  async #look(): Promise<void> {
    const found = await this.#init.engine.pairs(this.peer);
    if (found.length > 0) this.#pairs = found;
  }

  #onControl(bytes: Uint8Array): Uint8Array | undefined {
    try {
      const message = decodeControl(bytes);
      if (message.kind === "payload") return message.message;
      if (message.kind === "close") this.#onClose(message.code);
      else if (message.kind === "confirmed") this.#onConfirmed(message.id, message.bytes);
      else if (message.kind === "probe") this.#sayIfRoom(encodeProbe("probed", message.size));
      else if (message.kind === "probed") this.#probe?.answered(message.size);
      else if (message.kind === "description") this.#onDescription(message.more, message.bytes);
      else if (this.#channels.has(message.id)) this.#channels.get(message.id)?.outbox.peerIsReady();
      else this.#announced.add(message.id);
    } catch (error) {
      this.#onFailure(MeshError.from(error));
    }
    return undefined;
  }

  /** @throws {MeshError} `protocol-violation` when the other side says what cannot be */
  #onConfirmed(id: number, bytes: number): void {
    const outbox = id === 0 ? undefined : this.#channels.get(id)?.outbox;
    if (outbox === undefined || !this.#sluice.confirmed(outbox, bytes)) {
      throw new MeshError("protocol-violation", `The other side confirmed what was never sent on channel ${id}.`);
    }
  }

  #confirm(id: number): void {
    const channel = this.#channels.get(id);
    if (channel !== undefined) this.#sayIfRoom(encodeConfirmed(id, channel.receivedBytes));
  }

  #onDescription(more: boolean, piece: Uint8Array): void {
    if (this.tracks === undefined) {
      throw new MeshError("protocol-violation", "The other side sent a description, and this one has no media tracks.");
    }
    this.tracks.receive(more, piece);
  }

  /** Sends a transport message; the end of the connection is seen elsewhere. */
  #say(message: Uint8Array): void {
    if (this.#phase === "connected") this.#control.outbox.send(message);
  }

  /** What the next one of its kind says as well. */
  #sayIfRoom(message: Uint8Array): void {
    if (this.#control.outbox.takes) this.#say(message);
  }

  #onClose(code: MeshError["code"] | undefined): void {
    if (this.#phase === "closing") {
      this.#otherIsGone?.();
      return;
    }
    // Not every engine tells that the association has ended when it had sent something over it.
    if (this.#phase === "connected" && this.#control.outbox.takes) this.#control.outbox.send(encodeClose(undefined));
    if (code === undefined) void this.#end(undefined);
    else void this.#end(new MeshError(code, `The other side has ended the connection (${code}).`));
  }

  #onConnectionState(): void {
    const state = this.peer.connectionState;
    if (state !== "failed" && state !== "closed") return;
    const text =
      this.#phase === "connecting" ? "No path to the other side was found" : "The path to the other side broke";
    this.#onFailure(new MeshError("peer-lost", `${text} (ICE or DTLS ${state}).`));
  }

  #onFailure(error: MeshError): void {
    if (this.#phase === "closing") this.#otherIsGone?.();
    // When the failure is on this side, the other one is still there to be told.
    else if (error.code === "peer-lost") void this.#lost(error);
    else void this.close(error);
  }

  /** Of an end that the engine has noticed the other side may say the reason elsewhere, just before or just after. */
  async #lost(error: MeshError): Promise<void> {
    const late = new AbortController();
    const { clock, givenUp } = this.#init;
    const said =
      givenUp && (await Promise.race([givenUp, delay(clock, farewellMs, late.signal).catch(() => undefined)]));
    late.abort();
    await this.#end(said ?? error);
  }

  /** Tells the other side and waits until it has gone, so that the message is not cut off with the connection. */
  async #farewell(reason: MeshError | undefined): Promise<void> {
    const gone = new Promise<void>((resolve) => (this.#otherIsGone = resolve));
    const late = new AbortController();
    try {
      this.#control.outbox.send(encodeClose(reason?.code));
      // Who does not answer any more does not say good-bye either.
      if (reason?.code === "peer-lost") return;
      await Promise.race([gone, delay(this.#init.clock, farewellMs, late.signal)]);
    } catch {
      // The control channel has no room or has ended: the other side learns it from the engine.
    } finally {
      late.abort();
    }
  }

  async #end(error: MeshError | undefined): Promise<void> {
    if (this.#phase === "closed") {
      await this.closed;
      return;
    }
    const wasOpen = this.#phase !== "connecting";
    this.#phase = "closed";
    if (!wasOpen) await this.#look();
    this.#isNotOpen(error ?? new MeshError("peer-lost", "The connection was closed before it was open."));
    this.tracks?.close(error ?? new MeshError("channel-closed", "The connection is closed."));
    this.#sluice.close();
    this.#confirmations.close();
    this.#probe?.close();
    this.#cancelLook?.();
    for (const channel of this.#channels.values()) channel.end(error);
    await this.#init.engine.close(this.peer);
    this.#isClosed({ error });
  }
}

function selectedOf(pairs: readonly CandidatePair[]): Pick<ConnectionState, "selectedPair"> {
  const pair = pairs.find(({ selected }) => selected);
  return pair === undefined ? {} : { selectedPair: { local: pair.local, remote: pair.remote } };
}
