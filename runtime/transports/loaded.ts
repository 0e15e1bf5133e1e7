import { nothingListens, type Transport } from "../interface/transport.ts";

/** A transport that is loaded when somebody is called, at most once, but again where that has failed. It never listens. */
export function loadedTransport(scheme: string, load: () => Promise<Transport>): Transport {
  let found: Promise<Transport> | undefined;
  const transport = (): Promise<Transport> => {
    found ??= load().catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  };
  return {
    scheme,
    prepare: async () => (await transport()).prepare?.(),
    dial: async (uri, options) => (await transport()).dial(uri, options),
    listen: () => Promise.reject(nothingListens()),
  };
}
