import type { FlowType, Schemas } from "./caps.ts";

/** One port of a pipeline as callers see it; of a media type, the set of formats that may be negotiated. */
export interface PortDescription {
  readonly type: FlowType;
  /** Need not be fed. */
  readonly optional: boolean;
}

/** The interface of a pipeline that runs somewhere: all that a program has to know to call it. Plain data. */
export interface PipelineDescription {
  /** The name under which it was asked for. */
  readonly pipeline: string;
  /** Request and response. */
  readonly batch: boolean;
  /** A call may be made twice: one whose answer was lost may be repeated. */
  readonly idempotent?: boolean;
  readonly inputs: Readonly<Record<string, PortDescription>>;
  readonly outputs: Readonly<Record<string, PortDescription>>;
  /** The records and enums that the types mean. */
  readonly schemas: Schemas;
}
