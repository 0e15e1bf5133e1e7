import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Connection } from "../interface/transport.ts";
import { ControlChannel } from "./control-channel.ts";
import { HeartbeatState, runHeartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import { lingerMs } from "./limits.ts";
import { toFailure, type ControlMessage, type ForeignHello, type Sent } from "./messages.ts";
import { otherSide } from "./other-side.ts";
import type { Patience } from "./patience.ts";

export interface LegInit {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly heartbeat: HeartbeatOptions;
}

/** Who learns what happens on a leg. */
export interface LegListener {
  /** All but heartbeats. @throws {MeshError} to end the session with it */
  onMessage(message: Exclude<ControlMessage, { type: "ping" | "pong" }> | ForeignHello): void;
  /** The other side broke the protocol, or does not read. */
  onFailure(error: MeshError): void;
  /** Nothing comes through any more; `error` is undefined after an orderly close by the other side. */
  onEnd(error: MeshError | undefined): void;
}

/** One connection of a session, with its control channel and its heartbeat. A session that is resumed has one after the other. */
export class Leg {
  readonly connection: Connection;
  readonly #init: LegInit;
  readonly #control: ControlChannel;
  readonly #beat: HeartbeatState;
  readonly #startUs: number;
  #listener: LegListener;
  #stopHeartbeat: () => void = () => undefined;
  /** The other side has heard the last word. */
  #heard: () => void = () => undefined;
  #over = false;
  #leaving: Promise<void> | undefined;

  constructor(init: LegInit, listener: LegListener) {
    this.#init = init;
    this.#listener = listener;
    this.connection = init.connection;
    this.#startUs = init.clock.nowUs();
    this.#beat = new HeartbeatState(init.heartbeat, this.#startUs);
    this.#control = new ControlChannel({
      channel: init.connection.control,
      clock: init.clock,
      onMessage: (message) => this.#receive(message),
      onHeard: () => this.#beat.heard(init.clock.nowUs()),
      onFailure: (error) => this.#listener.onFailure(error),
    });
    void init.connection.closed.then(({ error }) => {
      if (!this.#over) this.#listener.onEnd(error);
    });
  }

  /** Another session has it from now on. */
  handTo(listener: LegListener, patience: Patience): void {
    this.#listener = listener;
    this.#beat.share(patience);
  }

  /** Starts to listen and to beat. */
  start(): void {
    const { clock, connection } = this.#init;
    this.#control.start();
    if (this.#over) return;
    this.#stopHeartbeat = runHeartbeat(clock, this.#beat, {
      ping: () => this.send({ type: "ping", sentUs: clock.nowUs() }),
      heardUs: () => connection.heardUs,
      lost: () => {
        this.#listener.onEnd(new MeshError("peer-lost", `${otherSide(connection.describe())} has gone silent.`));
      },
    });
    // The first ping may have found the way blocked.
    if (this.#over) this.#stopHeartbeat();
  }

  /** The host opens its pipeline, which may hold it up: silence counts later. */
  opening(): void {
    this.#beat.opening();
  }

  /** The session is open: silence counts sooner. */
  established(): void {
    this.#beat.established(this.#init.clock.nowUs());
  }

  get roundTripMs(): number | undefined {
    return this.#beat.roundTripMs;
  }

  /** @throws {MeshError} `resource-exhausted` when the message is larger than a peer takes */
  send(message: ControlMessage): void {
    if (this.#over) return;
    this.#beat.sent(this.#init.clock.nowUs());
    this.#control.send(message);
  }

  /**
   * Takes the connection down; calling it again waits for the same end.
   * @param silent the other side cannot hear any more, so nothing is said to it
   * @param sent what the other side should still wait for
   */
  leave(error: MeshError | undefined, silent: boolean, sent: readonly Sent[] = []): Promise<void> {
    this.#leaving ??= this.#depart(error, silent, sent);
    return this.#leaving;
  }

  async #depart(error: MeshError | undefined, silent: boolean, sent: readonly Sent[]): Promise<void> {
    this.#over = true;
    this.#stopHeartbeat();
    const { connection, clock } = this.#init;
    if (!silent) {
      const heard = new Promise<void>((resolve) => (this.#heard = resolve));
      this.#control.send({
        type: "bye",
        ...(error !== undefined && toFailure(error)),
        ...(sent.length > 0 && { sent: [...sent] }),
      });
      // The last word needs a moment to leave; the other side closes as soon as it has heard it.
      let cancel: () => void = () => undefined;
      const linger = new Promise<void>((resolve) => (cancel = clock.schedule(lingerMs, resolve)));
      await Promise.race([linger, heard, connection.closed]);
      cancel();
    }
    this.#control.stop();
    await connection.close(error);
  }

  #receive(message: ControlMessage | ForeignHello): void {
    if (this.#over) {
      if (message.type === "bye") this.#heard();
    } else if (message.type === "ping") {
      this.send({ type: "pong", sentUs: message.sentUs });
    } else if (message.type === "pong") {
      // An echo of what was never sent says nothing about the way.
      if (message.sentUs >= this.#startUs) this.#beat.measured(this.#init.clock.nowUs() - message.sentUs);
    } else {
      this.#listener.onMessage(message);
    }
  }
}
