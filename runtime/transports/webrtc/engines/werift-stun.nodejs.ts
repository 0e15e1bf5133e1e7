import type { RTCPeerConnection } from "werift";

/** The private part of werift 0.24 that looking for addresses goes through. */
interface IceConnection {
  getCandidatePromises?: (addresses: readonly string[], timeoutS: number) => Promise<unknown>[];
}

/** How long an offer waits for a STUN server, in seconds; what comes later goes to the other side by itself. */
const waitS = 0.2;

/**
 * While a STUN server does not answer, werift keeps the addresses back that are there already, for 5 s on each side. This
 * lets them go. Called again and again as parts of the connection come into being; does nothing to what it has done before.
 */
export function waitForNoServer(peer: RTCPeerConnection): void {
  for (const { connection } of peer.iceTransports) {
    const ice = connection as unknown as IceConnection;
    const gather = ice.getCandidatePromises;
    if (typeof gather !== "function" || Object.hasOwn(ice, "getCandidatePromises")) continue;
    ice.getCandidatePromises = (addresses) => gather.call(ice, addresses, waitS);
  }
}
