import { RTCPeerConnection } from "werift";
import type { CandidatePair } from "../../../interface/transport.ts";
import { checkIce, type IceOptions } from "../ice.ts";
import type { EnginePeer, WebrtcEngine } from "./engine.ts";
import { loneLoopback, ownMachine, recentInterfaces } from "./networks.nodejs.ts";
import { hopeOn, proveSocketsOf, stopSctp, tuneWerift, type WeriftTuning } from "./werift/corrections.nodejs.ts";
import { weriftMediaConfig, weriftTracks } from "./werift-tracks.nodejs.ts";

export interface WeriftEngineInit {
  readonly ice?: IceOptions;
  /** False leaves the engine as it is published; for measuring. */
  readonly tuning?: Partial<WeriftTuning> | false;
}

/** WebRTC in pure TypeScript, the default in Node (https://github.com/shinyoshiaki/werift-webrtc). */
export function weriftEngine(init: WeriftEngineInit = {}): WebrtcEngine {
  const { servers = [], transportPolicy = "all" } = checkIce(init.ice ?? {});
  const stun = servers.some(({ urls }) => urls.startsWith("stun"));
  const tuning = init.tuning === false ? undefined : { stun, ...init.tuning };
  const onThisMachine = new WeakSet<EnginePeer>();
  const interfaces = recentInterfaces();
  return {
    name: "werift",
    relayOnly: transportPolicy === "relay",
    tracks: weriftTracks(),
    createPeerConnection(sameMachine = false) {
      const loopback = loneLoopback(interfaces());
      const peer = new RTCPeerConnection({
        ...weriftMediaConfig(),
        // Its own default is a public STUN server, which tells a third party who runs what.
        iceServers: [...servers],
        iceTransportPolicy: transportPolicy,
        ...(loopback !== undefined && { iceAdditionalHostAddresses: [loopback] }),
      });
      // The same by the W3C text; only the event types of its listeners are written differently.
      const same = peer as unknown as EnginePeer;
      if (tuning !== undefined) {
        hopeOn(same);
        proveSocketsOf(same);
      }
      if (sameMachine) onThisMachine.add(same);
      return same;
    },
    messageBytes: 64 * 1024,
    // It finds out how large its packets may be; others do not, and could not know that it takes theirs. A TURN server is elsewhere.
    ...(transportPolicy === "all" && { machine: ownMachine(interfaces) }),
    prepareChannel: () => undefined,
    toBytes: (data) => (data instanceof Uint8Array ? new Uint8Array(data) : undefined),
    tune(peer, use) {
      if (tuning !== undefined) tuneWerift(peer, { sameMachine: onThisMachine.has(peer), ...tuning }, use);
    },
    pairs: async (peer) => pairsOf(peer as unknown as RTCPeerConnection),
    async close(peer) {
      try {
        await stopSctp(peer);
        await (peer as unknown as RTCPeerConnection).close();
      } catch {
        // It is being thrown away; what it still complains about helps nobody.
      }
    },
  };
}

/** Its numbers for the states of a pair. */
const pairStates = ["frozen", "waiting", "in-progress", "succeeded", "failed"] as const;

function pairsOf(peer: RTCPeerConnection): CandidatePair[] {
  return peer.iceTransports.flatMap(({ connection }) =>
    connection.checkList.map(({ localCandidate, remoteCandidate, state, nominated }) => ({
      local: endOf(localCandidate),
      remote: endOf(remoteCandidate),
      state: pairStates[state] ?? "failed",
      selected: nominated && pairStates[state] === "succeeded",
    })),
  );
}

function endOf({ host, port, type, transport }: { host: string; port: number; type: string; transport: string }) {
  return { address: host, port, type, protocol: transport.toLowerCase() };
}
