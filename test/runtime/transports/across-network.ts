import type { Connection } from "../../../runtime/interface/transport.ts";
import type { WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { BadNetwork, type NetworkConditions } from "../../support/bad-network.ts";

/**
 * Two peers with a network of these conditions between them.
 * @param cleanUps what is to be called at the end, the last first
 * @param engine of the caller
 * @param calleeEngine of who is called
 */
export async function acrossNetwork(
  cleanUps: (() => unknown)[],
  seed: number,
  conditions: NetworkConditions,
  engine: WebrtcEngine = weriftEngine(),
  calleeEngine: WebrtcEngine = weriftEngine(),
): Promise<{ readonly network: BadNetwork; readonly caller: Connection; readonly callee: Connection }> {
  // They may find that they are on one machine, and so try large packets.
  const network = new BadNetwork(seed, conditions, true);
  cleanUps.push(() => network.close());
  let accepted: (connection: Connection) => void = () => undefined;
  const other = new Promise<Connection>((resolve) => (accepted = resolve));
  const callee = weriftTransport({ engine: calleeEngine });
  const listener = await callee.listen("webrtc://127.0.0.1:0", (connection) => accepted(connection));
  cleanUps.push(() => listener.close());
  const transport = weriftTransport({ engine, signaling: network.around(nodejsSignaling()) });
  const { signal } = new AbortController();
  const caller = await transport.dial(`${listener.address}/P`, { signal });
  cleanUps.push(() => caller.close());
  return { network, caller, callee: await other };
}
