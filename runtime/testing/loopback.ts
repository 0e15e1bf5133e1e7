import type { Clock } from "../interface/clock.ts";
import type { Transport } from "../interface/transport.ts";
import { parseMeshUri } from "../interface/uri.ts";
import { memoryNetwork } from "../transports/memory/network.ts";

const scheme = "webrtc";
/** The first of the ports that are given out where a program leaves the choice to the system. */
const firstPort = 49_152;

/** Peers of one process that reach each other under their own addresses, without a network. */
export function loopback(clock: Clock): Transport {
  const inner = memoryNetwork({ clock }).transport(scheme);
  const names = new Map<string, string>();
  let nextPort = firstPort;
  const nameOf = (host: string, port: number): string => {
    const address = `${host}:${port}`;
    const name = names.get(address) ?? `peer${names.size}`;
    names.set(address, name);
    return name;
  };
  return {
    scheme,
    dial(uri, options) {
      const { host, port, pipeline = "" } = parseMeshUri(uri);
      return inner.dial(`memory://${nameOf(host, port)}/${encodeURIComponent(pipeline)}`, options);
    },
    async listen(uri, accept) {
      const { host, port: wanted } = parseMeshUri(uri);
      const port = wanted === 0 ? nextPort++ : wanted;
      const listener = await inner.listen(`memory://${nameOf(host, port)}`, accept);
      return {
        address: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`,
        close: () => listener.close(),
      };
    },
  };
}
