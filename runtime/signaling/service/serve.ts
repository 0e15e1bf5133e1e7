import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Random } from "../../interface/random.ts";
import { serviceLimits } from "../limits.ts";
import { Nodes } from "../nodes/nodes.ts";
import { memoryStore } from "../registry/memory-store.ts";
import { Refusals } from "../refusals.ts";
import { Registry } from "../registry/registry.ts";
import type { RegistryStore } from "../registry/store.ts";
import { serveSockets } from "../server.ts";
import type { SignalServerFactory } from "../socket.ts";
import { balancingChooser } from "./chooser.ts";
import { healthService } from "../../http/health.ts";
import { SignalingService, type SignalingServiceInit } from "./service.ts";

export interface ServeServiceInit {
  readonly clock: Clock;
  readonly random: Random;
  readonly listen: SignalServerFactory;
  /** Memory by default; one that is given is closed by who has made it. */
  readonly store?: RegistryStore;
  /** Names this node among those that share the store; left out, it gets a name of its own. */
  readonly node?: string;
  readonly maxPeers?: number;
}

export interface RunningService {
  readonly host: string;
  /** The actual port. */
  readonly port: number;
  readonly figures: () => SignalingService["figures"];
  /** Ends all conversations; calling it again waits for the same end. */
  close(): Promise<void>;
}

/**
 * Starts a signaling service: peers register, others find them, and calls are passed on.
 * @throws {MeshError} `address-in-use`
 */
export async function serveService(
  init: ServeServiceInit,
  at: { readonly host: string; readonly port: number },
): Promise<RunningService> {
  const { clock, random, maxPeers, node } = init;
  const store = init.store ?? memoryStore();
  const bounds = { ...(maxPeers !== undefined && { maxPeers }), ...(node !== undefined && { node }) };
  const registry = await Registry.open({ store, clock, random, ...bounds });
  const { directory } = registry;
  const refusals = new Refusals();
  const chooser = balancingChooser(clock, random);
  const parts: SignalingServiceInit = { clock, directory, registry, chooser, refusals };
  const service = new SignalingService(parts);
  const health = { ready: true };
  const nodes =
    store.bus && (await Nodes.join({ clock, bus: store.bus, registry, callee: (peer) => service.callee(peer) }));
  if (nodes !== undefined) service.joined(nodes);
  const handle = await serveSockets(
    { clock, listen: init.listen },
    {
      ...at,
      http: healthService(
        () => health.ready && (store.isReady?.() ?? true),
        () => service.figures,
      ),
      reception: service,
      halfOpen: serviceLimits.halfOpen,
      halfOpenPerAddress: serviceLimits.halfOpenPerAddress,
      refusals,
      // The service answers each hello itself, so none becomes a call here.
      onCall: (call) => call.refuse(new MeshError("internal", "a service runs no pipelines")),
    },
  ).catch((error: unknown) => {
    registry.close();
    nodes?.close();
    throw error;
  });
  let closing: Promise<void> | undefined;
  return {
    host: handle.host,
    port: handle.port,
    figures: () => service.figures,
    close: () => {
      health.ready = false;
      closing ??= (async () => {
        registry.close();
        service.close();
        nodes?.close();
        await handle.close();
        if (init.store === undefined) await store.close();
      })();
      return closing;
    },
  };
}
