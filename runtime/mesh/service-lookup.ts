import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import { parsePeerUri } from "../interface/uri.ts";
import type { FoundPipeline, ServiceParams } from "../signaling/methods.ts";
import { ServiceClient } from "../signaling/service-client.ts";
import type { SignalConnect } from "../signaling/socket.ts";

export interface ServiceLookupInit {
  readonly clock: Clock;
  readonly connect: SignalConnect;
}

/** Conversations with signaling services, one with each, kept from one question to the next. */
export class ServiceLookup {
  readonly #init: ServiceLookupInit;
  readonly #clients = new Map<string, Promise<ServiceClient>>();

  constructor(init: ServiceLookupInit) {
    this.#init = init;
  }

  /**
   * Asks one service after the other, until one has a pipeline.
   * @param services addresses such as `ws://signal.example.com:7440`
   * @throws {MeshError} the last refusal, or why no service can be asked; the signal's reason
   */
  async connect(
    services: readonly string[],
    wanted: ServiceParams<"connect">,
    signal: AbortSignal,
  ): Promise<{ readonly found: FoundPipeline; readonly service: string }> {
    let last: unknown;
    for (const service of services) {
      try {
        const { found } = await this.#ask(service, (client) => client.request("connect", wanted, signal), signal);
        return { found, service };
      } catch (error) {
        signal.throwIfAborted();
        last = error;
      }
    }
    throw last ?? new MeshError("peer-unreachable", "No signaling service is known here.");
  }

  close(): void {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    for (const client of clients) void client.then((one) => one.close()).catch(() => undefined);
  }

  async #ask<T>(service: string, ask: (client: ServiceClient) => Promise<T>, signal: AbortSignal): Promise<T> {
    const known = this.#clients.get(service);
    if (known !== undefined) {
      try {
        return await ask(await known);
      } catch (error) {
        signal.throwIfAborted();
        // It may have gone since the last question; a new conversation then says more.
        if (MeshError.from(error).code !== "peer-lost") throw error;
      }
    }
    return ask(await this.#open(service, signal));
  }

  #open(service: string, signal: AbortSignal): Promise<ServiceClient> {
    const opening = ServiceClient.open(this.#init, parsePeerUri(service, "ws"), signal);
    this.#clients.set(service, opening);
    const forget = (): void => {
      if (this.#clients.get(service) === opening) this.#clients.delete(service);
    };
    opening.then((client) => client.closed.then(forget), forget);
    return opening;
  }
}
