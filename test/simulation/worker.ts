import { delay } from "../../runtime/interface/clock.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { MeshEvent } from "../../runtime/interface/events.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import { launchPlan, type Mesh } from "../../runtime/mesh/launch.ts";
import type { Process } from "../../runtime/simulation/machine.ts";
import { addressOf, echo } from "./program.ts";
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
  /** What it is registered as, as far as it knows, by the address of the service. */
  readonly #ids = new Map<string, string>();
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

  /** The id that it has at a service; undefined while it is not up, or has none there. */
  idAt(service: string): string | undefined {
    return this.isUp ? this.#ids.get(addressOf(service)) : undefined;
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
          registers: services.map(addressOf),
          onEvent: (event) => this.#note(event),
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

  #note(event: MeshEvent): void {
    if (event.kind === "peer-registered") this.#ids.set(event.service, event.id);
    else if (event.kind === "registration-lost") this.#ids.delete(event.service);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#mesh?.close({ streamsMs: 0 });
  }
}
