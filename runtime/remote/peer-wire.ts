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

export interface PeerWireInit {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly heartbeat: HeartbeatOptions;
  readonly pipeline: string;
  /** Messages that open a session and those that end it; everything else is dealt with here. */
  readonly onMessage: (message: ControlMessage | ForeignHello) => void;
}

/** One session's side of a connection: its control channel, its streams and its heartbeat, the same for both roles. */
export class PeerWire {
  readonly closed: Promise<SessionEnd>;
  readonly #init: PeerWireInit;
  readonly #control: ControlChannel;
  readonly #beat: HeartbeatState;
  readonly #sinks = new Map<number, StreamSink>();
  readonly #sources = new Map<number, StreamSource>();
  readonly #transport: string;
  #stopHeartbeat: () => void = () => undefined;
  #resolveClosed: (end: SessionEnd) => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(init: PeerWireInit) {
    this.#init = init;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    const { transport } = init.connection.describe();
    this.#transport = transport === "webrtc" ? "WebRTC" : `${transport.slice(0, 1).toUpperCase()}${transport.slice(1)}`;
    this.#beat = new HeartbeatState(init.heartbeat, init.clock.nowUs());
    this.#control = new ControlChannel({
      channel: init.connection.control,
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
    this.#stopHeartbeat = runHeartbeat(clock, this.#beat, {
      ping: () => this.send({ type: "ping", sentUs: clock.nowUs() }),
      lost: () => {
        const { address } = this.#init.connection.describe();
        void this.close(new MeshError("peer-lost", `The peer at ${address} has gone silent.`), true);
      },
    });
  }

  established(): void {
    this.#beat.established(this.#init.clock.nowUs());
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  send(message: ControlMessage): void {
    if (this.#closing !== undefined && message.type !== "bye") return;
    this.#beat.sent(this.#init.clock.nowUs());
    this.#control.send(message);
  }

  sink(port: string, id: number, type: FlowType, window: Window = defaultWindow): StreamSink {
    const channel = this.#init.connection.channel(id, port);
    const onFailure = (error: MeshError): void => void this.close(error);
    const sink = new StreamSink({ port, channel, type, transport: this.#transport, onFailure }, window);
    this.#sinks.set(id, sink);
    return sink;
  }

  source(
    port: string,
    channel: Channel,
    type: FlowType,
    schemas: Schemas,
    link: Link,
    onEnd: () => void,
  ): StreamSource {
    const { id } = channel;
    const source = new StreamSource({
      port,
      channel,
      type,
      transport: this.#transport,
      schemas,
      clock: this.#init.clock,
      window: defaultWindow,
      link,
      onCredit: (frames, bytes) => this.send({ type: "credit", channel: id, frames, bytes }),
      onEnd,
      onFailure: (error) => void this.close(error),
    });
    this.#sources.set(id, source);
    return source;
  }

  /** @param silent the other side cannot hear any more, so nothing is said to it */
  close(error?: MeshError, silent = false): Promise<void> {
    this.#closing ??= this.#tearDown(error, silent);
    return this.#closing;
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
    switch (message.type) {
      case "ping":
        this.send({ type: "pong", sentUs: message.sentUs });
        return;
      case "pong":
        this.#beat.measured(this.#init.clock.nowUs() - message.sentUs);
        return;
      case "credit":
        this.#sinks.get(message.channel)?.credit(message.frames, message.bytes);
        return;
      case "bye":
        void this.close(byeError(message), true);
        return;
      case "abort":
        void this.close(fromFailure(message));
        return;
      default:
        this.#init.onMessage(message);
    }
  }

  async #tearDown(error: MeshError | undefined, silent: boolean): Promise<void> {
    const { connection, clock } = this.#init;
    this.#stopHeartbeat();
    const reason = error ?? new MeshError("cancelled", "The session has ended.");
    for (const sink of this.#sinks.values()) sink.abort(reason);
    for (const source of this.#sources.values()) source.stop();
    if (!silent) {
      this.send({ type: "bye", ...(error !== undefined && toFailure(error)) });
      // The last word needs a moment to leave; the other side closes as soon as it has heard it.
      let cancel: () => void = () => undefined;
      const linger = new Promise<void>((resolve) => (cancel = clock.schedule(lingerMs, resolve)));
      await Promise.race([linger, connection.closed]);
      cancel();
    }
    this.#control.stop();
    await connection.close(error);
    this.#resolveClosed({ error });
  }
}

function byeError(bye: Bye): MeshError | undefined {
  const { code, message } = bye;
  return code === undefined || message === undefined ? undefined : fromFailure({ ...bye, code, message });
}
