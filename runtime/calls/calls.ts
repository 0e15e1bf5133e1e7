import type { ExecuteRequest, ExecuteResponse, PipelineCalls } from "../interface/calls.ts";
import type { Clock } from "../interface/clock.ts";
import type { PipelineDescription } from "../interface/description.ts";
import { MeshError } from "../interface/errors.ts";
import type { PipelineEndpoint, PipelineSession, SessionRequest } from "../interface/session.ts";
import { Underway, type Draining } from "../interface/underway.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { CallSession } from "./call-session.ts";

/** A pipeline that can be called. */
export interface CalledPipeline {
  readonly endpoint: PipelineEndpoint;
  readonly describe: () => PipelineDescription;
}

export interface PipelineCallsInit {
  readonly find: (name: string) => CalledPipeline | undefined;
  readonly names: () => readonly string[];
  readonly clock: Clock;
  /** Of each pipeline; 16 at once, 64 in the queue. */
  readonly limits?: AdmissionLimits | undefined;
}

const defaultLimits: AdmissionLimits = { concurrent: 16, queued: 64 };

/** How long a session that has answered waits for the next question, in milliseconds. */
const idleMs = 30_000;

/** Sessions that wait for questions, of all pipelines and parameters. */
const maxIdle = 64;

/** Answers calls to the pipelines of a peer. */
export function pipelineCalls(init: PipelineCallsInit): PipelineCalls {
  return new Calls(init);
}

class Calls implements PipelineCalls {
  readonly #init: PipelineCallsInit;
  readonly #admissions = new Map<string, Admission>();
  /** By pipeline and parameters; of each key the latest used comes last. */
  readonly #idle = new Map<string, Waiting[]>();
  readonly #busy = new Set<CallSession>();
  /** Those of callers that have them for themselves. */
  readonly #opened = new Set<PipelineSession>();
  readonly #underway = { calls: new Underway(), streams: new Underway() };
  #idleCount = 0;
  /** Why nothing new is taken. */
  #draining: MeshError | undefined;
  #closed: MeshError | undefined;

  constructor(init: PipelineCallsInit) {
    this.#init = init;
  }

  names(): readonly string[] {
    return this.#init.names();
  }

  describe(pipeline: string): PipelineDescription {
    return this.#find(pipeline).describe();
  }

  async execute(request: ExecuteRequest): Promise<ExecuteResponse> {
    this.#checkOpen();
    const { pipeline, signal } = request;
    const { endpoint, describe } = this.#find(pipeline);
    const description = describe();
    checkRequest(description, request);
    const over = this.#underway.calls.begin();
    try {
      return await this.#admission(pipeline).run(signal, () => this.#ask(endpoint, description, request));
    } finally {
      over();
    }
  }

