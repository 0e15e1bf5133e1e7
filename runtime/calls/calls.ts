import { whenAborted } from "../interface/abort.ts";
import type { ExecuteRequest, ExecuteResponse, PipelineCalls } from "../interface/calls.ts";
import type { Clock } from "../interface/clock.ts";
import type { PipelineDescription } from "../interface/description.ts";
import { MeshError } from "../interface/errors.ts";
import type { Params } from "../interface/node.ts";
import type { PipelineEndpoint, PipelineSession, SessionRequest } from "../interface/session.ts";
import { Underway, type Draining } from "../interface/underway.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { bytesOfCalls } from "./bytes-of-calls.ts";
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
  /** By pipeline, what puts bytes back into its inputs; undefined for one that needs none. */
  readonly #restorers = new Map<string, ReturnType<typeof bytesOfCalls>>();
  /** By pipeline and parameters; of each key the latest used comes last. */
  readonly #idle = new Map<string, Waiting[]>();
  readonly #busy = new Set<CallSession>();
  /** Those of callers that have them for themselves. */
  readonly #opened = new Set<PipelineSession>();
  readonly #underway = { calls: new Underway(), streams: new Underway() };
  #idleCount = 0;
  #cancelIdleTimer: (() => void) | undefined;
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
      const inputs = this.#restorer(pipeline, description)?.(request.inputs) ?? request.inputs;
      return await this.#admission(pipeline).run(signal, () =>
        this.#ask(endpoint, description, { ...request, inputs }),
      );
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
    this.#cancelIdleTimer?.();
    this.#cancelIdleTimer = undefined;
    await Promise.all(waiting.map(({ session }) => session.close(error)));
  }

  async #ask(
    endpoint: PipelineEndpoint,
    description: PipelineDescription,
    { pipeline, params, inputs, signal, context = {} }: ExecuteRequest,
  ): Promise<ExecuteResponse> {
    // What may stay silent is known to have done so only when the session has ended.
    const single = hasOptional(description.inputs) || hasOptional(description.outputs);
    const key = keyOf(pipeline, params);
    const session =
      (single ? undefined : this.#take(key)) ??
      (await CallSession.open(endpoint, description, { params, inputs: Object.keys(inputs), context }));
    this.#busy.add(session);
    const unlisten = whenAborted(signal, () => void session.close(MeshError.from(signal.reason, "cancelled")));
    try {
      signal.throwIfAborted();
      if (this.#closed !== undefined) throw this.#closed;
      return await session.ask(inputs, { last: single, context });
    } catch (error) {
      void session.close(MeshError.from(error));
      throw signal.aborted ? signal.reason : error;
    } finally {
      unlisten();
      this.#busy.delete(session);
      if (single) void session.close(new MeshError("cancelled", "The call has been answered."));
      else this.#keep(key, session);
    }
  }

  #take(key: string): CallSession | undefined {
    const waiting = this.#idle.get(key)?.pop();
    if (waiting === undefined) return undefined;
    this.#idleCount -= 1;
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
    list.push({ session, sinceUs: this.#init.clock.nowUs() });
    this.#idleCount += 1;
    this.#cancelIdleTimer ??= this.#init.clock.schedule(idleMs, () => this.#closeIdle());
  }

  /** One timer for all: to begin and to end one for each question costs more than to look through the few that wait. */
  #closeIdle(): void {
    this.#cancelIdleTimer = undefined;
    const { clock } = this.#init;
    const nowUs = clock.nowUs();
    let oldestUs = Infinity;
    for (const [key, list] of this.#idle) {
      // Who has waited longest comes first.
      while (list[0] !== undefined && nowUs - list[0].sinceUs >= idleMs * 1_000) {
        void list.shift()?.session.close(new MeshError("cancelled", "Nobody has called for a while."));
        this.#idleCount -= 1;
      }
      if (list[0] === undefined) this.#idle.delete(key);
      else oldestUs = Math.min(oldestUs, list[0].sinceUs);
    }
    if (oldestUs === Infinity) return;
    const leftMs = Math.max(1, Math.ceil(idleMs - (nowUs - oldestUs) / 1_000));
    this.#cancelIdleTimer = clock.schedule(leftMs, () => this.#closeIdle());
  }

  #admission(pipeline: string): Admission {
    const { clock, limits = defaultLimits } = this.#init;
    const known = this.#admissions.get(pipeline) ?? new Admission(clock, pipeline, limits);
    this.#admissions.set(pipeline, known);
    return known;
  }

  #restorer(pipeline: string, { inputs, schemas }: PipelineDescription): ReturnType<typeof bytesOfCalls> {
    if (!this.#restorers.has(pipeline))
      this.#restorers.set(pipeline, bytesOfCalls(inputs, schemas, "invalid-argument"));
    return this.#restorers.get(pipeline);
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
  readonly sinceUs: number;
}

function hasOptional(ports: PipelineDescription["inputs"]): boolean {
  for (const port in ports) if (ports[port]?.optional === true) return true;
  return false;
}

/** Mostly there are no parameters, and to write them costs as much as an answer. */
function keyOf(pipeline: string, params: Params): string {
  for (const _ in params) return JSON.stringify([pipeline, params]);
  return pipeline;
}

/** @throws {MeshError} `invalid-argument` that names the port */
function checkRequest({ pipeline, batch, inputs }: PipelineDescription, { inputs: given }: ExecuteRequest): void {
  if (!batch) {
    throw new MeshError("invalid-argument", `\`${pipeline}\` is a stream, and cannot be executed.`, {
      hint: "Open a session with it: `Stream` of gRPC, `:stream` of HTTP, or a program with a `remote`.",
    });
  }
  for (const port of Object.keys(given)) {
    if (Object.hasOwn(inputs, port)) continue;
    const known = Object.keys(inputs).join("`, `");
    throw new MeshError("invalid-argument", `\`${pipeline}\` has no input \`${port}\`; its inputs are \`${known}\`.`);
  }
  for (const port of Object.keys(inputs)) {
    if (inputs[port]?.optional === true || Object.hasOwn(given, port)) continue;
    throw new MeshError("invalid-argument", `Input \`${port}\` of \`${pipeline}\` is missing.`);
  }
}
