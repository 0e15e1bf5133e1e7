import { RTCPeerConnection } from "werift";
import type { EnginePeer, WebrtcEngine } from "./engine.ts";
import { anyNetwork } from "./networks.nodejs.ts";
import { stopSctp, tuneWerift, type WeriftTuning } from "./werift-tuning.nodejs.ts";

export interface IceServerInit {
  /** One URL (RFC 7064, RFC 7065), such as `stun:stun.example.org:3478`. */
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

export interface WeriftEngineInit {
  /** STUN and TURN servers; none by default. An unresponsive one delays each connection by 5 s. */
  readonly iceServers?: readonly IceServerInit[];
  /** False leaves the engine as it is published; for measuring. */
  readonly tuning?: Partial<WeriftTuning> | false;
}

/** WebRTC in pure TypeScript, the default in Node (https://github.com/shinyoshiaki/werift-webrtc). */
export function weriftEngine(init: WeriftEngineInit = {}): WebrtcEngine {
  const tuning = init.tuning === false ? undefined : (init.tuning ?? {});
  return {
    name: "werift",
    createPeerConnection() {
      const peer = new RTCPeerConnection({
        // Its own default is a public STUN server, which tells a third party who runs what.
        iceServers: [...(init.iceServers ?? [])],
        ...(anyNetwork() ? {} : { iceAdditionalHostAddresses: ["127.0.0.1"] }),
      });
      // The same by the W3C text; only the event types of its listeners are written differently.
      return peer as unknown as EnginePeer;
    },
    prepareChannel: () => undefined,
    toBytes: (data) => (data instanceof Uint8Array ? new Uint8Array(data) : undefined),
    tune(peer) {
      if (tuning !== undefined) tuneWerift(peer, tuning);
    },
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
