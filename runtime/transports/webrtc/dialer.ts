import type { Clock } from "../../interface/clock.ts";
import { loadOnce } from "../../interface/load-once.ts";
import type { Signaling } from "../../interface/signaling.ts";
import { nothingListens, type Transport } from "../../interface/transport.ts";
import { dial } from "./dial.ts";
import type { WebrtcEngine } from "./engines/engine.ts";

/** An engine, or how to load one when it is first needed. */
export type EngineSource = WebrtcEngine | (() => Promise<WebrtcEngine>);

export interface WebrtcDialerInit {
  readonly clock: Clock;
  readonly engine: EngineSource;
  readonly signaling: Pick<Signaling, "call">;
  /** From the offer to the open control channel, in milliseconds; 4500, so that a reason is there within 5 s. */
  readonly connectMs?: number;
}

export const defaultConnectMs = 4_500;

/** Connections over WebRTC to those who listen, for those who cannot. */
export function webrtcDialer(init: WebrtcDialerInit): Transport {
  const { clock, signaling, connectMs = defaultConnectMs } = init;
  const load = loaderOf(init.engine);
  return {
    scheme: "webrtc",
    prepare: async () => void (await load()),
    dial: async (uri, options) => dial({ clock, engine: await load(), signaling, connectMs }, uri, options),
    listen: () => Promise.reject(nothingListens()),
  };
}

/** Loads an engine at most once, but again where that has failed. */
export function loaderOf(source: EngineSource): () => Promise<WebrtcEngine> {
  if (typeof source !== "function") return () => Promise.resolve(source);
  return loadOnce(source);
}
