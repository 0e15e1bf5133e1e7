import type { FlowType, Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Link } from "../interface/link.ts";
import type { SessionDescription, SessionEnd } from "../interface/session.ts";
import type { Channel, Connection } from "../interface/transport.ts";
import { ControlChannel } from "./control-channel.ts";
import { HeartbeatState, runHeartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import { defaultWindow, lingerMs, type Window } from "./limits.ts";
import { fromFailure, toFailure, type Bye, type ControlMessage, type ForeignHello } from "./messages.ts";
import { StreamSink } from "./stream-sink.ts";
import { StreamSource } from "./stream-source.ts";

/** The messages that mean something else to a caller than to a host. */
export type OpeningMessage = Extract<
  ControlMessage,
  { type: "hello" | "opening" | "accept" | "refuse" | "finished" | "describe" | "description" }
>;

export interface PeerWireInit {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly heartbeat: HeartbeatOptions;
  readonly pipeline: string;
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
}

/** One session's side of a connection: its control channel, its streams and its heartbeat, the same for both roles. */
export class PeerWire {
  /** Resolves as soon as the session is over; the connection may still be on its way down then. */
  readonly closed: Promise<SessionEnd>;
  /** Resolves when everything is free. */
  readonly freed: Promise<void>;
  readonly #init: PeerWireInit;
  readonly #control: ControlChannel;
  readonly #beat: HeartbeatState;
  readonly #startUs: number;
  readonly #sinks = new Map<number, StreamSink>();
  readonly #sources = new Map<number, StreamSource>();
  readonly #transport: string;
  #stopHeartbeat: () => void = () => undefined;
  #resolveClosed: (end: SessionEnd) => void = () => undefined;
  #resolveFreed: () => void = () => undefined;
  /** Set while the last word is on its way: the other side has heard it. */
  #heard: () => void = () => undefined;
  #over = false;

  constructor(init: PeerWireInit) {
    this.#init = init;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.freed = new Promise((resolve) => (this.#resolveFreed = resolve));
    const { transport } = init.connection.describe();
    this.#transport = transport === "webrtc" ? "WebRTC" : `${transport.slice(0, 1).toUpperCase()}${transport.slice(1)}`;
    this.#startUs = init.clock.nowUs();
    this.#beat = new HeartbeatState(init.heartbeat, this.#startUs);
    this.#control = new ControlChannel({
      channel: init.connection.control,
      clock: init.clock,
      onMessage: (message) => this.#receive(message),
      onHeard: () => this.#beat.heard(init.clock.nowUs()),
      onFailure: (error) => void this.close(error),
    });
    void init.connection.closed.then(({ error }) => {
      void this.close(
        error ?? new MeshError("peer-lost", `The peer at ${init.connection.describe().address} closed the connection.`),
        true,
      );
    });
  }

  /** Starts to listen and to beat. */
  start(): void {
    const { clock } = this.#init;
    this.#control.start();
    if (this.#over) return;
    this.#stopHeartbeat = runHeartbeat(clock, this.#beat, {
      ping: () => this.send({ type: "ping", sentUs: clock.nowUs() }),
      lost: () => {
        const { address } = this.#init.connection.describe();
        void this.close(new MeshError("peer-lost", `The peer at ${address} has gone silent.`), true);
      },
    });
    // The first ping may have found the way blocked.
    if (this.#over) this.#stopHeartbeat();
  }

  established(): void {
    this.#beat.established(this.#init.clock.nowUs());
  }

  get isClosing(): boolean {
    return this.#over;
  }

  send(message: ControlMessage): void {
    if (this.#over) return;
    this.#beat.sent(this.#init.clock.nowUs());
    this.#control.send(message);
  }

  sink(port: string, id: number, type: FlowType, window: Window = defaultWindow): StreamSink {
    const channel = this.#init.connection.channel(id, port);
    const sink = new StreamSink(
      {
        port,
        channel,
        type,
        transport: this.#transport,
        onFailure: (error) => void this.close(error),
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
      window: defaultWindow,
      onCredit: (frames, bytes) => this.send({ type: "credit", channel: id, frames, bytes }),
      onFailure: (error) => void this.close(error),
    });
    this.#sources.set(id, source);
    return source;
  }

  /** This side wants no more of a stream that comes in: the other side need not send it. */
  refuseStream(source: StreamSource, error: MeshError): void {
    for (const [id, one] of this.#sources) if (one === source) this.#sendAbort(id, error);
    source.discard();
  }

  /**
   * Ends the session.
   * @param silent the other side cannot hear any more, so nothing is said to it
   * @returns `freed`
   */
  close(error?: MeshError, silent = false): Promise<void> {
    if (this.#over) return this.freed;
    this.#over = true;
    this.#stopHeartbeat();
    const reason = error ?? new MeshError("cancelled", "The session has ended.");
    for (const sink of this.#sinks.values()) sink.stop(reason);
    for (const source of this.#sources.values()) source.stop();
    this.#resolveClosed({ error });
    this.#leave(error, silent).then(this.#resolveFreed, this.#resolveFreed);
    return this.freed;
  }

  describe(session: string): SessionDescription {
    const { roundTripMs } = this.#beat;
    const hopMs = roundTripMs === undefined ? undefined : roundTripMs / 2;
    const all = [...this.#sinks.values(), ...this.#sources.values()].map((one) => one.describe(hopMs));
    const connection = this.#init.connection.describe();
    return {
      id: session,
      pipeline: this.#init.pipeline,
      nodes: all.map((one) => one.node),
      remotes: [],
      streams: all.map((one) => one.stream),
      connection: roundTripMs === undefined ? connection : { ...connection, roundTripMs },
    };
  }

  #receive(message: ControlMessage | ForeignHello): void {
    if (this.#over) {
      if (message.type === "bye") this.#heard();
      return;
    }
    switch (message.type) {
      case "ping":
        this.send({ type: "pong", sentUs: message.sentUs });
        return;
      case "pong":
        // An echo of what was never sent says nothing about the way.
        if (message.sentUs >= this.#startUs) this.#beat.measured(this.#init.clock.nowUs() - message.sentUs);
        return;
      case "credit":
        this.#sinkOf(message.channel).credit(message.frames, message.bytes);
        return;
      case "abort":
        this.#aborted(message.channel, fromFailure(message));
        return;
      case "bye":
        void this.close(byeError(message) ?? this.#init.onLeave(), true);
        return;
      default:
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

  /** Says the last word and takes the connection down. */
  async #leave(error: MeshError | undefined, silent: boolean): Promise<void> {
    const { connection, clock } = this.#init;
    if (!silent) {
      const heard = new Promise<void>((resolve) => (this.#heard = resolve));
      this.#control.send({ type: "bye", ...(error !== undefined && toFailure(error)) });
      // The last word needs a moment to leave; the other side closes as soon as it has heard it.
      let cancel: () => void = () => undefined;
      const linger = new Promise<void>((resolve) => (cancel = clock.schedule(lingerMs, resolve)));
      await Promise.race([linger, heard, connection.closed]);
      cancel();
    }
    this.#control.stop();
    await connection.close(error);
  }
}

function byeError(bye: Bye): MeshError | undefined {
  const { code, message = "The other peer gave no reason." } = bye;
  return code === undefined ? undefined : fromFailure({ ...bye, code, message });
}
