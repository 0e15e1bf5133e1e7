import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import { randomId, type Random } from "../../interface/random.ts";
import { serviceLimits } from "../limits.ts";
import { utf8Length } from "../message-rates.ts";
import type { ServiceParams, ServiceResult } from "../methods.ts";
import { Deadlines, type Deadline } from "../deadlines.ts";
import { Directory } from "./directory.ts";
import { checkOwner, nextEpoch } from "./fencing.ts";
import type { RegistryRecord } from "./record.ts";
import type { RegistryStore, StoreChange, Stored } from "./store.ts";

export interface RegistryInit {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Names this signaling node among those that share a store. */
  readonly node?: string;
  /** Registered peers, at most. */
  readonly maxPeers?: number;
  /** UTF-16 code units of all that they say, at most. */
  readonly maxLength?: number;
}

/** Ids that are remembered when they are nobody's any more; beyond, the one that ended the longest ago is forgotten. */
const endedAtMost = serviceLimits.peers;

/** How often a change is tried again that another node was faster with. */
const attempts = 8;

interface Lease extends Deadline {
  readonly id: string;
  readonly epoch: number;
  /** What a renewal grants. */
  readonly ms: number;
}

/**
 * Who is registered, from when to when (spec R7.1, R10.2): owners, epochs and leases. The store decides who owns an id; the leases of
 * the peers that are connected here run here. All questions are answered by the directory.
 */
export class Registry {
  readonly directory = new Directory();
  /** The name of this signaling node. */
  readonly node: string;
  readonly #init: RegistryInit;
  /** Of the peers of this node. */
  readonly #leases = new Map<string, Lease>();
  readonly #ends: Deadlines<Lease>;
  /** The last epoch of ids that are nobody's now: no later owner gets one that an earlier one was given. */
  readonly #ended = new Map<string, number>();
  #unwatch: () => void = () => undefined;
  #onLost: (id: string) => void = () => undefined;
  #closed = false;

  private constructor(init: RegistryInit) {
    this.#init = init;
    this.node = init.node ?? randomId(init.random);
    this.#ends = new Deadlines(init.clock, ({ id, epoch }) => void this.end(id, epoch).catch(() => undefined));
    this.directory.onChange(({ id, before, after }) => {
      this.#ended.delete(id);
      if (after !== undefined || before === undefined) return;
      this.#ended.set(id, before.record.epoch);
      const [oldest] = this.#ended.keys();
      if (this.#ended.size > endedAtMost && oldest !== undefined) this.#ended.delete(oldest);
    });
  }

  /** Resolves when the directory has all that is in the store. */
  static async open(init: RegistryInit): Promise<Registry> {
    const registry = new Registry(init);
    registry.#unwatch = await init.store.watch((change) => registry.#apply(change));
    return registry;
  }

  /** Set once: another node has ended the registration of a peer of this one, which it took for gone. */
  onLost(listener: (id: string) => void): void {
    this.#onLost = listener;
  }

  /**
   * Registers a peer, or registers it anew.
   * @throws {MeshError} `access-denied` for an id of another; `invalid-argument`, also where there is too much to tell of a pipeline;
   * `resource-exhausted` when there are too many
   */
  async register(given: ServiceParams<"register">): Promise<ServiceResult<"register">> {
    const { name, addresses, relay, provides, pipelines, key, epoch = 0, leaseMs = serviceLimits.leaseMs } = given;
    const id = given.id ?? this.#freshId(name);
    const names = pipelines.map(({ pipeline }) => pipeline);
    if (new Set(names).size < names.length) {
      throw new MeshError("invalid-argument", `The peer ${id} registers a pipeline of the same name twice.`);
    }
    const record = await this.#change(id, (current) => {
      const { maxPeers = serviceLimits.peers } = this.#init;
      if (current === undefined && this.directory.size >= maxPeers) {
        const hint = "Register with another service.";
        throw new MeshError("resource-exhausted", `As many peers as may be (${maxPeers}) are registered.`, { hint });
      }
      const last = Math.max(Math.min(epoch, serviceLimits.broughtEpoch), this.#ended.get(id) ?? 0);
      const next = nextEpoch(current, { id, key, epoch: last });
      this.#checkLength(given, current);
      const own = { id, key, epoch: next, node: this.node, connected: true, name, addresses, relay };
      checkTold(given);
      return this.directory.shared({ ...own, provides, pipelines });
    });
    if (given.load !== undefined) await this.#init.store.report(id, record.epoch, given.load);
    this.#grant(id, record.epoch, leaseMs, leaseMs);
    return { id, epoch: record.epoch, leaseMs };
  }

  /** @throws {MeshError} `access-denied` for a registration that has ended */
  renew({ id, epoch }: ServiceParams<"renew">): ServiceResult<"renew"> {
    const lease = this.#lease(id, epoch);
    this.#grant(id, epoch, lease.ms, lease.ms);
    return { leaseMs: lease.ms };
  }

  /** @throws {MeshError} `access-denied` for a registration that has ended */
  async unregister({ id, epoch }: ServiceParams<"unregister">): Promise<void> {
    this.#lease(id, epoch);
    await this.end(id, epoch);
  }

  /** The load of a peer; renews its lease. @throws {MeshError} `access-denied` for a registration that has ended */
  async report({ id, epoch, load }: ServiceParams<"report">): Promise<void> {
    this.renew({ id, epoch });
    await this.#init.store.report(id, epoch, load);
  }

