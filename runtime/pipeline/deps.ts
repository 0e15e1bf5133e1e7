import type { Clock } from "../interface/clock.ts";
import type { OnEvent } from "../interface/events.ts";
import type { Log, NodeDefinition } from "../interface/node.ts";
import type { NodePlan } from "../interface/plan.ts";
import type { Random } from "../interface/random.ts";
import type { Env } from "./parameters.ts";
import type { OpenRemote } from "./running-remote.ts";
import type { SplitMemory } from "./splits/split-memory.ts";
import type { PlaceOf } from "./value-place.ts";
import type { WatchdogLimits } from "./watchdog.ts";

/** Finds the code of a node. @throws {MeshError} when there is none */
export type NodeRegistry = (node: NodePlan) => NodeDefinition | Promise<NodeDefinition>;

/** What the executor needs from around it. */
export interface PipelineDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Env;
  readonly registry: NodeRegistry;
  readonly openRemote: OpenRemote;
  readonly onEvent: OnEvent;
  /** What the sessions of a peer know together of the splits that distribute them; each session for itself without it. */
  readonly splits?: SplitMemory;
  /** Looks at whole values as they come out of a node; left out, their kind is looked at. */
  readonly checks?: PlaceOf;
  /** When nodes that do not answer are reported, and given up. */
  readonly watchdog?: WatchdogLimits;
}
