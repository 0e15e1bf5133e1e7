import { MeshError } from "../interface/errors.ts";
import type { NodeContext, NodeInstance } from "../interface/node.ts";
import type { Blueprint } from "./blueprint.ts";
import type { BufferReaders } from "./buffer-pool.ts";
import { bufferReaders } from "./buffer-readers.ts";
import type { PipelineDeps } from "./deps.ts";
import { openInstance } from "./instance.ts";
import type { StandStill } from "./join-watch.ts";
import type { NodeHost } from "./node-host.ts";
import type { NodeShape } from "./node-shape.ts";
import { ignore } from "./outcome.ts";
import { resolveValues } from "./parameters.ts";
import { RunningNode } from "./running-node.ts";
import type { SessionCommon } from "./session-common.ts";
import type { Soon } from "./soon.ts";
import { stallOf } from "./stall.ts";
import { Turns } from "./turns.ts";
import { defaultWatchdog, Watchdog } from "./watchdog.ts";

/** The nodes of a session, and what they have in common. */
export class SessionNodes implements NodeHost {
  readonly session: NodeContext["session"];
  readonly soon: Soon;
  readonly turns: Turns;
  readonly #common: SessionCommon;
  #nodes: readonly RunningNode[] = [];
  #places: Blueprint["places"] = new Map();
  /** Made for the first call that has to be waited for. */
  #watchdog: Watchdog | undefined;
  #closed = false;

  constructor(common: SessionCommon) {
    this.#common = common;
    this.session = common.session;
    this.soon = common.soon;
    this.turns = new Turns(common.init.deps.clock);
  }

  // ---- for the session ----------------------------------------------------------------------------------------

  get all(): readonly RunningNode[] {
    return this.#nodes;
  }

  get(id: string): RunningNode | undefined {
    const place = this.#places.get(id);
    return place === undefined ? undefined : this.#nodes[place];
  }

  /** Makes them; none of them is open yet. */
  build(blueprint: Blueprint): void {
    const { wiring } = this.#common;
    this.#places = blueprint.places;
    this.#nodes = blueprint.nodes.map((shape) => new RunningNode(shape, wiring.feed(shape.plan.id), this));
  }

  /** Lets all of them open, also where one cannot. @throws {MeshError} that names the first that could not */
  async open(): Promise<void> {
    let failed: { readonly error: unknown } | undefined;
    const waiting: Promise<void>[] = [];
    for (const node of this.#nodes) {
      try {
        const opening = node.open();
        if (opening !== undefined) waiting.push(opening);
      } catch (error) {
        failed ??= { error };
      }
    }
    if (failed === undefined) {
      if (waiting.length > 0) await Promise.all(waiting);
      return;
    }
    for (const opening of waiting) opening.catch(ignore);
    throw failed.error;
  }

  start(): void {
    for (const node of this.#nodes) node.start();
    for (const node of this.#nodes) node.begin();
  }

  /** No call is watched any more, and no failure told. */
  stop(): void {
    this.#closed = true;
    this.#watchdog?.close();
  }

  close(reason: MeshError): Promise<unknown> {
    return Promise.allSettled(this.#nodes.map((node) => node.close(reason)));
  }

  // ---- for the nodes ------------------------------------------------------------------------------------------

  get deps(): PipelineDeps {
    return this.#common.init.deps;
  }

  get watchdog(): Watchdog {
    if (this.#watchdog === undefined) {
      const { clock, watchdog = defaultWatchdog } = this.deps;
      this.#watchdog = new Watchdog(clock, watchdog, this);
      if (this.#closed) this.#watchdog.close();
    }
    return this.#watchdog;
  }

  make({ definition, plan }: NodeShape, context: NodeContext): NodeInstance | Promise<NodeInstance> {
    const { deps, params, cells } = this.#common.init;
    if (definition === undefined) throw new MeshError("internal", "its code is not there");
    const values = resolveValues(plan.params, {
      params,
      env: deps.env,
      cells: (index) => cells.value(index),
      location: plan.location,
    });
    return openInstance(definition, plan, values, context);
  }

  readers(id: string): BufferReaders {
    const { init, wiring } = this.#common;
    return bufferReaders(id, init.graph, (wire) => wiring.queueOf(wire), this);
  }

  failed(shape: NodeShape, error: MeshError): void {
    if (this.#closed) return;
    this.deps.onEvent({ kind: "node-failed", ...this.#event(shape), error });
    this.#common.onFailure(error);
  }

  restarting(shape: NodeShape, error: MeshError, attempt: number): void {
    this.deps.onEvent({ kind: "node-restarting", ...this.#event(shape), error, attempt });
  }

  stalled(shape: NodeShape, forMs: number, why?: StandStill): void {
    const { id } = shape.plan;
    const told = stallOf(id, forMs, why);
    this.deps.log("warn", told.message, { node: id });
    this.deps.onEvent({ ...this.#event(shape), ...told.event });
  }

  ended(): void {
    this.#common.onNodeEnd();
  }

  #event({ plan }: NodeShape) {
    return { session: this.session.id, node: plan.id, location: plan.location } as const;
  }
}
