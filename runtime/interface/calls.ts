import type { CallSignal } from "./call-signal.ts";
import type { Capability } from "./capabilities.ts";
import type { PipelineDescription } from "./description.ts";
import type { MeshError } from "./errors.ts";
import type { Payload } from "./frame.ts";
import type { Params } from "./node.ts";
import type { RequestContext } from "./request-context.ts";
import type { PipelineSession, SessionRequest } from "./session.ts";
import type { Draining } from "./underway.ts";

/** One frame of a call, without its place in a stream. */
export interface CallPayload {
  readonly payload: Payload;
  /** Media time in microseconds. */
  readonly timestampUs: number;
}

/** One question to a `batch` pipeline. */
export interface ExecuteRequest {
  readonly pipeline: string;
  readonly params: Params;
  /** By input port. */
  readonly inputs: Readonly<Record<string, CallPayload>>;
  /** The caller has gone, or waits no longer. */
  readonly signal: CallSignal;
  /** For whom it is asked. */
  readonly context?: RequestContext | undefined;
}

/** By output port. */
export type ExecuteResponse = Readonly<Record<string, CallPayload>>;

/** What a peer says of itself to those who look for pipelines. */
export interface PeerAbout {
  /** Unique in its mesh. */
  readonly id: string;
  /** What its program calls it. */
  readonly name: string;
  readonly provides: readonly Capability[];
  /** Where it listens, with the actual ports. */
  readonly addresses: () => readonly string[];
}

/** Answers requests that have no session of their own. */
export interface PipelineCalls {
  /** Left out where there is no peer. */
  readonly about?: PeerAbout | undefined;
  names(): readonly string[];
  /** @throws {MeshError} `pipeline-not-found` */
  describe(pipeline: string): PipelineDescription;
  /**
   * @throws {MeshError} `pipeline-not-found`; `invalid-argument` for what the pipeline does not take; `resource-exhausted`, before any
   * work is done, where too many wait already; what the pipeline failed with; the reason of the signal
   */
  execute(request: ExecuteRequest): Promise<ExecuteResponse>;
  /**
   * Opens a session, for a caller that comes without a connection of ours.
   * @throws {MeshError} `pipeline-not-found`; what `PipelineEndpoint.open` throws
   */
  open(pipeline: string, request: SessionRequest): Promise<PipelineSession>;
  /**
   * Takes nothing new: what is asked from now on fails with `peer-unreachable`, before any work is done. What was taken
   * before goes on.
   */
  drain(): Draining;
  /** Ends all that run; later ones fail with the same error. */
  close(error: MeshError): Promise<void>;
}