  async open(pipeline: string, request: SessionRequest): Promise<PipelineSession> {
    this.#checkOpen();
    const over = this.#underway.streams.begin();
    const session = await this.#find(pipeline)
      .endpoint.open(request)
      .catch((error: unknown) => {
        over();
        throw error;
      });
    this.#opened.add(session);
    void session.closed.then(() => {
      over();
      this.#opened.delete(session);
    });
    // The peer has been closed while it opened.
    if (this.#closed !== undefined) void session.close(this.#closed);
    return session;
  }

  drain(): Draining {
    this.#draining ??= new MeshError("peer-unreachable", "The peer stops, and takes no new calls.", {
      hint: "Call another peer, or this one again when it is back.",
    });
    void this.#letIdleGo(new MeshError("cancelled", "The peer stops."));
    return this.#underway;
  }

  async close(error: MeshError): Promise<void> {
    this.#closed ??= error;
    const idle = this.#letIdleGo(error);
    const sessions = [...this.#busy, ...this.#opened];
    await Promise.all([idle, ...sessions.map((session) => session.close(error))]);
  }

  /** @throws {MeshError} why nothing new is taken */
  #checkOpen(): void {
    const reason = this.#closed ?? this.#draining;
    if (reason !== undefined) throw reason;
  }

  /** Ends the sessions that wait for calls. */
  async #letIdleGo(error: MeshError): Promise<void> {
    const waiting = [...this.#idle.values()].flat();
    this.#idle.clear();
    this.#idleCount = 0;
    for (const { cancel } of waiting) cancel();
    await Promise.all(waiting.map(({ session }) => session.close(error)));
  }

  async #ask(
    endpoint: PipelineEndpoint,
    description: PipelineDescription,
    { pipeline, params, inputs, signal, context = {} }: ExecuteRequest,
  ): Promise<ExecuteResponse> {
    // What may stay silent is known to have done so only when the session has ended.
    const ports = [...Object.values(description.inputs), ...Object.values(description.outputs)];
    const single = ports.some(({ optional }) => optional);
    const key = JSON.stringify([pipeline, params]);
    const session =
      (single ? undefined : this.#take(key)) ??
      (await CallSession.open(endpoint, description, { params, inputs: Object.keys(inputs), context }));
    this.#busy.add(session);
    const onAbort = (): void => void session.close(MeshError.from(signal.reason, "cancelled"));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      signal.throwIfAborted();
      if (this.#closed !== undefined) throw this.#closed;
      return await session.ask(inputs, { last: single, context });
    } catch (error) {
      void session.close(MeshError.from(error));
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#busy.delete(session);
      if (single) void session.close(new MeshError("cancelled", "The call has been answered."));
      else this.#keep(key, session);
    }
  }

  #take(key: string): CallSession | undefined {
    const waiting = this.#idle.get(key)?.pop();
    if (waiting === undefined) return undefined;
    this.#idleCount -= 1;
    waiting.cancel();
    return waiting.session.isOpen ? waiting.session : this.#take(key);
  }

  #keep(key: string, session: CallSession): void {
    if (!session.isOpen) return;
    const isLast = this.#closed !== undefined || this.#draining !== undefined;
    if (isLast || this.#idleCount >= maxIdle) {
      const why = isLast ? "The peer stops." : "Enough sessions wait for calls.";
      void session.close(this.#closed ?? new MeshError("cancelled", why));
      return;
    }
    const list = this.#idle.get(key) ?? [];
    this.#idle.set(key, list);
    const cancel = this.#init.clock.schedule(idleMs, () => {
      list.splice(list.indexOf(waiting), 1);
      this.#idleCount -= 1;
      if (list.length === 0) this.#idle.delete(key);
      void session.close(new MeshError("cancelled", "Nobody has called for a while."));
    });
    const waiting: Waiting = { session, cancel };
    list.push(waiting);
    this.#idleCount += 1;
  }

  #admission(pipeline: string): Admission {
    const { clock, limits = defaultLimits } = this.#init;
    const known = this.#admissions.get(pipeline) ?? new Admission(clock, pipeline, limits);
    this.#admissions.set(pipeline, known);
    return known;
  }

  #find(name: string): CalledPipeline {
    const found = this.#init.find(name);
    if (found !== undefined) return found;
    const names = this.#init.names().slice(0, 20).join(", ") || "none";
    throw new MeshError("pipeline-not-found", `There is no pipeline \`${name}\` here; this peer runs: ${names}.`);
  }
}

interface Waiting {
  readonly session: CallSession;
  readonly cancel: () => void;
}

/** @throws {MeshError} `invalid-argument` that names the port */
function checkRequest({ pipeline, batch, inputs }: PipelineDescription, { inputs: given }: ExecuteRequest): void {
  if (!batch) {
    throw new MeshError("invalid-argument", `\`${pipeline}\` is a stream, and cannot be executed.`, {
      hint: "Open a session with it: `Stream` of gRPC, `:stream` of HTTP, or a program with a `remote`.",
    });
  }
  const known = Object.keys(inputs).join("`, `");
  for (const port of Object.keys(given)) {
    if (Object.hasOwn(inputs, port)) continue;
    throw new MeshError("invalid-argument", `\`${pipeline}\` has no input \`${port}\`; its inputs are \`${known}\`.`);
  }
  for (const [port, { optional }] of Object.entries(inputs)) {
    if (optional || Object.hasOwn(given, port)) continue;
    throw new MeshError("invalid-argument", `Input \`${port}\` of \`${pipeline}\` is missing.`);
  }
}
