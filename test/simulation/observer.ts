import { delay } from "../../runtime/interface/clock.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { FoundPipeline, ServiceParams } from "../../runtime/signaling/methods.ts";
import { serviceLimits } from "../../runtime/signaling/limits.ts";
import { ServiceClient } from "../../runtime/signaling/service-client.ts";
import type { Process } from "../../runtime/simulation/machine.ts";
import { servicePort } from "./program.ts";
import type { World } from "../../runtime/simulation/world.ts";

/** Between a conversation that has ended and the next, in milliseconds. */
const againMs = 300;

/** Somebody who asks a service questions and watches it, from a machine that nothing happens to. */
export class Observer {
  readonly process: Process;
  readonly service: string;
  readonly #world: World;
  /** What it was told is there, by peer. */
  readonly #watched = new Map<string, FoundPipeline>();
  #client: ServiceClient | undefined;
  #complete = false;
  #life = new AbortController();
  #done: Promise<void> = Promise.resolve();

  constructor(world: World, process: Process, service: string) {
    this.#world = world;
    this.process = process;
    this.service = service;
  }

  /** Ids of those that it was told are there; undefined before it was told all. */
  get watched(): readonly string[] | undefined {
    return this.#complete ? [...this.#watched.keys()].toSorted() : undefined;
  }

  start(): void {
    this.#done = this.#watch();
  }

  async close(): Promise<void> {
    this.#life.abort(new MeshError("cancelled", "The observer leaves."));
    this.#client?.close();
    await this.#done;
  }

  /** @returns all that is registered; undefined when the service does not answer */
  async discover(): Promise<readonly FoundPipeline[] | undefined> {
    const found: FoundPipeline[] = [];
    try {
      if (this.#client === undefined) return undefined;
      for await (const one of this.#client.discover({ pipeline: "Work" })) found.push(one);
      return found;
    } catch {
      return undefined;
    }
  }

  /** Registers peers of somebody else's making, who run a pipeline and never say anything of their load. @returns their ids */
  async register(pipeline: string, count: number): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let number = 1; number <= count; number += 1) {
      const says = { addresses: [`webrtc://${pipeline}-${number}:1`], relay: false, provides: [] };
      const own = { name: pipeline, key: `${pipeline} ${number} of this life`, leaseMs: serviceLimits.leaseMaxMs };
      const pipelines = [{ pipeline, batch: false, inputs: {}, outputs: {}, schemas: {} }];
      const answer = await this.#client?.request("register", { ...says, ...own, pipelines }).catch(() => undefined);
      if (answer !== undefined) ids.push(answer.id);
    }
    return ids;
  }

  /** @returns the peer that is chosen */
  async connect(
    pipeline: string,
    prefer: ServiceParams<"connect">["prefer"],
    key?: string,
  ): Promise<string | undefined> {
    try {
      const params = { pipeline, prefer, ...(key !== undefined && { key }) };
      return (await this.#client?.request("connect", params))?.found.peer;
    } catch (error) {
      return MeshError.from(error).code;
    }
  }

  async #watch(): Promise<void> {
    const { signal } = this.#life;
    const { clock } = this.process;
    const connect = this.#world.sockets.connect(this.process);
    while (!signal.aborted) {
      try {
        const client = await ServiceClient.open({ clock, connect }, { host: this.service, port: servicePort }, signal);
        client.onChange(({ found = [], gone = [], complete }) => {
          for (const one of found) this.#watched.set(one.peer, one);
          for (const { peer } of gone) this.#watched.delete(peer);
          if (complete === true) this.#complete = true;
        });
        this.#client = client;
        await client.request("watch", { pipeline: "Work" }, signal);
        await client.closed;
      } catch {
        // It is asked again.
      }
      this.#client?.close();
      this.#client = undefined;
      this.#complete = false;
      this.#watched.clear();
      await delay(clock, againMs, signal).catch(() => undefined);
    }
  }
}
