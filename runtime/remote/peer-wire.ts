import type { FlowType, Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { SessionBorder, SessionDescription, SessionEnd } from "../interface/session.ts";
import type { Channel, Connection } from "../interface/transport.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";
import { Leg, type LegListener } from "./leg.ts";
import { defaultWindow, lingerMs, maxStreams, windowFor, type Window } from "./limits.ts";
import { otherSide } from "./other-side.ts";
import {
  byeError,
  fromFailure,
  toFailure,
  type ControlMessage,
  type ForeignHello,
  type Progress,
  type Sent,
} from "./messages.ts";
import { Patience } from "./patience.ts";
import { StreamSink, type FrameContext } from "./stream-sink.ts";
import { StreamSource } from "./stream-source.ts";
import type { SessionTracks, SessionTracksInit, TrackMessage } from "./tracks/session-tracks.ts";

/** The messages that mean something else to a caller than to a host. */
export type OpeningMessage = Extract<
  ControlMessage,
  {
    type:
      | "hello"
      | "opening"
      | "accept"
      | "refuse"
      | "finished"
      | "goaway"
      | "describe"
      | "description"
      | "resume"
      | "resumed";
  }
>;

export interface PeerWireInit {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly heartbeat: HeartbeatOptions;
  readonly pipeline: string;
  readonly role: "caller" | "host";
  /** Takes what opens a session and what ends it. @throws {MeshError} to end the session with it */
  readonly onMessage: (message: OpeningMessage | ForeignHello) => void;
  /** What it means that the other side leaves now without a failure of its own; undefined when it may. */
  readonly onLeave: () => MeshError | undefined;
}

export interface SourceInit {
  readonly port: string;
  readonly channel: Channel;
  /** In terms of this peer's own schemas: what the other side calls its types proves nothing. */
  readonly type: FlowType;
  readonly schemas: Schemas;
  readonly link: Link;
  readonly onEnd: (error: MeshError | undefined) => void;
  readonly onRefused: (error: MeshError) => void;
  readonly onContext?: (said: FrameContext | undefined) => void;
}

/**
 * One session's side of a connection: its control channel, its streams and its heartbeat, the same for both roles. Where
 * both sides keep what they send (`keep`), it may go on over another connection when one breaks.
 */
export class PeerWire {
  /** Resolves as soon as the session is over; the connection may still be on its way down then. */
  readonly closed: Promise<SessionEnd>;
  /** Resolves when everything is free. */
  readonly freed: Promise<void>;
  readonly #init: PeerWireInit;
  readonly #sinks = new Map<number, StreamSink>();
  readonly #sources = new Map<number, StreamSource>();
  readonly #transport: string;
  readonly #patience: Patience;
  #leg: Leg;
  /** Legs that broke and are on their way down. */
  readonly #leaving: Promise<void>[] = [];
  #resolveClosed: (end: SessionEnd) => void = () => undefined;
  #resolveFreed: () => void = () => undefined;
  #onInterrupted: ((error: MeshError) => void) | undefined;
  /** What the other side must have heard, whichever connections break. */
  readonly #lasting: ControlMessage[] = [];
  #tracks: SessionTracks | undefined;
  /** What was said of tracks before they are in use here; undefined where none are to come. */
  #earlyTracks: TrackMessage[] | undefined;
  #interrupted = false;
  /** The other side has failed with this, and what it had sent before has not all come. */
  #farewell: MeshError | undefined;
  #over = false;

  constructor(init: PeerWireInit) {
    this.#init = init;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.freed = new Promise((resolve) => (this.#resolveFreed = resolve));
    const { transport } = init.connection.describe();
    this.#transport = transport === "webrtc" ? "WebRTC" : `${transport.slice(0, 1).toUpperCase()}${transport.slice(1)}`;
    this.#patience = init.heartbeat.patience ?? new Patience();
    this.#leg = new Leg({ ...init, heartbeat: { ...init.heartbeat, patience: this.#patience } }, this.#listener());
  }

  /** Starts to listen and to beat. */
  start(): void {
    this.#leg.start();
  }

  established(): void {
    this.#leg.established();
  }

  get isClosing(): boolean {
    return this.#over;
  }

  /** What the connection wants readers to let be under way. */
  get windowBytes(): number | undefined {
    return this.#leg.connection.windowBytes;
  }

  /** True between two connections. */
  get isInterrupted(): boolean {
    return this.#interrupted && !this.#over;
  }

  send(message: ControlMessage): void {
    if (this.#over) return;
    if (message.type === "abort" || message.type === "finished") this.#lasting.push(message);
    if (message.type === "opening") this.#leg.opening();
    if (!this.#interrupted) this.#leg.send(message);
  }

  sink(port: string, id: number, type: FlowType, window: Window = defaultWindow): StreamSink {
    const channel = this.#leg.connection.channel(id, port);
    const sink = new StreamSink(
      {
        port,
        channel,
        type,
        transport: this.#transport,
        clock: this.#init.clock,
        onAbort: (error) => this.#sendAbort(id, error),
      },
      window,
    );
    this.#sinks.set(id, sink);
    return sink;
  }

  source(init: SourceInit): StreamSource {
    const { id } = init.channel;
    const source = new StreamSource({
      ...init,
      transport: this.#transport,
      clock: this.#init.clock,
      window: windowFor(init.type, this.windowBytes),
      onCredit: (frames, bytes) => this.send({ type: "credit", channel: id, frames, bytes }),
      onFailure: (error) => void this.close(error),
      onUndecodable: () => this.send({ type: "key-frame", channel: id }),
      hasTracks: () => this.#tracks !== undefined,
    });
    this.#sources.set(id, source);
    return source;
  }

  /** Both sides have agreed on media tracks; they will be in use in a moment. */
  expectTracks(): void {
    this.#earlyTracks = [];
  }

  /** Both sides can carry streams over media tracks. @param formats of the streams that this side writes, and of those it reads */
  useTracks(
    tracks: SessionTracks,
    formats: {
      readonly sinks: Readonly<Record<string, FlowType>>;
      readonly sources: Readonly<Record<string, FlowType>>;
    },
  ): void {
    this.#tracks = tracks;
    for (const [id, sink] of this.#sinks) {
      const type = formats.sinks[sink.port];
      if (type !== undefined) tracks.add(id, type, { sink, source: undefined });
    }
    for (const [id, source] of this.#sources) {
      const type = formats.sources[source.port];
      if (type !== undefined) tracks.add(id, type, { sink: undefined, source });
    }
    const early = this.#earlyTracks ?? [];
    this.#earlyTracks = undefined;
    for (const message of early) tracks.onMessage(message);
  }

  /** What the tracks of a session need of it. */
  get forTracks(): Pick<SessionTracksInit, "send" | "fail"> {
    return { send: (message) => this.send(message), fail: (error) => void this.close(error) };
  }

  /** This side wants no more of a stream that comes in: the other side need not send it. */
  refuseStream(source: StreamSource, error: MeshError): void {
    for (const [id, one] of this.#sources) if (one === source) this.#sendAbort(id, error);
    source.discard();
  }

  // ---- going on over another connection ----------------------------------------------------------------------------

  /**
   * From now on the session outlives its connection.
   * @param onInterrupted its connection broke; `resume` or `close` is to follow
   */
  keep(onInterrupted: (error: MeshError) => void): void {
    this.#onInterrupted = onInterrupted;
    for (const sink of this.#sinks.values()) sink.keep();
  }

  /** Gives the connection in use up, if there is one: another is to take its place. */
  interrupt(error: MeshError): void {
    if (this.#over || this.#interrupted) return;
    this.#interrupted = true;
    this.#leaving.push(this.#leg.leave(error, true));
    for (const sink of this.#sinks.values()) sink.interrupt();
    for (const source of this.#sources.values()) source.interrupt();
    this.#tracks?.interrupt();
  }

  /** By port, what this side has sent and the other one has not confirmed. */
  unconfirmed(): Readonly<Record<string, readonly Frame[]>> {
    return Object.fromEntries([...this.#sinks.values()].map((sink) => [sink.port, sink.unconfirmed()]));
  }

  /** What this side has read so far. Only of streams that are interrupted, for nothing may come after it is told. */
  progress(): Progress[] {
    return [...this.#sources.values()].map((source) => source.progress());
  }

  /** Another connection of the session, which `resume` takes. The channels of all streams are on it. */
  channelsOn(connection: Connection): ReadonlyMap<number, Channel> {
    const streams = [...this.#sinks, ...this.#sources];
    return new Map(streams.map(([id, { port }]) => [id, connection.channel(id, port)]));
  }

  /**
   * Goes on over another connection.
   * @param theirs what the other side has read
   * @param before is called when it is certain, before anything is sent
   * @throws {MeshError} `protocol-violation` when the other side tells what cannot be
   */
  resume(leg: Leg, channels: ReadonlyMap<number, Channel>, theirs: readonly Progress[], before: () => void): void {
    const told = new Map(theirs.map((one) => [one.channel, one]));
    if (told.size !== theirs.length || told.size !== this.#sinks.size) throw untold();
    leg.handTo(this.#listener(), this.#patience);
    this.#patience.acquit("running");
    this.#leg = leg;
    this.#interrupted = false;
    before();
    leg.established();
    for (const [id, sink] of this.#sinks) {
      const progress = told.get(id);
      if (progress === undefined) throw untold();
      sink.resume(channels.get(id) as Channel, progress);
    }
    for (const message of this.#lasting) leg.send(message);
    for (const [id, source] of this.#sources) source.start(channels.get(id));
    this.#tracks?.resume(leg.connection.tracks);
  }

  /** Gives its connection away; this wire is over. */
  release(): Leg {
    this.#over = true;
    this.#resolveClosed({ error: undefined });
    this.#resolveFreed();
    return this.#leg;
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  /**
   * Ends the session.
   * @param silent the other side cannot hear any more, so nothing is said to it
   * @returns `freed`
   */
  close(error?: MeshError, silent = false): Promise<void> {
    if (this.#over) return this.freed;
    this.#over = true;
    const reason = error ?? new MeshError("cancelled", "The session has ended.");
    this.#tracks?.close();
    // What a caller has sent is of no use without the caller; but the answers of a host are.
    const sent = error !== undefined && !silent && this.#init.role === "host" ? this.#sent() : [];
    for (const sink of this.#sinks.values()) sink.stop(reason);
    for (const source of this.#sources.values()) source.stop();
    this.#resolveClosed({ error });
    if (!this.#interrupted) this.#leaving.push(this.#leg.leave(error, silent, sent));
    Promise.all(this.#leaving).then(this.#resolveFreed, this.#resolveFreed);
    return this.freed;
  }

  describe(session: string): SessionDescription {
    const { roundTripMs } = this.#leg;
    const hopMs = roundTripMs === undefined ? undefined : roundTripMs / 2;
    const all = [...this.#sinks.values(), ...this.#sources.values()].map((one) => one.describe(hopMs));
    const connection = this.#leg.connection.describe();
    return {
      id: session,
      pipeline: this.#init.pipeline,
      nodes: all.map((one) => one.node),
      remotes: [],
      streams: all.map((one) => one.stream),
      connection: roundTripMs === undefined ? connection : { ...connection, roundTripMs },
    };
  }

  /** What stands at the border of the pipeline that the session is with, while a connection carries it. */
  border(session: string): SessionBorder {
    const { nodes, connection } = this.describe(session);
    return { nodes: connection?.state === "connected" ? nodes : [], connection };
  }

  #listener(): LegListener {
    return {
      onMessage: (message) => this.#receive(message),
      onFailure: (error) => void this.close(error),
      onEnd: (error) => this.#lost(error),
    };
  }

  #sent(): Sent[] {
    return [...this.#sinks].flatMap(([channel, sink]) => {
      const frames = sink.sendAll();
      return frames === 0 ? [] : [{ channel, frames }];
    });
  }

  /**
   * The other side has said its last word. Channels are in no order among each other, so what it had sent on those of streams may
   * still come: an answer must not be lost to the failure of the next question.
   */
  #left(error: MeshError | undefined, sent: readonly Sent[]): void {
    const end = (): void => void this.close(error, true);
    const lacks = (): boolean => sent.some(({ channel, frames }) => this.#sources.get(channel)?.lacks(frames) === true);
    if (error === undefined || this.#init.role === "host" || !lacks()) {
      end();
      return;
    }
    this.#farewell = error;
    // Nobody would read what is written from now on; whoever writes waits for the end of the session.
    for (const sink of this.#sinks.values()) sink.interrupt();
    for (const source of this.#sources.values()) {
      source.onArrival(() => {
        if (!lacks()) end();
      });
    }
    const cancel = this.#init.clock.schedule(lingerMs, end);
    void this.closed.then(cancel);
  }

  #lost(error: MeshError | undefined): void {
    if (this.#farewell !== undefined) {
      void this.close(this.#farewell, true);
      return;
    }
    const who = otherSide(this.#leg.connection.describe());
    const reason = error ?? new MeshError("peer-lost", `${who} closed the connection.`);
    // Whoever closes in good order does not wait for another connection.
    if (this.#onInterrupted === undefined || error?.code !== "peer-lost") {
      void this.close(reason, true);
      return;
    }
    this.interrupt(reason);
    this.#onInterrupted(reason);
  }

  #receive(message: Exclude<ControlMessage, { type: "ping" | "pong" }> | ForeignHello): void {
    // Nothing counts behind the last word.
    if (this.#farewell !== undefined) return;
    switch (message.type) {
      case "credit":
        this.#sinkOf(message.channel).credit(message.frames, message.bytes);
        return;
      case "abort":
        this.#aborted(message.channel, fromFailure(message));
        return;
      case "key-frame":
        this.#sinkOf(message.channel).requestKeyFrame();
        return;
      case "track":
        if (this.#tracks !== undefined) this.#tracks.onMessage(message);
        else if (this.#earlyTracks !== undefined && this.#earlyTracks.length < maxStreams)
          this.#earlyTracks.push(message);
        else throw new MeshError("protocol-violation", "Media tracks were not agreed on.");
        return;
      case "bye":
        this.#left(byeError(message) ?? this.#init.onLeave(), message.sent ?? []);
        return;
      default:
        if (message.type === "opening") {
          this.#patience.acquit("opening");
          this.#leg.opening();
        }
        this.#init.onMessage(message);
    }
  }

  /** A stream was given up by its writer or by its reader. */
  #aborted(id: number, error: MeshError): void {
    const source = this.#sources.get(id);
    if (source === undefined) this.#sinkOf(id).discard();
    else source.reset(error);
  }

  #sinkOf(id: number): StreamSink {
    const sink = this.#sinks.get(id);
    if (sink !== undefined) return sink;
    throw new MeshError(
      "protocol-violation",
      `A control message is about channel ${id}, which carries no such stream.`,
    );
  }

  #sendAbort(channel: number, error: MeshError): void {
    this.send({ type: "abort", channel, ...toFailure(error) });
  }
}

function untold(): MeshError {
  return new MeshError("protocol-violation", "The other side does not say of each stream what it has read.");
}
