import type { NodeContext } from "../interface/node.ts";
import type { WorkSignal } from "./work-signal.ts";

/**
 * A context whose signal is made when somebody asks for it. A class, for an accessor in an object literal would give each
 * instance of each node a hidden class of its own.
 */
export class SignalledContext implements NodeContext {
  declare readonly id: NodeContext["id"];
  declare readonly location: NodeContext["location"];
  declare readonly session: NodeContext["session"];
  declare readonly clock: NodeContext["clock"];
  declare readonly random: NodeContext["random"];
  declare readonly log: NodeContext["log"];
  declare readonly fail: NodeContext["fail"];
  declare readonly metrics: NodeContext["metrics"];
  declare readonly formats: NodeContext["formats"];
  declare readonly emit: NodeContext["emit"];
  readonly #abort: WorkSignal;

  constructor(abort: WorkSignal, rest: Omit<NodeContext, "signal">) {
    this.#abort = abort;
    Object.assign(this, rest);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }
}
