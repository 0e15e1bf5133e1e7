import { delay } from "../../runtime/interface/clock.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import { ServiceClient } from "../../runtime/signaling/service-client.ts";
import type { Process } from "../../runtime/simulation/machine.ts";
import { servicePort } from "./program.ts";
import type { World } from "../../runtime/simulation/world.ts";

/** Registers the ids of others again and again; what it gets by that it keeps for a while. */
export class Thief {
  readonly process: Process;
  readonly #world: World;
  readonly #service: string;
  readonly #ids: readonly string[];
  readonly #life = new AbortController();
  #done: Promise<void> = Promise.resolve();

  constructor(world: World, process: Process, service: string, ids: readonly string[]) {
    this.#world = world;
    this.process = process;
    this.#service = service;
    this.#ids = ids;
  }

  start(): void {
    this.#done = this.#steal();
  }

  async close(): Promise<void> {
    this.#life.abort(new MeshError("cancelled", "The thief leaves."));
    await this.#done;
  }

  async #steal(): Promise<void> {
    const { signal } = this.#life;
    const { clock, random } = this.process;
    const connect = this.#world.sockets.connect(this.process);
    const pause = (ms: number): Promise<void> => delay(clock, random.next() * ms, signal).catch(() => undefined);
    for (let count = 0; !signal.aborted; count += 1) {
      let client: ServiceClient | undefined;
      try {
        client = await ServiceClient.open({ clock, connect }, { host: this.#service, port: servicePort }, signal);
        const id = this.#ids[Math.floor(random.next() * this.#ids.length)] as string;
        const says = { name: "thief", addresses: [], relay: false, provides: [], pipelines: [] };
        const { epoch } = await client.request("register", { ...says, id, key: `thief ${count} of this life` }, signal);
        await pause(2_000);
        if (random.next() < 0.5) await client.request("unregister", { id, epoch }, signal);
      } catch {
        // It tries again.
      }
      client?.close();
      await pause(1_500);
    }
  }
}
