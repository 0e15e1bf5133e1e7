import { formatMeshUri, parsePeerUri } from "../interface/uri.ts";
import type { SignalAddress } from "./socket.ts";

/** A node of a signaling service. */
export interface ServiceAddress extends SignalAddress {
  readonly uri: string;
}

/**
 * Where a signaling service is reached: at one address, or, for one of several nodes, at any of those that commas part,
 * as in `ws://a:7440,ws://b:7440`.
 * @returns one at least
 * @throws {MeshError} `invalid-argument`
 */
export function serviceAddresses(text: string): [ServiceAddress, ...ServiceAddress[]] {
  const [first = text, ...others] = text.split(",").map((one) => one.trim());
  return [addressOf(first), ...others.map(addressOf)];
}

function addressOf(text: string): ServiceAddress {
  const { host, port, secure } = parsePeerUri(text, "ws");
  const at = { host, port, ...(secure === true && { secure }) };
  return { ...at, uri: formatMeshUri({ ...at, scheme: "ws", pipeline: undefined }) };
}
