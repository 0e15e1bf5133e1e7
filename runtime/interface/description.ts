import type { FlowType, Schemas } from "./caps.ts";
import type { JsonValue } from "./frame.ts";

/** One port of a pipeline as callers see it; of a media type, the set of formats that may be negotiated. */
export interface PortDescription {
  readonly type: FlowType;
  /** Need not be fed. */
  readonly optional: boolean;
}

/** A parameter that callers may set: one that the peer has set is not told. */
export interface ParameterDescription {
  readonly type: FlowType;
  /** It has no value unless a caller gives it one, and needs one. */
  readonly required: boolean;
  /** What holds otherwise, where the program has it as a literal: what comes from the environment of a peer stays there. */
  readonly default?: JsonValue;
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
  /** Left out where there are none, or by who does not tell. */
  readonly params?: Readonly<Record<string, ParameterDescription>>;
  /** The records and enums that the types mean. */
  readonly schemas: Schemas;
}
