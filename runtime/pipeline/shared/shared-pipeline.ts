import { whenAborted } from "../../interface/abort.ts";
import { isMedia, type FlowType, type Schemas } from "../../interface/caps.ts";
import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Link } from "../../interface/link.ts";
import type { PipelinePlan, PortPlan } from "../../interface/plan.ts";
import { randomId, type Random } from "../../interface/random.ts";
import type { PipelineEndpoint, PipelineSession, SessionRequest } from "../../interface/session.ts";
import { CallerLink, Heard } from "../caller-link.ts";
import { Cells, negotiate, settle } from "../negotiation.ts";
import { ownRequest, RenamedSession, soleNames } from "../port-names.ts";
import { FanOut } from "./fan-out.ts";
import { SharedSession } from "./shared-session.ts";

export interface SharedPipelineInit {
  readonly pipeline: PipelinePlan;
  readonly schemas: Schemas;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Opens the instance, with the parameters that its peer has set.
   * @param onSettled gets it as soon as its formats are settled and its inputs are there, before all of it is open
   */
  readonly start: (
    request: Omit<SessionRequest, "params">,
    onSettled: (session: PipelineSession) => void,
  ) => Promise<PipelineSession>;
}

/**
 * A pipeline whose callers meet in one instance (`runs Mixer shared`). It is opened for the first of them and stays until
 * its peer stops it, it ends by itself or it fails; the next caller then finds a new one.
 */
export class SharedPipeline implements PipelineEndpoint {
  readonly #init: SharedPipelineInit;
  #instance: SharedInstance | undefined;

  constructor(init: SharedPipelineInit) {
    this.#init = init;
  }

  async open(asked: SessionRequest): Promise<PipelineSession> {
    const { pipeline } = this.#init;
    const names = soleNames(pipeline, asked);
    const request = names === undefined ? asked : ownRequest(asked, names);
    const [param] = Object.keys(request.params);
    if (param !== undefined) {
      const message = `Parameter \`${param}\` of pipeline \`${pipeline.name}\` is for its peer to set: all its callers share one instance.`;
      throw new MeshError("invalid-argument", message, { location: pipeline.location });
    }
    request.signal.throwIfAborted();
    let instance = this.#instance;
    if (instance === undefined || instance.over) {
      // Nothing is opened for who asks for what is not there.
      meet(withoutNeeds(pipeline), request, this.#init.schemas);
      instance = new SharedInstance(this.#init, request);
      this.#instance = instance;
      await unlessAborted(instance.opened, request.signal);
    } else {
      // Who calls while it opens may be one that it waits for: a circle of pipelines may lead through a shared one.
      await unlessAborted(instance.settled, request.signal);
    }
    const session = instance.join(request);
    return names === undefined ? session : new RenamedSession(session, names);
  }
}

/** The one instance, and who is there. */
class SharedInstance {
  /** The instance has ended or failed. */
  over = false;
  /** Its formats are settled. */
  readonly settled: Promise<void>;
  /** All of it is open. */
  readonly opened: Promise<void>;
  readonly #init: SharedPipelineInit;
  readonly #outputs: ReadonlyMap<string, FanOut>;
  readonly #entries = new Map<string, Link>();
  readonly #callers = new Set<SharedSession>();
  /** The pipeline with its formats settled, for those who come. */
  #pipeline: PipelinePlan;

  /** @param first the one for whom it is opened, whose formats settle what the program leaves open */
  constructor(init: SharedPipelineInit, first: SessionRequest) {
    this.#init = init;
    this.#pipeline = init.pipeline;
    this.#outputs = new Map(Object.keys(init.pipeline.outputs).map((port) => [port, new FanOut()]));
    let onSettled: () => void = () => undefined;
    const settling = new Promise<void>((resolve) => (onSettled = resolve));
    const starting = init.start(this.#request(first), (session) => {
      this.#take(session);
      onSettled();
    });
    this.opened = starting.then(
      (session) => void session.closed.then(({ error }) => this.#ended(error)),
      (error: unknown) => {
        this.#ended(MeshError.from(error));
        throw error;
      },
    );
    this.settled = Promise.race([settling, this.opened]);
    // They are told to those who wait.
    this.settled.catch(() => undefined);
    this.opened.catch(() => undefined);
  }

  /** @throws {MeshError} `format-mismatch`, `invalid-argument` for a port that is not there */
  join(request: SessionRequest): SharedSession {
    const { clock, random, schemas } = this.#init;
    const pipeline = this.#pipeline;
    const session = new SharedSession({
      id: randomId(random),
      pipeline: pipeline.name,
      request,
      formats: meet(pipeline, request, schemas),
      schemas,
      clock,
      entries: this.#entries,
      outputs: this.#outputs,
      onClosed: (one) => void this.#callers.delete(one),
    });
    this.#callers.add(session);
    return session;
  }

  /** All ports are asked for, with what the first caller says of media; of other types there is nothing to settle. */
  #request(first: SessionRequest): Omit<SessionRequest, "params"> {
    const { pipeline, schemas } = this.#init;
    const cells = new Cells(pipeline);
    const typeOf = (asked: FlowType | undefined, { type }: PortPlan): FlowType =>
      asked !== undefined && isMedia(type) ? asked : cells.fill(type);
    return {
      inputs: Object.fromEntries(
        Object.entries(pipeline.inputs).map(([port, plan]) => [port, typeOf(first.inputs[port], plan)]),
      ),
      outputs: Object.fromEntries(
        [...this.#outputs].map(([port, link]) => [
          port,
          { type: typeOf(first.outputs[port]?.type, pipeline.outputs[port] as PortPlan), link },
        ]),
      ),
      schemas,
      // It belongs to no caller.
      signal: new AbortController().signal,
    };
  }

