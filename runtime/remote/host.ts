import type { Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import type { PipelineDescription, PortDescription } from "../interface/description.ts";
import { MeshError } from "../interface/errors.ts";
import { readContext, type RequestContext } from "../interface/request-context.ts";
import type { Random } from "../interface/random.ts";
import type { PipelineEndpoint, PipelineSession, SessionRequest } from "../interface/session.ts";
import type { Connection } from "../interface/transport.ts";
import { Underway, type Draining } from "../interface/underway.ts";
import { saidWith } from "./frame-context.ts";
import { cborEncoding } from "./cbor/choose.ts";
import { recordWriter } from "./cbor/record-writer.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";
import { helloTimeoutMs, lingerMs, maxConnections, maxResumeMs, protocolVersion, windowFor } from "./limits.ts";
import { toFailure, type Accept, type Description, type Hello, type Resume } from "./messages.ts";
import type { Leg } from "./leg.ts";
import { PeerWire } from "./peer-wire.ts";
import { schemasOf } from "../interface/schemas-of.ts";
import type { StreamSink } from "./stream-sink.ts";
import { SessionTracks } from "./tracks/session-tracks.ts";

/** A pipeline that callers may open sessions with. */
export interface ServedPipeline {
  readonly endpoint: PipelineEndpoint;
  /** The records and enums that its types mean. */
  readonly schemas: Schemas;
  readonly describe: () => PipelineDescription;
}

export interface ServeInit {
  /** The pipeline that runs under a name here. */
  readonly find: (name: string) => ServedPipeline | undefined;
  readonly names: () => readonly string[];
  readonly clock: Clock;
  /** Left out, streams do not go over media tracks. */
  readonly random?: Random;
  readonly heartbeat?: HeartbeatOptions;
  /** Connections that are served at the same time; 1,024. */
  readonly maxConnections?: number;
}

/** Answers callers: each connection is one session. */
export interface PipelineHost {
  /** For `Transport.listen`. */
  readonly accept: (connection: Connection, pipeline: string) => void;
  /**
   * Opens no more sessions, and tells those who have one that it is about to stop; what goes on goes on. A session with a
   * `batch` pipeline counts as a call: its caller leaves once its questions have been answered.
   */
  drain(): Draining;
  /** Ends all sessions, telling the callers why, and takes no more; resolves when everything is free. */
  close(error: MeshError): Promise<void>;
}

export function servePipelines(init: ServeInit): PipelineHost {
  const calls = new Set<HostedCall>();
  const underway = { calls: new Underway(), streams: new Underway() };
  const limit = init.maxConnections ?? maxConnections;
  let stopped: MeshError | undefined;
  const interrupted = (): number => [...calls].filter(({ wire }) => wire.isInterrupted).length;
  const kept = new KeptSessions(() => interrupted() <= limit);
  return {
    accept(connection, pipeline) {
      const call = new HostedCall(init, connection, pipeline, kept, underway);
      calls.add(call);
      void call.wire.freed.then(() => calls.delete(call));
      call.start(stopped ?? crowded(calls.size - interrupted(), limit));
    },
    drain() {
      stopped ??= new MeshError("peer-lost", "The peer stops.");
      for (const call of calls) call.drain(stopped);
      return underway;
    },
    async close(error) {
      stopped ??= error;
      await Promise.all([...calls].map(({ wire }) => wire.close(error)));
    },
  };
}

function crowded(count: number, limit: number): MeshError | undefined {
  if (count <= limit) return undefined;
  return new MeshError("resource-exhausted", `This peer serves ${limit} connections, and takes no more now.`);
}

/** Sessions that may go on over another connection, by what only their callers know. */
class KeptSessions {
  /** Whether one more may wait for its caller. */
  readonly hasRoom: () => boolean;
  readonly #calls = new Map<string, HostedCall>();

  constructor(hasRoom: () => boolean) {
    this.hasRoom = hasRoom;
  }

  /** @returns false when the token is another session's */
  add(token: string, call: HostedCall): boolean {
    if (this.#calls.has(token)) return false;
    this.#calls.set(token, call);
    void call.wire.closed.then(() => this.#calls.delete(token));
    return true;
  }

  find({ token, session, pipeline, attempt }: Resume): HostedCall | undefined {
    const call = this.#calls.get(token);
    return call?.isOf(session, pipeline) === true && attempt > call.attempt ? call : undefined;
  }
}

/** One connection from its first message to its end. */
class HostedCall {
  readonly wire: PeerWire;
  readonly #init: ServeInit;
  readonly #connection: Connection;
  readonly #pipeline: string;
  readonly #kept: KeptSessions;
  readonly #underway: Draining;
  /** The peer is about to stop. */
  #draining: MeshError | undefined;
  #cancelHello: () => void = () => undefined;
  #cancelExpiry: () => void = () => undefined;
  #greeted = false;
  #accepted = false;
  #session = "";
  /** Number of the last attempt of the caller to go on over another connection. */
  #attempt = 0;

  constructor(init: ServeInit, connection: Connection, pipeline: string, kept: KeptSessions, underway: Draining) {
    this.#init = init;
    this.#underway = underway;
    this.#connection = connection;
    this.#pipeline = pipeline;
    this.#kept = kept;
    this.wire = new PeerWire({
      connection,
      clock: init.clock,
      heartbeat: init.heartbeat ?? {},
      pipeline,
      role: "host",
      onMessage: (message) => {
        if (message.type === "foreign-hello") this.#greet(() => this.#refuse(versionMismatch(message.versions)));
        else if (message.type === "hello") this.#greet(() => void this.#answer(message));
        else if (message.type === "describe") this.#greet(() => this.#describe(message.pipeline));
        else if (message.type === "resume") this.#greet(() => this.#resume(message));
        else throw new MeshError("protocol-violation", `A caller does not say "${message.type}".`);
      },
      // A caller may leave whenever it likes; what it had asked for is of no use then.
      onLeave: () => undefined,
    });
  }

  /** @param refusal why no session can be had, whatever the caller asks for */
  start(refusal: MeshError | undefined): void {
    if (refusal !== undefined) {
      this.wire.start();
      this.#greeted = true;
      this.#refuse(refusal);
      return;
    }
    this.#cancelHello = this.#init.clock.schedule(helloTimeoutMs, () => {
      void this.wire.close(new MeshError("deadline-exceeded", "The caller did not say hello."));
    });
    void this.wire.closed.then(() => this.#cancelHello());
    this.wire.start();
  }

  /** @param reason why no session is opened any more */
  drain(reason: MeshError): void {
    this.#draining = reason;
    // A caller that is away could not come back. One that is being opened is told when it is open.
    if (this.wire.isInterrupted) void this.wire.close(reason);
    else if (this.#accepted) this.wire.send({ type: "goaway" });
  }

  /** @throws {MeshError} `protocol-violation` for a second hello */
  #greet(then: () => void): void {
    if (this.#greeted) throw new MeshError("protocol-violation", "The caller said hello twice.");
    this.#greeted = true;
    this.#cancelHello();
    then();
  }

  /** Opens the pipeline and accepts, or refuses; never rejects. */
  async #answer(hello: Hello): Promise<void> {
    let session: PipelineSession | undefined;
    try {
      const served = this.#find(hello.pipeline);
      if (this.#draining !== undefined) throw this.#draining;
      checkStreams(hello);
      const over = (served.describe().batch ? this.#underway.calls : this.#underway.streams).begin();
      void this.wire.closed.then(over);
      this.wire.send({ type: "opening" });
      const sinks = new Map(
        hello.outputs.map(({ port, channel, type, window }) => [port, this.wire.sink(port, channel, type, window)]),
      );
      // What its pipeline sends before it is accepted is sent before there are tracks.
      for (const { port, type } of hello.tracks === undefined ? [] : hello.outputs) {
        if (type.kind === "video") sinks.get(port)?.rememberAll();
      }
      const withinMs = this.#keep(hello);
      session = await served.endpoint.open(this.#request(hello, sinks));
      if (this.wire.isClosing) throw new MeshError("cancelled", "The caller has left.");
      this.#accept(hello, served, session, sinks, withinMs);
    } catch (error) {
      const failure = MeshError.from(error);
      this.#refuse(failure);
      await session?.close(failure);
    }
  }

  /**
   * Prepares for a caller that will come back when its connection breaks.
   * @returns for how long it is waited for; undefined when it does not want to, or cannot
   */
  #keep({ resume, session }: Hello): number | undefined {
    if (resume === undefined || !this.#kept.add(resume.token, this)) return undefined;
    const { wire } = this;
    const withinMs = Math.min(resume.withinMs, maxResumeMs);
    this.#session = session;
    void wire.closed.then(() => this.#cancelExpiry());
    wire.keep((error) => {
      const isOver = !this.#accepted || this.#draining !== undefined;
      if (isOver || !this.#kept.hasRoom()) void wire.close(error);
      else this.#cancelExpiry = this.#init.clock.schedule(withinMs, () => void wire.close(error));
    });
    return withinMs;
  }

  get attempt(): number {
    return this.#attempt;
  }

  isOf(session: string, pipeline: string): boolean {
    return this.#accepted && session === this.#session && pipeline === this.#pipeline;
  }

  /** This connection is for a session that has lost its own. */
  #resume(message: Resume): void {
    const call = this.#kept.find(message);
    if (call !== undefined) call.#takeOver(this.wire.release(), message);
    else this.#refuse(new MeshError("peer-lost", "This peer has no such session to go on with."));
  }

  #takeOver(leg: Leg, { attempt, streams }: Resume): void {
    const { wire } = this;
    this.#attempt = attempt;
    this.#cancelExpiry();
    // The other side may have noticed before this one that the connection is gone.
    wire.interrupt(new MeshError("peer-lost", "The caller goes on over another connection."));
    const answer = (): void => leg.send({ type: "resumed", version: protocolVersion, streams: wire.progress() });
    try {
      wire.resume(leg, wire.channelsOn(leg.connection), streams, answer);
    } catch (error) {
      void leg.leave(MeshError.from(error), false);
      void wire.close(MeshError.from(error));
    }
  }

  /** Tells what the pipeline takes and gives; the caller leaves when it knows. */
  #describe(name: string): void {
    try {
      this.wire.send(descriptionMessage(this.#find(name).describe()));
    } catch (error) {
      this.#refuse(MeshError.from(error));
      return;
    }
    const cancel = this.#init.clock.schedule(helloTimeoutMs, () => void this.wire.close());
    void this.wire.closed.then(cancel);
  }

  #find(name: string): ServedPipeline {
    const served = name === this.#pipeline ? this.#init.find(name) : undefined;
    if (served !== undefined) return served;
    const names = this.#init.names().slice(0, 20).join(", ") || "none";
    throw new MeshError("pipeline-not-found", `There is no pipeline \`${name}\` here; this peer runs: ${names}.`);
  }

  #request(hello: Hello, sinks: ReadonlyMap<string, StreamSink>): SessionRequest {
    const abort = new AbortController();
    void this.wire.closed.then(({ error }) => abort.abort(error ?? new MeshError("cancelled", "The caller has left.")));
    return {
      params: hello.params,
      inputs: Object.fromEntries(hello.inputs.map(({ port, type }) => [port, type])),
      outputs: Object.fromEntries(
        hello.outputs.map(({ port, type }) => [port, { type, link: sinks.get(port) as StreamSink }]),
      ),
      schemas: hello.schemas,
      signal: abort.signal,
      border: () => this.wire.border(hello.session),
      context: this.#contextOf(hello),
      deadlineUs: hello.withinMs === undefined ? undefined : this.#init.clock.nowUs() + hello.withinMs * 1_000,
    };
  }

  /** For whom a session is opened; what the request to connect says stands back behind what the session says. */
  #contextOf({ context }: Hello): RequestContext {
    return context === undefined ? (this.#connection.context ?? {}) : readContext(context);
  }

  #accept(
    hello: Hello,
    served: ServedPipeline,
    session: PipelineSession,
    sinks: ReadonlyMap<string, StreamSink>,
    keptMs: number | undefined,
  ): void {
    const { wire } = this;
    const { formats } = session;
    const sources = hello.inputs.map(({ port, channel }) => {
      const type = formats.inputs[port];
      const link = session.inputs[port];
      if (type === undefined || link === undefined)
        throw new MeshError("internal", `Input \`${port}\` was not opened.`);
      const source = wire.source({
        port,
        channel: this.#connection.channel(channel, port),
        type,
        schemas: served.schemas,
        link,
        // An input that was given up ends the session by itself, through its link.
        onEnd: () => undefined,
        onRefused: (error) => wire.refuseStream(source, error),
        onContext: (said) => session.adopt?.(saidWith(this.#contextOf(hello), said)),
      });
      return source;
    });
    for (const { port, window } of hello.outputs) {
      const type = formats.outputs[port];
      if (type === undefined) throw new MeshError("internal", `Output \`${port}\` was not opened.`);
      const cbor = recordWriter(hello.encodings, type, served.schemas);
      sinks.get(port)?.settle(type, window, cbor && { cbor });
    }
    const tracks = this.#useTracks(hello, formats);
    if (tracks === undefined) for (const sink of sinks.values()) sink.forget();
    wire.send({
      ...acceptMessage(formats, served.schemas, wire.windowBytes),
      ...(served.describe().idempotent === true && { idempotent: true }),
      ...(keptMs !== undefined && { resume: { withinMs: keptMs } }),
      ...(tracks !== undefined && { tracks: { codecs: [...tracks.codecs] } }),
      ...(hello.encodings?.includes(cborEncoding) === true && { encodings: [cborEncoding] }),
    });
    this.#accepted = true;
    wire.established();
    if (this.#draining !== undefined) this.drain(this.#draining);
    tracks?.start(session.live);
    for (const source of sources) source.start();
    void session.closed.then(({ error }) => {
      if (error !== undefined) void wire.close(error);
      else wire.send({ type: "finished" });
    });
  }

  /** @returns undefined when the two sides have no tracks in common */
  #useTracks({ tracks: offered }: Hello, formats: PipelineSession["formats"]): SessionTracks | undefined {
    const { clock, random } = this.#init;
    const { tracks } = this.#connection;
    if (offered === undefined || tracks === undefined || random === undefined) return undefined;
    const codecs = tracks.codecs.filter((codec) => offered.codecs.includes(codec));
    if (codecs.length === 0) return undefined;
    const made = new SessionTracks({ tracks, role: "host", codecs, clock, random, ...this.wire.forTracks });
    this.wire.useTracks(made, { sinks: formats.outputs, sources: formats.inputs });
    return made;
  }

  /** Says no, and gives the caller a moment to hear it and close. */
  #refuse(error: MeshError): void {
    const { wire } = this;
    if (wire.isClosing) return;
    wire.send({ type: "refuse", ...toFailure(error) });
    const cancel = this.#init.clock.schedule(lingerMs, () => void wire.close(error));
    void wire.closed.then(cancel);
  }
}

function acceptMessage(
  { inputs, outputs }: PipelineSession["formats"],
  schemas: Schemas,
  windowBytes: number | undefined,
): Accept {
  return {
    type: "accept",
    version: protocolVersion,
    inputs: Object.entries(inputs).map(([port, type]) => ({ port, type, window: windowFor(type, windowBytes) })),
    outputs: Object.entries(outputs).map(([port, type]) => ({ port, type })),
    schemas: schemasOf([...Object.values(inputs), ...Object.values(outputs)], schemas),
  };
}

function descriptionMessage({ batch, idempotent, inputs, outputs, schemas }: PipelineDescription): Description {
  const side = (ports: PipelineDescription["inputs"]): Description["inputs"] =>
    Object.entries(ports).map(([port, { type, optional }]) => ({ port, type, ...(optional && { optional }) }));
  const all: PortDescription[] = [...Object.values(inputs), ...Object.values(outputs)];
  return {
    type: "description",
    version: protocolVersion,
    ...(batch && { batch }),
    ...(idempotent === true && { idempotent }),
    inputs: side(inputs),
    outputs: side(outputs),
    schemas: schemasOf(
      all.map((one) => one.type),
      schemas,
    ),
  };
}

function versionMismatch(versions: readonly number[]): MeshError {
  return new MeshError(
    "version-mismatch",
    `This peer speaks version ${protocolVersion} of the protocol, the caller ${versions.join(", ")}.`,
  );
}

function checkStreams({ inputs, outputs }: Hello): void {
  const channels = [...inputs, ...outputs].map((one) => one.channel);
  if (new Set(channels).size !== channels.length) {
    throw new MeshError("protocol-violation", "Two streams of the hello have the same channel.");
  }
  for (const side of [inputs, outputs]) {
    if (new Set(side.map((one) => one.port)).size !== side.length) {
      throw new MeshError("protocol-violation", "The hello names a port twice.");
    }
  }
}
