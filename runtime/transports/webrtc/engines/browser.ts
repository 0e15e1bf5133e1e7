import type { EnginePeer, WebrtcEngine } from "./engine.ts";

export interface BrowserEngineInit {
  /** STUN and TURN servers (RFC 7064, RFC 7065); none by default. */
  readonly iceServers?: readonly RTCIceServer[];
}

/** The WebRTC that is built into the browser. */
export function browserEngine(init: BrowserEngineInit = {}): WebrtcEngine {
  const leaving = new WeakMap<RTCPeerConnection, () => void>();
  return {
    name: "browser",
    createPeerConnection() {
      const peer = new RTCPeerConnection({ iceServers: [...(init.iceServers ?? [])] });
      // A page that goes away says nothing by itself; the other side would wait for its heartbeats to run out.
      const leave = (): void => peer.close();
      globalThis.addEventListener?.("pagehide", leave);
      leaving.set(peer, leave);
      // The native class overloads more than the structural type says; the used part is the same by the W3C text.
      return peer as unknown as EnginePeer;
    },
    prepareChannel(channel) {
      (channel as unknown as RTCDataChannel).binaryType = "arraybuffer";
    },
    toBytes: (data) => (data instanceof ArrayBuffer ? new Uint8Array(data) : undefined),
    tune: () => undefined,
    async close(peer) {
      const native = peer as unknown as RTCPeerConnection;
      const leave = leaving.get(native);
      if (leave !== undefined) globalThis.removeEventListener?.("pagehide", leave);
      // Sends an SCTP ABORT and a DTLS close_notify by itself.
      native.close();
    },
  };
}
