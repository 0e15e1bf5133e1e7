import type { Schemas } from "../interface/caps.ts";
import type { MeshError } from "../interface/errors.ts";
import type { Params } from "../interface/node.ts";
import type { LinkEnd, PipelinePlan } from "../interface/plan.ts";
import type { PipelineSession, SessionRequest } from "../interface/session.ts";
import type { Blueprints } from "./blueprint.ts";
import type { PipelineDeps } from "./deps.ts";
import type { Graph } from "./graph.ts";
import type { Cells, PortTypes } from "./negotiation.ts";
import type { SessionContext } from "./session-context.ts";
import type { Soon } from "./soon.ts";
import type { Wiring } from "./wiring.ts";

export interface SessionInit {
  readonly plan: PipelinePlan;
  readonly schemas: Schemas;
  readonly params: Params;
  /** Narrowed by the caller's formats, not fixed yet. */
  readonly cells: Cells;
  /** What the caller and the pipeline have in common, by port. */
  readonly met: PortTypes;
  /** For the outputs that the caller wants. */
  readonly graph: Graph;
  readonly blueprints: Blueprints;
  readonly request: SessionRequest;
  readonly deps: PipelineDeps;
  /** Its formats are settled and its inputs are there; what comes waits until all is open. */
  readonly onSettled?: ((session: PipelineSession) => void) | undefined;
}

/** What the parts of a session have in common. */
export interface SessionCommon {
  readonly init: SessionInit;
  readonly session: SessionContext;
  readonly soon: Soon;
  readonly wiring: Wiring;
  /** Ends the session. */
  readonly onFailure: (error: MeshError) => void;
  readonly onNodeEnd: () => void;
  /** A new epoch has come in. */
  readonly onEpoch: (from: LinkEnd, epoch: number) => void;
}
