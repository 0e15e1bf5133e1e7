import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { NodeBus } from "../nodes/bus.ts";
import type { LoadReport, RegistryRecord } from "../registry/record.ts";
import type { RegistryStore, StoreChange, Stored } from "../registry/store.ts";
import { Answering } from "./answering.ts";
import { apiCode, openBucket, wordsOf, type NatsAddress, type OpenBucket } from "./connect.ts";
import { Follower } from "./follower.ts";
import { MarkPurge } from "./mark-purge.ts";
import type { NatsClients } from "./nats-types.ts";
import { keyOf, readChange, readRecord, type NodeChange } from "./stored-record.ts";

export interface NatsStoreInit extends NatsAddress {
  readonly clock: Clock;
  readonly clients: NatsClients;
}

/** JetStream: another has changed the key meanwhile. */
const wrongRevision: ReadonlySet<number | undefined> = new Set([10_071, 10_164]);

/**
 * Registrations in a bucket of NATS JetStream, for signaling nodes on several machines (https://docs.nats.io/nats-concepts/jetstream/key-value-store).
 * The bucket decides who owns an id, by revisions. What has changed is heard of from the node that has changed it, by a subject, and from
 * a watch of the bucket: the one takes a millisecond and may be lost, the other is sure and stands still for seconds when its server
 * goes. Leases are those of the nodes, so nothing in the bucket expires.
 * @throws {MeshError} `peer-unreachable`, `access-denied`, `invalid-argument`
 */
export async function natsStore(init: NatsStoreInit): Promise<NatsStore> {
  return new NatsStore(init.clock, init.bucket, await openBucket(init.clients, init.clock, init));
}

export class NatsStore implements RegistryStore {
  readonly bus: NodeBus;
  /** Servers that keep each registration. */
  readonly replicas: number;
  readonly #clock: Clock;
  readonly #open: OpenBucket;
  readonly #subject: string;
  readonly #followers = new Set<Follower>();
  readonly #marks: MarkPurge;
  readonly #answering: Answering;
  #isConnected = true;
  #isClosed = false;

  constructor(clock: Clock, bucket: string, open: OpenBucket) {
    this.#clock = clock;
    this.#open = open;
    this.#subject = `mesh.signaling.${bucket}`;
    this.replicas = open.replicas;
    this.#marks = new MarkPurge(clock, (key, seq) =>
      open.manager.streams.purge(open.stream, { filter: `$KV.${bucket}.${key}`, seq: seq + 1 }),
    );
    this.#answering = new Answering(clock, () => open.bucket.get(keyOf("ready")));
    this.bus = {
      send: (message, to) => this.#say(to === undefined ? "all" : `node.${to}`, message),
      listen: async (node, take) => {
        const ends = ["all", `node.${node}`].map((subject) => this.#listen(subject, take));
        await open.connection.flush();
        return () => ends.forEach((end) => end());
      },
    };
    this.#listen("changed", (text) => {
      const change = readChange(text);
      if (change !== undefined) for (const follower of this.#followers) follower.told(change);
    });
    void this.#followConnection();
  }

  readonly isReady = (): boolean => this.#isConnected && this.#answering.isGood && !this.#isClosed;

  async get(id: string): Promise<Stored | undefined> {
    const entry = await this.#ask(() => this.#open.bucket.get(keyOf(id)));
    if (entry === null || entry.operation !== "PUT") return undefined;
    const record = readRecord(entry.string());
    if (record !== undefined) return { record, revision: entry.revision };
    throw new MeshError("internal", `What is stored for ${id} cannot be read by this version.`, {
      hint: "Run the same version of meshc on all machines.",
    });
  }

  async put(record: RegistryRecord, expected: number | undefined): Promise<boolean> {
    const { bucket } = this.#open;
    const key = keyOf(record.id);
    const value = JSON.stringify(record);
    const revision = await this.#compareAndSet(() =>
      expected === undefined ? bucket.create(key, value) : bucket.update(key, value, expected),
    );
    if (revision === undefined) return false;
    this.#announce({ kind: "put", revision, record });
    return true;
  }

  async delete(id: string, expected: number): Promise<boolean> {
    const key = keyOf(id);
    const done = await this.#compareAndSet(async () => {
      await this.#open.bucket.delete(key, { previousSeq: expected });
      return expected;
    });
    if (done === undefined) return false;
    this.#marks.expect(key);
    this.#announce({ kind: "deleted", revision: expected, id });
    return true;
  }

  async report(id: string, epoch: number, load: LoadReport): Promise<void> {
    this.#announce({ kind: "load", id, epoch, load });
  }

  async watch(listener: (change: StoreChange) => void): Promise<() => void> {
    const follower = new Follower({ clock: this.#clock, open: this.#open, marks: this.#marks, tell: listener });
    this.#followers.add(follower);
    await follower.complete;
    return () => {
      this.#followers.delete(follower);
      follower.stop();
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#marks.stop();
    this.#answering.stop();
    for (const follower of this.#followers) follower.stop();
    const { connection } = this.#open;
    // What was said last is to arrive, where there is anybody to say it to.
    if (this.#isConnected) await connection.flush().catch(() => undefined);
    await connection.close();
  }

  /** What was changed here is told to the own listeners before it is answered, and to the other nodes. */
  #announce(change: NodeChange): void {
    for (const follower of this.#followers) follower.told(change);
    this.#say("changed", JSON.stringify(change));
  }

  #say(subject: string, text: string): void {
    if (!this.#isClosed) this.#open.connection.publish(`${this.#subject}.${subject}`, text);
  }

  #listen(subject: string, take: (text: string) => void): () => void {
    const callback = (error: Error | null, message: { string(): string }): void => {
      if (error === null) take(message.string());
    };
    const subscription = this.#open.connection.subscribe(`${this.#subject}.${subject}`, { callback });
    return () => subscription.unsubscribe();
  }

  /** The client finds another server by itself; what was told meanwhile is asked for anew. */
  async #followConnection(): Promise<void> {
    for await (const { type } of this.#open.connection.status()) {
      if (type === "disconnect") this.#isConnected = false;
      if (type !== "reconnect") continue;
      this.#isConnected = true;
      for (const follower of this.#followers) follower.restart();
    }
  }

  /** @returns undefined when another was faster */
  async #compareAndSet(change: () => Promise<number>): Promise<number | undefined> {
    return this.#ask(async () => {
      try {
        return await change();
      } catch (error) {
        if (wrongRevision.has(apiCode(error))) return undefined;
        throw error;
      }
    });
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await this.#answering.note(question());
    } catch (error) {
      throw new MeshError("peer-unreachable", `the store of registrations does not answer: ${wordsOf(error)}`, {
        cause: error,
        hint: "It is tried again; a cluster that has lost a server chooses a new leader within ten seconds.",
        retryAfterMs: 1_000,
      });
    }
  }
}
