import type { Clock } from "../../interface/clock.ts";
import { loadOnce } from "../../interface/load-once.ts";
import type { Signaling } from "../../interface/signaling.ts";
import { nothingListens, type Transport } from "../../interface/transport.ts";
import { formatHostPort, formatMeshUri, parseTargetUri } from "../../interface/uri.ts";
import { SharingDialer, type Callee } from "../shared/dialer.ts";
import type { Inbound } from "./bonds.ts";
import { dial } from "./dial.ts";
import type { WebrtcEngine } from "./engines/engine.ts";

/** An engine, or how to load one when it is first needed. */
export type EngineSource = WebrtcEngine | (() => Promise<WebrtcEngine>);

export interface WebrtcDialerInit {
  readonly clock: Clock;
  readonly engine: EngineSource;
  readonly signaling: Pick<Signaling, "call">;
  /** From the offer to the open control channel, in milliseconds; 4000, so that a reason is there within 5 s of the dial. */
  readonly connectMs?: number;
  /** False gives each pipeline that is dialled a connection of its own; true by default, where the other peer does so too. */
  readonly share?: boolean;
}

export const defaultConnectMs = 4_000;

/** Connections over WebRTC to those who listen, for those who cannot. */
export function webrtcDialer(init: WebrtcDialerInit): Transport {
  return sharingDialer(init).transport;
}

/** @param inbound connections that others have dialled to the same peer */
export function sharingDialer(
  init: WebrtcDialerInit,
  inbound?: Inbound,
): { readonly transport: Transport; readonly dialer: SharingDialer } {
  const { clock, signaling, connectMs = defaultConnectMs, share = true } = init;
  const load = loaderOf(init.engine);
  const dialer: SharingDialer = new SharingDialer({
    clock,
    dial: async ({ addressOf, pipeline }, signal, mayReturn) => {
      const mine = share && mayReturn ? () => inbound?.named(dialer.carriers) ?? [] : undefined;
      const deps = { clock, engine: await load(), signaling, connectMs, share, inbound: mine };
      return dial(deps, addressOf(pipeline), { signal });
    },
  });
  const transport: Transport = {
    scheme: "webrtc",
    prepare: async () => void (await load()),
    dial: async (uri, { signal }) => dialer.dial(calleeOf(uri), signal),
    standBy: async (uri, { signal }) => dialer.standBy(calleeOf(uri), signal),
    keepIdle: async () => dialer.keepIdle(),
    listen: () => Promise.reject(nothingListens()),
  };
  return { transport, dialer };
}

/** @throws {MeshError} `invalid-argument` */
function calleeOf(text: string): Callee {
  const uri = parseTargetUri(text, "webrtc");
  return {
    at: uri.peer === undefined ? formatHostPort(uri) : `${uri.peer} at ${formatHostPort(uri)}`,
    pipeline: uri.pipeline,
    addressOf: (pipeline) => formatMeshUri({ ...uri, pipeline }),
  };
}

/** Loads an engine at most once, but again where that has failed. */
export function loaderOf(source: EngineSource): () => Promise<WebrtcEngine> {
  if (typeof source !== "function") return () => Promise.resolve(source);
  return loadOnce(source);
}
