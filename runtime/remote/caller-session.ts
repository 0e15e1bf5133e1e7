import { whenAborted } from "../interface/abort.ts";
import type { FlowType } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import { named } from "../interface/named.ts";
import type { RequestContext } from "../interface/request-context.ts";
import type { Random } from "../interface/random.ts";
import type { PipelineSession, SessionDescription, SessionEnd, SessionRequest } from "../interface/session.ts";
import type { Channel, Connection } from "../interface/transport.ts";
import { agreedFormats } from "./agreement.ts";
import { cborEncoding, gainsByCbor } from "./cbor/choose.ts";
import { recordWriter } from "./cbor/record-writer.ts";
import { differenceOf } from "./frame-context.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";
import { answerShare, defaultWindow, maxStreams, protocolVersion, resumeMs, windowFor } from "./limits.ts";
import { fromFailure, type Accept, type Hello } from "./messages.ts";
import { PeerWire, type OpeningMessage } from "./peer-wire.ts";
import { cutBetween } from "../pipeline/declared-fields.ts";
import { resumeOver } from "./resumption.ts";
import { schemasOf } from "../interface/schemas-of.ts";
import type { StreamSink } from "./stream-sink.ts";
import { mayUseTracks, SessionTracks } from "./tracks/session-tracks.ts";

export interface CallerSessionInit {
  readonly connection: Connection;
  /** The dialled address, for messages. */
  readonly uri: string;
  readonly pipeline: string;
  readonly id: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly heartbeat: HeartbeatOptions;
  readonly request: SessionRequest;
  /** The other peer is there and opens its pipeline, which may take long. */
  readonly onOpening: () => void;
  /** A secret by which the session is known again on another connection. */
  readonly token: string;
  /** Another connection to the same address. */
  readonly redial: (signal: AbortSignal) => Promise<Connection>;
}

/** How a session ends whose peer is not there any more, or does not move. */
const goneBy: ReadonlySet<string> = new Set(["peer-lost", "deadline-exceeded"]);

/** The caller's side of a session with a pipeline on another peer. */
export class CallerSession implements PipelineSession {
  readonly id: string;
  readonly inputs = named<StreamSink>();
  readonly closed: Promise<SessionEnd>;
  readonly goingAway: Promise<void>;
  tracks: SessionTracks | undefined;
  readonly #init: CallerSessionInit;
  readonly #wire: PeerWire;
  readonly #accepted: Promise<Accept>;
  /** Outputs that have not ended yet. */
  readonly #pending: Set<string>;
  #formats: PipelineSession["formats"] = { inputs: {}, outputs: {} };
  #idempotent = false;
  #phase: "greeting" | "answered" | "finished" = "greeting";
  /** Why an output was given up by the other side; its session then cannot end well. */
  #lostOutput: MeshError | undefined;
  /** How often it was tried to go on over another connection. */
  #attempts = 0;
  /** Why the last connection broke. */
  #broken: MeshError | undefined;
  #end: SessionEnd | undefined;
  #cancelExpiry: () => void = () => undefined;
  #goesAway: () => void = () => undefined;
  #settle: (accept: Accept) => void = () => undefined;
  #reject: (error: MeshError) => void = () => undefined;

