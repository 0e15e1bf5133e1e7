import type { MeshError } from "../interface/errors.ts";
import type { NodeContext, NodeInstance } from "../interface/node.ts";
import type { BufferReaders } from "./buffer-pool.ts";
import type { PipelineDeps } from "./deps.ts";
import type { Gate } from "./gate.ts";
import type { OwnMetrics } from "./node-metrics.ts";
import type { StandStill } from "./join-watch.ts";
import type { NodeShape } from "./node-shape.ts";
import type { OutPort } from "./out-port.ts";
import type { Soon } from "./soon.ts";
import type { Turns } from "./turns.ts";
import type { Watchdog } from "./watchdog.ts";

/** What the nodes of a session have in common, and whom they tell what happens to them. */
export interface NodeHost {
  readonly deps: PipelineDeps;
  readonly turns: Turns;
  readonly soon: Soon;
  readonly watchdog: Watchdog;
  readonly session: NodeContext["session"];
  /** @throws {MeshError} what is wrong with its parameters, and what its code throws */
  make(shape: NodeShape, context: NodeContext): NodeInstance | Promise<NodeInstance>;
  /** The queues behind a node, if all who read what it sends borrow. */
  readers(id: string): BufferReaders;
  failed(shape: NodeShape, error: MeshError): void;
  restarting(shape: NodeShape, error: MeshError, attempt: number): void;
  /** @param why of a join that finds no set; otherwise its code has not answered */
  stalled(shape: NodeShape, forMs: number, why?: StandStill): void;
  ended(): void;
}

/** The node whose code is at work. */
export interface RunOwner {
  readonly shape: NodeShape;
  readonly host: NodeHost;
  readonly outputs: readonly OutPort[];
  /** What has to have room before it takes a frame. */
  readonly gate: Gate;
  /** What its code says of its own work. */
  readonly metrics: OwnMetrics;
  /** The call in work has come back; the next frame may come. */
  idle(): void;
  failed(error: unknown): void;
}
