import { delay } from "../../runtime/interface/clock.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import { launchPlan, type Mesh } from "../../runtime/mesh/launch.ts";
import type { Process } from "../../runtime/simulation/machine.ts";
import { echo } from "./program.ts";
import type { WorkerSpec } from "./scenario.ts";
import type { Streams } from "./truth/streams.ts";
import type { World } from "../../runtime/simulation/world.ts";

/** Whoever starts programs tries again after so long when one has ended at once. */
const againMs = 1_000;

export interface WorkerInit {
  readonly world: World;
  readonly process: Process;
  readonly plan: Plan;
  readonly spec: WorkerSpec;
  readonly services: readonly string[];
  readonly streams: Streams;
  readonly broken: (what: string) => void;
}

/** A program that runs the pipeline, registered with all services; started again as long as a service refuses its id. */
export class Worker {
  readonly process: Process;
  readonly spec: WorkerSpec;
  readonly #init: WorkerInit;
  #mesh: Mesh | undefined;
  #closed = false;

  constructor(init: WorkerInit) {
    this.#init = init;
    this.process = init.process;
    this.spec = init.spec;
  }

  get isUp(): boolean {
    return this.#mesh !== undefined && !this.#closed;
  }

  /** Sessions that run here. */
  get sessions(): number {
    return this.#mesh?.sessions().length ?? 0;
  }

  async start(): Promise<void> {
    const { world, process, plan, spec, services, streams, broken } = this.#init;
    const node = echo(process, streams, {
      slowMs: spec.slowMs,
      ...(spec.loadMs > 0 && { loaded: delay(process.clock, spec.loadMs) }),
    });
    while (!this.#closed) {
      try {
        const mesh = await launchPlan(plan, world.platform(process), {
          peers: [spec.name],
          registry: () => node,
          registers: services,
          ...(spec.fixedId && { ids: { [spec.name]: `id-${spec.name}` } }),
        });
        this.#mesh = mesh;
        if (this.#closed) await mesh.close();
        return;
      } catch (error) {
        const { code, message } = MeshError.from(error);
        if (code !== "access-denied") broken(`${spec.name} does not start: ${code}: ${message}`);
        await delay(process.clock, againMs);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#mesh?.close({ streamsMs: 0 });
  }
}