  constructor(init: CallerSessionInit) {
    const { connection, clock, heartbeat, pipeline, request, uri } = init;
    this.id = init.id;
    this.#init = init;
    this.#pending = new Set(Object.keys(request.outputs));
    this.goingAway = new Promise((resolve) => (this.#goesAway = resolve));
    this.#accepted = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#reject = reject;
    });
    // What comes before `open` waits for it is seen there.
    this.#accepted.catch(() => undefined);
    this.#wire = new PeerWire({
      connection,
      clock,
      heartbeat,
      pipeline,
      role: "caller",
      onMessage: (message) => this.#take(message),
      onLeave: () =>
        new MeshError("peer-lost", `The peer at ${uri} left before ${missing(this.#pending, this.#phase)}.`),
    });
    this.closed = this.#wire.closed;
    void this.closed.then((end) => {
      const { error } = end;
      this.#end = end;
      this.#cancelExpiry();
      this.#reject(error ?? new MeshError("peer-lost", `${uri} closed before it answered.`));
    });
  }

  get formats(): PipelineSession["formats"] {
    return this.#formats;
  }

  get idempotent(): boolean {
    return this.#idempotent;
  }

  /** Says hello and waits for the answer. @throws {MeshError} the refusal, or the signal's reason; nothing is left open */
  async open(signal: AbortSignal): Promise<void> {
    const unlisten = whenAborted(signal, () => this.#reject(MeshError.from(signal.reason, "cancelled")));
    try {
      const channels = this.#greet();
      const accept = await this.#accepted;
      this.#begin(accept, channels);
    } catch (error) {
      const failure = MeshError.from(error);
      void this.#wire.close(failure);
      throw failure;
    } finally {
      unlisten();
    }
  }

  async resume(signal: AbortSignal): Promise<boolean> {
    if (!this.#wire.isInterrupted) return !this.#wire.isClosing;
    const { clock, heartbeat, id, pipeline, redial, token } = this.#init;
    this.#attempts += 1;
    const request = { session: id, pipeline, token, attempt: this.#attempts };
    const connection = await redial(signal);
    if (!this.#wire.isInterrupted) {
      await connection.close();
      return !this.#wire.isClosing;
    }
    if (await resumeOver(this.#wire, { connection, clock, heartbeat }, request, signal)) {
      // The new connection may have broken already.
      if (!this.#wire.isInterrupted) this.#cancelExpiry();
      return true;
    }
    await this.#wire.close(this.#broken);
    return false;
  }

  close(error?: MeshError): Promise<void> {
    return this.#wire.close(error ?? new MeshError("cancelled", "The session was closed by its caller."));
  }

  adopt(context: RequestContext): void {
    const difference = differenceOf(this.#init.request.context ?? {}, context);
    for (const sink of Object.values(this.inputs)) sink.adopt(difference);
  }

  /**
   * Of inputs that are not live: a peer that is gone may not have had them, and another takes its place. What it has confirmed has had its
   * effect, and so may what a pipeline failed on.
   */
  unanswered(): Readonly<Record<string, readonly Frame[]>> {
    const { error } = this.#end ?? {};
    // A peer that names the node is there, and so is what that node has failed on: another instance would too.
    const isGone =
      this.#end === undefined ? this.#wire.isInterrupted : goneBy.has(error?.code ?? "") && error?.node === undefined;
    if (!isGone) return {};
    const live = new Set(this.#init.request.live?.inputs);
    return Object.fromEntries(Object.entries(this.#wire.unconfirmed()).filter(([port]) => !live.has(port)));
  }

  async confirmed(signal: AbortSignal): Promise<void> {
    const live = new Set(this.#init.request.live?.inputs);
    const sinks = Object.entries(this.inputs).filter(([port]) => !live.has(port));
    await Promise.all(sinks.map(([, sink]) => sink.confirmed(signal)));
  }

  describe(): SessionDescription {
    return this.#wire.describe(this.id);
  }

  /** @returns the channels of the outputs: they must be there before the other side can send on them */
  #greet(): ReadonlyMap<string, Channel> {
    const { connection, request, pipeline, clock } = this.#init;
    const inputs = Object.entries(request.inputs).map(([port, type], index) => ({ port, channel: index + 1, type }));
    const outputs = Object.entries(request.outputs).map(([port, { type }], index) => ({
      port,
      channel: inputs.length + index + 1,
      type,
      window: windowFor(type, connection.windowBytes),
    }));
    const streams = [...inputs, ...outputs];
    if (streams.length > maxStreams) {
      throw new MeshError("resource-exhausted", `A session carries at most ${maxStreams} streams.`);
    }
    for (const { port, channel, type } of inputs) this.inputs[port] = this.#wire.sink(port, channel, type);
    const channels = new Map(outputs.map(({ port, channel }) => [port, connection.channel(channel, port)]));
    this.#wire.start();
    const leftMs = request.deadlineUs === undefined ? undefined : (request.deadlineUs - clock.nowUs()) / 1_000;
    this.#wire.send({
      type: "hello",
      versions: [protocolVersion],
      session: this.id,
      pipeline,
      params: { ...request.params },
      inputs,
      outputs,
      schemas: schemasOf(
        streams.map(({ type }) => type),
        request.schemas,
      ),
      ...(request.context !== undefined && { context: request.context }),
      ...(streams.some(({ type }) => gainsByCbor(type, request.schemas)) && { encodings: [cborEncoding] }),
      ...this.#trackOffer(streams.map(({ type }) => type)),
      // The answer has to come back in time as well.
      ...(request.onInterrupted !== undefined && {
        resume: { token: this.#init.token, withinMs: Math.max(1, Math.floor(request.resumeMs ?? resumeMs)) },
      }),
      ...(leftMs !== undefined && { withinMs: Math.max(1, Math.floor(leftMs * answerShare)) }),
    });
    return channels;
  }

  /** Says what this side can carry over tracks, where any stream may be of use there. */
  #trackOffer(types: readonly FlowType[]): Pick<Hello, "tracks"> {
    const { tracks } = this.#init.connection;
    if (tracks === undefined || !types.some((type) => mayUseTracks(type, tracks.codecs))) return {};
    return { tracks: { codecs: [...tracks.codecs] } };
  }

  #useTracks(accept: Accept): void {
    const { connection, clock, random, request } = this.#init;
    if (accept.tracks === undefined || connection.tracks === undefined) return;
    const { codecs } = accept.tracks;
    const { formats } = this;
    const tracks = connection.tracks;
    this.tracks = new SessionTracks({ tracks, role: "caller", codecs, clock, random, ...this.#wire.forTracks });
    this.#wire.useTracks(this.tracks, { sinks: formats.inputs, sources: formats.outputs });
    this.tracks.start(request.live);
  }

  #begin(accept: Accept, channels: ReadonlyMap<string, Channel>): void {
    const { request } = this.#init;
    this.#formats = agreedFormats(accept, request);
    this.#idempotent = accept.idempotent === true;
    for (const [port, sink] of Object.entries(this.inputs)) {
      const theirs = accept.inputs.find((one) => one.port === port);
      const own = request.inputs[port];
      const scopes = { producer: request.schemas, consumer: accept.schemas };
      const cut = own && theirs && cutBetween(own, theirs.type, scopes);
      const type = this.#formats.inputs[port] as FlowType;
      const cbor = recordWriter(accept.encodings, type, request.schemas);
      sink.settle(type, theirs?.window ?? defaultWindow, { ...(cut && { cut }), ...(cbor && { cbor }) });
    }
    this.#wire.established();
    const { onInterrupted } = request;
    const keptMs = accept.resume?.withinMs;
    if (onInterrupted !== undefined && keptMs !== undefined) {
      this.#wire.keep((error) => {
        this.#broken = error;
        this.#cancelExpiry();
        this.#cancelExpiry = this.#init.clock.schedule(keptMs, () => void this.#wire.close(error));
        onInterrupted(error);
      });
    }
    const sources = [...channels].map(([port, channel]) =>
      this.#wire.source({
        port,
        channel,
        type: this.#formats.outputs[port] as FlowType,
        schemas: request.schemas,
        link: request.outputs[port]?.link as Link,
        onEnd: (error) => this.#outputEnded(port, error),
        onRefused: (error) => void this.#wire.close(error),
      }),
    );
    this.#useTracks(accept);
    for (const source of sources) source.start();
    const { signal } = request;
    const unlisten = whenAborted(signal, () => void this.#wire.close(MeshError.from(signal.reason, "cancelled")));
    void this.closed.then(unlisten);
  }

  #take(message: OpeningMessage | { readonly type: "foreign-hello" }): void {
    if (message.type === "opening" && this.#phase === "greeting") {
      this.#init.onOpening();
    } else if (message.type === "accept" && this.#phase === "greeting") {
      this.#phase = "answered";
      if (message.tracks !== undefined && this.#init.connection.tracks !== undefined) this.#wire.expectTracks();
      this.#settle(message);
    } else if (message.type === "refuse" && this.#phase === "greeting") {
      this.#phase = "answered";
      this.#reject(fromFailure(message));
    } else if (message.type === "finished" && this.#phase === "answered") {
      this.#phase = "finished";
      this.#look();
    } else if (message.type === "goaway" && this.#phase !== "greeting") {
      this.#goesAway();
    } else if (message.type === "finished" && this.#phase === "finished") {
      // Said again over another connection, for the first time may not have been heard.
    } else {
      throw new MeshError("protocol-violation", `The other peer said "${message.type}" at the wrong time.`);
    }
  }

  #outputEnded(port: string, error: MeshError | undefined): void {
    this.#pending.delete(port);
    this.#lostOutput ??= error;
    this.#look();
  }

  /** Leaves once the pipeline has ended and all that it gave has been delivered. */
  #look(): void {
    if (this.#phase === "finished" && this.#pending.size === 0) void this.#wire.close(this.#lostOutput);
  }
}

function missing(pending: ReadonlySet<string>, phase: string): string {
  if (phase === "greeting") return "it answered";
  const ports = [...pending].map((port) => `\`${port}\``).join(", ");
  return ports === "" ? "its pipeline had ended" : `its output ${ports} had ended`;
}