  #take({ inputs, formats }: PipelineSession): void {
    for (const [port, link] of Object.entries(inputs)) {
      this.#entries.set(port, new CallerLink(link, new Heard(), undefined, true));
      link.onKeyFrameRequest?.(() => this.#askCallers(port));
    }
    const side = (ports: PipelinePlan["inputs"], types: Readonly<Record<string, FlowType>>): PipelinePlan["inputs"] =>
      Object.fromEntries(
        Object.entries(ports).map(([port, plan]) => [port, { ...plan, type: types[port] ?? plan.type }]),
      );
    const pipeline = withoutNeeds(this.#init.pipeline);
    this.#pipeline = {
      ...pipeline,
      cells: [],
      inputs: side(pipeline.inputs, formats.inputs),
      outputs: side(pipeline.outputs, formats.outputs),
    };
  }

  /** Whose pictures come in by an input of the instance, nobody knows: all that feed it are asked. */
  #askCallers(port: string): boolean {
    let asked = false;
    for (const { inputs } of this.#callers) asked = inputs[port]?.requestKeyFrame() === true || asked;
    return asked;
  }

  #ended(error: MeshError | undefined): void {
    this.over = true;
    for (const caller of this.#callers) {
      if (error === undefined) caller.finish();
      else void caller.close(error.code === "cancelled" ? error : this.#lost(error));
    }
  }

  /** Who tries again finds a new instance, so to a caller it is as if the peer had gone and come back. */
  #lost(error: MeshError): MeshError {
    return new MeshError(
      "peer-lost",
      `The instance of pipeline \`${this.#pipeline.name}\` that its callers share has failed: ${error.message}`,
      { cause: error, node: error.node, location: error.location, hint: error.hint },
    );
  }
}

/** What it needs besides may come from other callers. */
function withoutNeeds(pipeline: PipelinePlan): PipelinePlan {
  const inputs = Object.entries(pipeline.inputs).map(([port, plan]) => [port, { ...plan, optional: true }]);
  return { ...pipeline, inputs: Object.fromEntries(inputs) as PipelinePlan["inputs"] };
}

/** @throws {MeshError} `format-mismatch`, `invalid-argument` for a port that is not there */
function meet(pipeline: PipelinePlan, request: SessionRequest, schemas: Schemas): PipelineSession["formats"] {
  const cells = new Cells(pipeline);
  const outputs = Object.fromEntries(Object.entries(request.outputs).map(([port, { type }]) => [port, type]));
  const caller = { inputs: request.inputs, outputs, schemas: request.schemas };
  return settle(pipeline, negotiate(pipeline, caller, schemas, cells), cells);
}

/** @throws the signal's reason; what the promise rejects with */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let unlisten = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    unlisten = whenAborted(signal, () => reject(MeshError.from(signal.reason, "cancelled")));
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    unlisten();
  }
}
