import type { CandidatePair, PathEnd } from "../../../interface/transport.ts";
import { channelLimits } from "../../channel/limits.ts";
import { browserTracks } from "./browser-tracks.ts";
import type { EnginePeer, WebrtcEngine } from "./engine.ts";

export interface BrowserEngineInit {
  /** STUN and TURN servers (RFC 7064, RFC 7065); none by default. */
  readonly iceServers?: readonly RTCIceServer[];
  /** `relay`: by a TURN server alone. */
  readonly iceTransportPolicy?: "all" | "relay";
}

/**
 * Browsers do not count what is on its way (https://www.w3.org/TR/webrtc/#dom-datachannel-bufferedamount), and move some more from one of their
 * threads to another; in bytes.
 */
const hiddenBytes = 64 * 1024;

/** The WebRTC that is built into the browser. */
export function browserEngine(init: BrowserEngineInit = {}): WebrtcEngine {
  const leaving = new WeakMap<RTCPeerConnection, () => void>();
  return {
    name: "browser",
    relayOnly: init.iceTransportPolicy === "relay",
    tracks: browserTracks(),
    createPeerConnection() {
      const peer = new RTCPeerConnection({
        iceServers: [...(init.iceServers ?? [])],
        iceTransportPolicy: init.iceTransportPolicy ?? "all",
      });
      // A page that goes away says nothing by itself; the other side would wait for its heartbeats to run out.
      const leave = (): void => peer.close();
      globalThis.addEventListener?.("pagehide", leave);
      leaving.set(peer, leave);
      // The native class overloads more than the structural type says; the used part is the same by the W3C text.
      return peer as unknown as EnginePeer;
    },
    messageBytes: channelLimits.largeMessageBytes,
    copies: true,
    asks: true,
    ownThread: { hiddenBytes },
    prepareChannel(channel) {
      (channel as unknown as RTCDataChannel).binaryType = "arraybuffer";
    },
    toBytes: (data) => (data instanceof ArrayBuffer ? new Uint8Array(data) : undefined),
    tune: () => undefined,
    pairs: (peer) => pairsOf(peer as unknown as RTCPeerConnection).catch(() => []),
    async close(peer) {
      const native = peer as unknown as RTCPeerConnection;
      const leave = leaving.get(native);
      if (leave !== undefined) globalThis.removeEventListener?.("pagehide", leave);
      // Sends an SCTP ABORT and a DTLS close_notify by itself.
      native.close();
    },
  };
}

/** By the statistics of W3C (https://www.w3.org/TR/webrtc-stats/#icecandidatepair-dict*). */
async function pairsOf(peer: RTCPeerConnection): Promise<CandidatePair[]> {
  const stats = await peer.getStats();
  const pairs: CandidatePair[] = [];
  let selected: string | undefined;
  stats.forEach((one: { readonly type: string; readonly selectedCandidatePairId?: string }) => {
    if (one.type === "transport") selected = one.selectedCandidatePairId;
  });
  stats.forEach((one: RTCIceCandidatePairStats) => {
    const local = endOf(stats.get(one.localCandidateId));
    const remote = endOf(stats.get(one.remoteCandidateId));
    if (one.type !== "candidate-pair" || local === undefined || remote === undefined) return;
    pairs.push({ local, remote, state: one.state, selected: one.id === selected });
  });
  return pairs;
}

/** An address that the browser keeps to itself reads `hidden`. */
function endOf(stats: Readonly<Record<string, unknown>> | undefined): PathEnd | undefined {
  if (stats === undefined) return undefined;
  const { address, port, candidateType, protocol } = stats;
  return {
    address: String(address ?? "hidden"),
    port: Number(port),
    type: String(candidateType),
    protocol: String(protocol),
  };
}
