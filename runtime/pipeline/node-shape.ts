import type { NodeContext, NodeDefinition } from "../interface/node.ts";
import type { NodePlan } from "../interface/plan.ts";
import type { Place } from "./failures.ts";
import type { PortShape } from "./out-port.ts";

/** What is the same for a node in all sessions of a pipeline that have the same formats. */
export interface NodeShape {
  readonly plan: NodePlan;
  readonly place: Place;
  readonly definition: NodeDefinition | undefined;
  /** Its code always finishes before it returns. */
  readonly sync: boolean;
  /** Has to answer each frame. */
  readonly batch: boolean;
  /** May get frames that belong to a call of a `first`. */
  readonly called: boolean;
  /** Fixed. */
  readonly formats: NodeContext["formats"];
  /** Its outputs. */
  readonly ports: readonly PortShape[];
}
