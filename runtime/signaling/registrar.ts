import { delay, type Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import { randomId, type Random } from "../interface/random.ts";
import type { ServiceParams } from "./methods.ts";
import { RelayedSockets } from "./relayed-sockets.ts";
import { ServiceClient } from "./service-client.ts";
import type { SignalAddress, SignalConnect } from "./socket.ts";

export interface RegistrarInit {
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: SignalConnect;
  /** Of the service, or of one of its nodes. */
  readonly at: SignalAddress;
  /** Its other nodes: any of them does, and which is first is left to chance. */
  readonly others?: readonly SignalAddress[];
  /** Left out, the service chooses one. */
  readonly id?: string | undefined;
  /** What the peer says of itself, asked for at each registration. */
  readonly registration: () => Omit<ServiceParams<"register">, "id" | "key" | "epoch">;
  /** It is registered, again where it was before. */
  readonly onRegistered: (id: string) => void;
  /** It is not registered any more, and tries again. */
  readonly onLost: (error: MeshError) => void;
}

/**
 * Waits between attempts, in milliseconds: random up to the lower one at first, twice as long each time, up to the higher one. So the peers
 * of a service that was restarted come back within 3 s, and not all at once.
 */
const backoff = { minMs: 100, maxMs: 2_000 } as const;

/** A refusal is not mended by asking again at once. */
const refusedMs = 10_000;

/** Renewed so many times within a lease: two of them may be lost. */
const renewals = 3;

/** Keeps a peer registered with a service (spec R7.1), until it is closed. What runs over connections does not depend on it. */
export class Registrar {
  /** Calls that come in through the service. */
  readonly calls = new RelayedSockets();
  readonly #init: RegistrarInit;
  readonly #key: string;
  readonly #life = new AbortController();
  readonly #done: Promise<void>;
  #id: string | undefined;
  #epoch = 0;
  /** Of the nodes, the one to try next. */
  #turn: number;
  #roundTripMs: number | undefined;
  #client: ServiceClient | undefined;
  #first!: { resolve: () => void; reject: (error: MeshError) => void };
  readonly #started: Promise<void>;

  constructor(init: RegistrarInit) {
    this.#init = init;
    this.#id = init.id;
    this.#turn = init.others === undefined ? 0 : Math.floor(init.random.next() * (init.others.length + 1));
    this.#key = randomId(init.random);
    this.#started = new Promise((resolve, reject) => (this.#first = { resolve, reject }));
    this.#started.catch(() => undefined);
    this.#done = this.#run();
  }

  /** The id that it has, once it has one. */
  get id(): string | undefined {
    return this.#id;
  }

  /**
   * Resolves after the first attempt, also when the service was not there: it is tried again then.
   * @throws {MeshError} the refusal of the service, such as `access-denied` for an id of another
   */
  started(): Promise<void> {
    return this.#started;
  }

  /** Tells the load of the peer, and how long a round trip to the service takes; nothing while it is not registered. */
  report(given: ServiceParams<"report">["load"]): void {
    if (this.#client === undefined || this.#id === undefined) return;
    const load = this.#roundTripMs === undefined ? given : { latencyMs: this.#roundTripMs, ...given };
    // One that fails is made good by the next.
    void this.#client.request("report", { id: this.#id, epoch: this.#epoch, load }).catch(() => undefined);
  }

  /** The time of a round trip, by the lowest of late: the others have waited for something. */
  async #timed<T>(request: Promise<T>): Promise<T> {
    const { clock } = this.#init;
    const beganUs = clock.nowUs();
    const result = await request;
    const ms = (clock.nowUs() - beganUs) / 1_000;
    // One that has grown is believed bit by bit.
    this.#roundTripMs = Math.min(ms, (this.#roundTripMs ?? ms) * 1.2 + 0.1);
    return result;
  }

  /** Unregisters, where that can be done in half a second. */
  async close(): Promise<void> {
    if (!this.#life.signal.aborted) {
      const client = this.#client;
      this.#life.abort(new MeshError("cancelled", "The peer stops."));
      if (client !== undefined && this.#id !== undefined) {
        const { clock } = this.#init;
        const parting = client.request("unregister", { id: this.#id, epoch: this.#epoch }).catch(() => undefined);
        const late = new AbortController();
        await Promise.race([parting, delay(clock, 500, late.signal).catch(() => undefined)]);
        late.abort(new MeshError("cancelled", "It is done."));
      }
      client?.close();
    }
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#life;
    const { clock, random, onLost } = this.#init;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      let lowestMs = 0;
      try {
        const client = await this.#open(signal);
        const error = await this.#stay(client, () => (attempt = -1)).finally(() => {
          this.#client = undefined;
          this.calls.broken();
          client.close();
        });
        if (signal.aborted) return;
        onLost(error);
      } catch (error) {
        if (signal.aborted) return;
        const known = MeshError.from(error);
        if (!known.retryable) {
          this.#first.reject(known);
          lowestMs = refusedMs;
        }
        // Who has never been there is told by `started`.
        if (known.retryable || this.#epoch > 0) onLost(known);
      }
      // Whatever has become of it there, another node may do better.
      this.#turn += 1;
      this.#first.resolve();
      const ceilingMs = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(Math.max(attempt, 0), 16));
      await delay(clock, lowestMs + random.next() * ceilingMs, signal).catch(() => undefined);
    }
  }

  /** A conversation with the first node that can be reached. @throws {MeshError} why the last cannot */
  async #open(signal: AbortSignal): Promise<ServiceClient> {
    const nodes = [this.#init.at, ...(this.#init.others ?? [])];
    for (let left = nodes.length; ; this.#turn += 1) {
      try {
        return await ServiceClient.open(this.#init, nodes[this.#turn % nodes.length] as SignalAddress, signal);
      } catch (error) {
        left -= 1;
        if (signal.aborted || left === 0) throw error;
      }
    }
  }

  /** Registers and renews as long as the conversation lasts. @returns why it is over @throws {MeshError} the refusal */
  async #stay(client: ServiceClient, onRegistered: () => void): Promise<MeshError> {
    const { signal } = this.#life;
    client.onRelay((message) => this.calls.take(message, (back) => client.relay(back)));
    for (;;) {
      const { registration } = this.#init;
      const about = registration();
      const asked = { ...about, ...(this.#id !== undefined && { id: this.#id }), key: this.#key, epoch: this.#epoch };
      const { id, epoch, leaseMs } = await this.#timed(client.request("register", asked, signal));
      this.#id = id;
      this.#epoch = epoch;
      this.#client = client;
      onRegistered();
      this.#init.onRegistered(id);
      this.#first.resolve();
      if (about.load !== undefined) this.report(about.load);
      const over = await this.#renew(client, leaseMs / renewals);
      if (over !== undefined) return over;
    }
  }

  /** @returns why the conversation is over; undefined when the registration alone is, as after a pause longer than the lease */
  async #renew(client: ServiceClient, everyMs: number): Promise<MeshError | undefined> {
    const { clock } = this.#init;
    const stop = new AbortController();
    const closed = client.closed.then((error) => {
      stop.abort(error);
      return error;
    });
    for (;;) {
      try {
        await delay(clock, everyMs, AbortSignal.any([stop.signal, this.#life.signal]));
        const renewal = { id: this.#id as string, epoch: this.#epoch };
        await this.#timed(client.request("renew", renewal, this.#life.signal));
        const { load } = this.#init.registration();
        if (load !== undefined) this.report(load);
      } catch (error) {
        if (this.#life.signal.aborted) return MeshError.from(error);
        if (stop.signal.aborted) return closed;
        const known = MeshError.from(error);
        if (known.code === "access-denied") return undefined;
        return known;
      }
    }
  }
}