  /** The connection of a peer has broken: it has a while to come back with, in which no calls are passed on to it. */
  async disconnected(id: string, epoch: number): Promise<void> {
    const lease = this.#leases.get(id);
    if (this.#closed || lease?.epoch !== epoch) return;
    this.#grant(id, epoch, lease.ms, Math.min(lease.ms, serviceLimits.graceMs));
    await this.#change(id, (current) => (current?.epoch === epoch ? { ...current, connected: false } : undefined));
  }

  /** Ends all leases; the store is closed by whoever made it. */
  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#ends.clear();
    this.#leases.clear();
  }

  /** @throws {MeshError} `resource-exhausted` for one that says more than before, when all say too much */
  #checkLength({ provides, pipelines }: ServiceParams<"register">, current: RegistryRecord | undefined): void {
    const { maxLength = serviceLimits.registeredLength } = this.#init;
    if (this.directory.length < maxLength) return;
    const before = current === undefined ? -1 : JSON.stringify([current.provides, current.pipelines]).length;
    if (JSON.stringify([provides, pipelines]).length <= before) return;
    throw new MeshError("resource-exhausted", `The registered peers say as much as may be (${maxLength} characters).`, {
      hint: "Register with another service.",
    });
  }

  #freshId(name: string): string {
    const words =
      name
        .replaceAll(/[^A-Za-z0-9._~-]+/g, "-")
        .replace(/^[^A-Za-z0-9]+/, "")
        .slice(0, 64) || "peer";
    return `${words}-${randomId(this.#init.random)
      .replaceAll(/[^A-Za-z0-9]/g, "")
      .slice(0, 12)}`;
  }

  #lease(id: string, epoch: number): Lease {
    checkOwner(this.directory.get(id), { id, epoch });
    const lease = this.#leases.get(id);
    if (lease?.epoch === epoch) return lease;
    throw new MeshError("access-denied", `The registration of ${id} has moved to another node.`, {
      hint: "Register again.",
    });
  }

  /** @param ms what a renewal grants @param nowMs what is granted now */
  #grant(id: string, epoch: number, ms: number, nowMs: number): void {
    if (this.#closed) return;
    const known = this.#leases.get(id);
    let lease = known;
    if (lease?.epoch !== epoch || lease.ms !== ms) {
      if (known !== undefined) this.#ends.delete(known);
      lease = { id, epoch, ms, dueUs: 0, place: -1 };
      this.#leases.set(id, lease);
    }
    this.#ends.set(lease, this.#init.clock.nowUs() + nowMs * 1_000);
  }

  /** Takes over what was changed, here or by another node. */
  #apply(change: StoreChange): void {
    this.directory.apply(change);
    if (change.kind === "load") return;
    const id = change.kind === "put" ? change.record.id : change.id;
    const lease = this.#leases.get(id);
    if (change.kind === "put") {
      const { node, epoch } = change.record;
      // Written, as it turns out, by a request that was answered with a failure: its peer will come again.
      if (node === this.node && lease?.epoch !== epoch) {
        this.#grant(id, epoch, serviceLimits.leaseMs, serviceLimits.graceMs);
      } else if (node !== this.node && lease !== undefined && lease.epoch < epoch) this.#drop(lease);
    } else if (lease !== undefined) {
      this.#drop(lease);
      this.#onLost(id);
    }
  }

  #drop(lease: Lease): void {
    this.#ends.delete(lease);
    this.#leases.delete(lease.id);
  }

  /** Ends the registration of an epoch, if it stands. @throws {MeshError} when the store does not answer */
  async end(id: string, epoch: number): Promise<void> {
    const lease = this.#leases.get(id);
    if (lease?.epoch === epoch) this.#drop(lease);
    try {
      await this.#delete(id, epoch);
    } catch (error) {
      // It stands as before, and is ended when the store answers again.
      if (lease?.epoch === epoch) this.#grant(id, epoch, lease.ms, serviceLimits.graceMs);
      throw error;
    }
  }

  async #delete(id: string, epoch: number): Promise<void> {
    const { store } = this.#init;
    for (let count = 0; count < attempts; count += 1) {
      const stored = await store.get(id);
      if (stored?.record.epoch !== epoch || (await store.delete(id, stored.revision))) return;
    }
    throw contended(id);
  }

  /** @param next undefined leaves it as it is */
  async #change<R extends RegistryRecord | undefined>(
    id: string,
    next: (current: RegistryRecord | undefined) => R,
  ): Promise<R> {
    const { store } = this.#init;
    for (let count = 0; count < attempts; count += 1) {
      const stored: Stored | undefined = await store.get(id);
      const record = next(stored?.record);
      if (record === undefined || (await store.put(record, stored?.revision))) return record;
    }
    throw contended(id);
  }
}

/**
 * What is told of each pipeline has to fit into a message; what is the same in all, and its load, takes less than is left for them.
 * @throws {MeshError} `invalid-argument`
 */
function checkTold({ name, addresses, provides, pipelines }: ServiceParams<"register">): void {
  for (const one of pipelines) {
    const bytes = utf8Length(JSON.stringify([name, addresses, provides, one]));
    if (bytes <= serviceLimits.foundBytes) continue;
    const text = `What is registered of \`${one.pipeline}\` takes ${bytes} bytes, and may take ${serviceLimits.foundBytes}.`;
    throw new MeshError("invalid-argument", text, {
      hint: "Give its records fewer or shorter fields, or its peer fewer capabilities.",
    });
  }
}

/** Others change the same all the time. */
function contended(id: string): MeshError {
  return new MeshError("resource-exhausted", `The registration of ${id} changes too often.`, {
    hint: "Look for a second process of the same id.",
  });
}
