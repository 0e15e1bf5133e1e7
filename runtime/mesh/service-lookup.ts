import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Random } from "../interface/random.ts";
import type { FoundPipeline, ServiceParams } from "../signaling/methods.ts";
import { ServiceClient } from "../signaling/service-client.ts";
import { serviceAddresses, type ServiceAddress } from "../signaling/service-addresses.ts";
import type { SignalConnect } from "../signaling/socket.ts";

export interface ServiceLookupInit {
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: SignalConnect;
}

/** So many conversations that others have opened are tried for a question before it gets one of its own. */
const sharedAtMost = 2;

/** A conversation with a service. */
interface Open {
  readonly client: ServiceClient;
  /** Of its nodes, the one that it is with first. */
  readonly nodes: readonly string[];
}

/** Conversations with signaling services, one with each, kept from one question to the next. */
export class ServiceLookup {
  readonly #init: ServiceLookupInit;
  readonly #clients = new Map<string, Promise<Open>>();
  #closed = false;

  constructor(init: ServiceLookupInit) {
    this.#init = init;
  }

  /**
   * Pipelines of the first service that knows some, without asking for one: nothing is counted as sent there.
   * @throws {MeshError} why no service can be asked; the signal's reason
   */
  async discover(
    services: readonly string[],
    wanted: ServiceParams<"discover">,
    signal: AbortSignal,
  ): Promise<{ readonly found: readonly FoundPipeline[]; readonly nodes: readonly string[] }> {
    let last: unknown;
    for (const service of services) {
      try {
        const { found, nodes } = await this.#ask(
          service,
          async ({ client, nodes: of }) => ({ ...(await client.request("discover", wanted, signal)), nodes: of }),
          signal,
        );
        if (found.length > 0) return { found, nodes };
      } catch (error) {
        signal.throwIfAborted();
        last = error;
      }
    }
    throw last ?? new MeshError("peer-unreachable", "No other peer is known.");
  }

  /**
   * Asks one service after the other, until one has a pipeline.
   * @param services addresses such as `ws://signal.example.com:7440`, each of one service or of all of its nodes, with commas between them
   * @returns with the nodes by which a call can be passed on, the one that was asked first
   * @throws {MeshError} the last refusal, or why no service can be asked; the signal's reason
   */
  async connect(
    services: readonly string[],
    wanted: ServiceParams<"connect">,
    signal: AbortSignal,
  ): Promise<{ readonly found: FoundPipeline; readonly nodes: readonly string[] }> {
    let last: unknown;
    for (const service of services) {
      try {
        return await this.#ask(
          service,
          async ({ client, nodes }) => ({ ...(await client.request("connect", wanted, signal)), nodes }),
          signal,
        );
      } catch (error) {
        signal.throwIfAborted();
        last = error;
      }
    }
    throw last ?? new MeshError("peer-unreachable", "No signaling service is known here.");
  }

  close(): void {
    this.#closed = true;
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    for (const client of clients) void client.then(({ client: one }) => one.close()).catch(() => undefined);
  }

  async #ask<T>(service: string, ask: (open: Open) => Promise<T>, signal: AbortSignal): Promise<T> {
    // One that others have opened may be gone, with or without a word, and so may the next that somebody has opened meanwhile.
    for (let left = sharedAtMost; left > 0; left -= 1) {
      const known = this.#clients.get(service);
      // Why an opening has failed that belongs to another question says nothing of this one.
      const open = await known?.catch(() => undefined);
      signal.throwIfAborted();
      if (known === undefined || open === undefined) break;
      try {
        return await ask(open);
      } catch (error) {
        signal.throwIfAborted();
        if (!isOver(error)) throw error;
        this.#forget(service, known);
      }
    }
    const opening = this.#open(service, signal);
    try {
      return await ask(await opening);
    } catch (error) {
      if (isOver(error)) this.#forget(service, opening);
      throw error;
    } finally {
      // Another is kept for the next question, or none any more.
      if (this.#clients.get(service) !== opening) this.#forget(service, opening);
    }
  }

  /** The next question is asked in another conversation. */
  #forget(service: string, opening: Promise<Open>): void {
    if (this.#clients.get(service) === opening) this.#clients.delete(service);
    void opening.then(({ client: one }) => one.close()).catch(() => undefined);
  }

  #open(service: string, signal: AbortSignal): Promise<Open> {
    const opening = this.#openAny(serviceAddresses(service), signal);
    if (!this.#closed && !this.#clients.has(service)) this.#clients.set(service, opening);
    const forget = (): void => {
      if (this.#clients.get(service) === opening) this.#clients.delete(service);
    };
    opening.then(({ client }) => client.closed.then(forget), forget);
    return opening;
  }

  /** With the first node that can be reached; which is tried first is left to chance. */
  async #openAny(nodes: readonly ServiceAddress[], signal: AbortSignal): Promise<Open> {
    const start = nodes.length === 1 ? 0 : Math.floor(this.#init.random.next() * nodes.length);
    for (let left = [...nodes.slice(start), ...nodes.slice(0, start)]; ; left = left.slice(1)) {
      const [node] = left as [ServiceAddress, ...ServiceAddress[]];
      try {
        const client = await ServiceClient.open(this.#init, node, signal);
        return { client, nodes: [node, ...nodes.filter((one) => one !== node)].map(({ uri }) => uri) };
      } catch (error) {
        if (signal.aborted || left.length === 1) throw error;
      }
    }
  }
}

/** A conversation that has ended, that does not answer, or that was given up by somebody else who was not answered. */
function isOver(error: unknown): boolean {
  const { code } = MeshError.from(error);
  return code === "peer-lost" || code === "deadline-exceeded" || code === "cancelled";
}
