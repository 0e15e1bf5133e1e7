import type { FlowType } from "../interface/caps.ts";
import type { PipelineSession } from "../interface/session.ts";

/** What a platform finds at a port of a running pipeline, to carry its stream in a way of its own. */
export interface PortSession {
  readonly session: PipelineSession;
  /** As negotiated. */
  readonly format: FlowType;
}

/** The property that holds it; no name of a program can be in its way. */
export const portSession = Symbol("session of a port");

/** A port that belongs to a running pipeline. */
export interface SessionPort {
  readonly name: string;
  readonly [portSession]: PortSession | undefined;
}

export function isSessionPort(port: object): port is SessionPort {
  return portSession in port;
}
