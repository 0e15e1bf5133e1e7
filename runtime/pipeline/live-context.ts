import type { Emit, Log, NodeContext, NodeMetrics } from "../interface/node.ts";
import { BufferPool } from "./buffer-pool.ts";
import { NodeClock } from "./node-clock.ts";
import type { RunOwner } from "./node-host.ts";
import type { NodeRun } from "./node-run.ts";
import { WorkSignal } from "./work-signal.ts";

/**
 * What one instance of a node is given, and what has to be cleared away after it. Most nodes ask for little of it, so
 * each thing is made when somebody asks for it: in Node a signal alone takes about a kilobyte.
 */
export class LiveContext implements NodeContext {
  readonly clock: NodeClock;
  readonly #run: NodeRun;
  readonly #owner: RunOwner;
  readonly #abort = new WorkSignal();
  #log: Log | undefined;
  #emit: Emit | undefined;
  #fail: NodeContext["fail"] | undefined;
  #buffers: BufferPool | undefined;

  constructor(run: NodeRun, owner: RunOwner) {
    this.#run = run;
    this.#owner = owner;
    this.clock = new NodeClock(owner.host.deps.clock);
  }

  get id(): string {
    return this.#owner.shape.plan.id;
  }

  get location(): NodeContext["location"] {
    return this.#owner.shape.plan.location;
  }

  get session(): NodeContext["session"] {
    return this.#owner.host.session;
  }

  get random(): NodeContext["random"] {
    return this.#owner.host.deps.random;
  }

  get formats(): NodeContext["formats"] {
    return this.#owner.shape.formats;
  }

  get emit(): Emit {
    this.#emit ??= (port, payload, options) => this.#run.emit(port, payload, options);
    return this.#emit;
  }

  get fail(): NodeContext["fail"] {
    this.#fail ??= (error) => this.#run.fail(error);
    return this.#fail;
  }

  get metrics(): NodeMetrics {
    return this.#owner.metrics;
  }

  get buffers(): BufferPool {
    const { host } = this.#owner;
    this.#buffers ??= new BufferPool({
      calls: () => this.#run.frames,
      readers: () => host.readers(this.id),
      checks: host.deps.checks !== undefined,
    });
    return this.#buffers;
  }

  /** Of the buffers, where its code has asked for them. */
  get bufferFigures(): BufferPool["figures"] | undefined {
    return this.#buffers?.figures;
  }

  get log(): Log {
    const { log } = this.#owner.host.deps;
    const node = this.id;
    this.#log ??= (level, message, fields) => log(level, message, { node, ...fields });
    return this.#log;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The instance is torn down. It may set timers until it is closed. */
  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** Sets no more timers. @returns how many were left */
  close(): number {
    return this.clock.close();
  }
}
