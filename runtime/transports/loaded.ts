import { loadOnce } from "../interface/load-once.ts";
import { nothingListens, type Transport } from "../interface/transport.ts";

/** A transport that is loaded when somebody is called, at most once, but again where that has failed. It never listens. */
export function loadedTransport(scheme: string, load: () => Promise<Transport>): Transport {
  const transport = loadOnce(load);
  return {
    scheme,
    prepare: async () => (await transport()).prepare?.(),
    dial: async (uri, options) => (await transport()).dial(uri, options),
    standBy: async (uri, options) => (await transport()).standBy?.(uri, options),
    keepIdle: async () => (await (await transport()).keepIdle?.()) ?? (async () => undefined),
    listen: () => Promise.reject(nothingListens()),
  };
}
