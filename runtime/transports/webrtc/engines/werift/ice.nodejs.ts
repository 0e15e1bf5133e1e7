import type { UdpTransport } from "werift";
import type { EnginePeer } from "../engine.ts";
import { proveSocket } from "../sockets.nodejs.ts";
import { fieldOf, listOf, tuned } from "./fields.nodejs.ts";
import { findRelay, type RelayedIce } from "./relay.nodejs.ts";
import { openUdp } from "./udp.nodejs.ts";

/** The private part of werift 0.24 that looking for addresses goes through. */
interface IceConnection {
  getCandidatePromises?: (addresses: readonly string[], timeoutS: number) => Promise<unknown>[];
  /** Called with each socket before it is opened. */
  ensureProtocol?: (protocol: StunProtocol) => void;
}

interface UdpSocket {
  setRecvBufferSize(bytes: number): void;
  on(event: "error", listener: (error: Error) => void): void;
}

interface StunProtocol {
  readonly type?: string;
  transport?: UdpTransport;
  connectionMade?: (useIpv4: boolean, portRange?: unknown, interfaceAddresses?: unknown) => Promise<void>;
  datagramReceived?: (data: Buffer, address: Parameters<UdpTransport["onData"]>[1]) => void;
}

/** How long an offer waits for a STUN or TURN server, in seconds; what comes later goes to the other side by itself. */
const waitS = 0.2;

/**
 * While a STUN or TURN server does not answer, werift keeps the addresses back that are there already, for 5 s on each side, or 13. This
 * lets them go. Called again and again as parts of the connection come into being; does nothing to what it has done before.
 */
export function waitForNoServer(peer: EnginePeer): void {
  for (const transport of listOf(fieldOf(peer, "iceTransports"))) {
    const ice = fieldOf(transport, "connection") as (IceConnection & RelayedIce) | undefined;
    const gather = ice?.getCandidatePromises;
    if (ice === undefined || typeof gather !== "function" || Object.hasOwn(ice, "getCandidatePromises")) continue;
    ice.getCandidatePromises = (addresses) => {
      const { turnServer, options } = ice;
      if (turnServer === undefined) return gather.call(ice, addresses, waitS);
      const relayOnly = options.forceTurn === true;
      ice.turnServer = undefined;
      const others = gather.call(ice, relayOnly ? [] : addresses, waitS);
      ice.turnServer = turnServer;
      const relay = findRelay(ice, turnServer);
      return [...others, relayOnly ? relay : atMost(waitS * 1000, relay)];
    };
  }
}

/** Resolves with the promise, which never rejects, or after so many milliseconds. */
function atMost(ms: number, promise: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * A socket that cannot be opened is one address less. Werift has nobody listen for the error, which then ends the process, and waits for the socket for ever.
 * Called again and again, as above.
 */
export function bearSockets(peer: EnginePeer): void {
  for (const transport of listOf(fieldOf(peer, "iceTransports"))) {
    const ice = fieldOf(transport, "connection") as IceConnection | undefined;
    const ensure = ice?.ensureProtocol;
    if (ice === undefined || typeof ensure !== "function" || Object.hasOwn(ice, "ensureProtocol")) continue;
    ice.ensureProtocol = (protocol) => {
      ensure.call(ice, protocol);
      if (protocol.type === "stun" && typeof protocol.datagramReceived === "function") openWithCare(protocol);
    };
  }
}

/** Does what its `connectionMade` does. */
function openWithCare(protocol: StunProtocol): void {
  protocol.connectionMade = async (useIpv4, portRange, interfaceAddresses) => {
    const transport = await openUdp(useIpv4 ? "udp4" : "udp6", { portRange, interfaceAddresses });
    protocol.transport = transport;
    transport.onData = (data, address) => protocol.datagramReceived?.(data, address);
  };
}

/** Before it looks for addresses, so that who dials is told why there are none. */
export function proveSocketsOf(peer: EnginePeer): void {
  const set = peer.setLocalDescription.bind(peer);
  peer.setLocalDescription = async (description) => {
    if (peer.iceGatheringState === "new") await proveSocket();
    return set(description);
  };
}

/** @returns how many sockets have the larger buffer */
export function tuneSockets(peer: EnginePeer, bytes: number): number {
  let count = 0;
  for (const ice of listOf(fieldOf(peer, "iceTransports"))) {
    for (const protocol of listOf(fieldOf(fieldOf(ice, "connection"), "protocols"))) {
      const socket = fieldOf(fieldOf(protocol, "transport"), "socket") as
        | (UdpSocket & { [tuned]?: boolean })
        | undefined;
      if (typeof socket?.setRecvBufferSize !== "function") continue;
      if (socket[tuned] === undefined) {
        socket[tuned] = setReceiveBuffer(socket, bytes);
        // Werift sends without a callback, so that an unreachable candidate of the other side would be an uncaught error.
        socket.on("error", () => undefined);
      }
      if (socket[tuned]) count++;
    }
  }
  return count;
}

/** Before candidates are gathered. It tells a third party who runs what, and where nothing answers it takes 5 s. */
export function silenceIce(peer: EnginePeer): number {
  let count = 0;
  for (const ice of listOf(fieldOf(peer, "iceTransports"))) {
    const connection = fieldOf(ice, "connection") as { stunServer?: unknown } | undefined;
    if (connection === undefined || !("stunServer" in connection)) continue;
    connection.stunServer = undefined;
    count++;
  }
  return count;
}

function setReceiveBuffer(socket: UdpSocket, bytes: number): boolean {
  try {
    socket.setRecvBufferSize(bytes);
    return true;
  } catch {
    return false;
  }
}

/**
 * Keeps the end of the other side's candidates from werift. It gives a connection up at once when that comes while it knows
 * of none that it can reach, as with a page whose candidates are mDNS names; but a check of the other side may be on its
 * way, and brings one (RFC 8445 section 7.3.1.3). How long there is hope is for the deadline of the dial to say.
 */
export function hopeOn(peer: EnginePeer): void {
  const add = peer.addIceCandidate.bind(peer);
  peer.addIceCandidate = async (candidate) => (candidate === null ? undefined : add(candidate));
  const set = peer.setRemoteDescription.bind(peer);
  peer.setRemoteDescription = ({ type, sdp }) => set({ type, sdp: sdp.replaceAll(/^a=end-of-candidates\r?\n/gm, "") });
}
