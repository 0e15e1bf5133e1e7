import * as library from "node-datachannel";
import type { EnginePeer, WebrtcEngine } from "../../runtime/transports/webrtc/engines/engine.ts";
import { nodeDatachannelEngine } from "../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { published } from "./webrtc-raw.ts";

/** The engines, as we use them and as one is published. */
export const engines = {
  werift: () => weriftEngine(),
  "node-datachannel": () => nodeDatachannelEngine({ library }),
  published: () => published("werift"),
} as const;
export type EngineName = keyof typeof engines;

/** What the process that calls and the one that is called say to each other where an engine is alone. */
export type Said =
  | { readonly say: "ready"; readonly addresses: Readonly<Partial<Record<EngineName, string>>> }
  | { readonly say: "offer"; readonly engine: EngineName; readonly sdp: string }
  | { readonly say: "answer"; readonly sdp: string }
  | { readonly say: "close" }
  | { readonly say: "closed" };

/** One side of a connection of an engine alone, with one channel. */
export function rawPeer(engine: WebrtcEngine): { readonly peer: EnginePeer; readonly opened: Promise<void> } {
  const peer = engine.createPeerConnection();
  const channel = peer.createDataChannel("control", { negotiated: true, id: 0 });
  engine.tune(peer);
  return { peer, opened: new Promise((resolve) => channel.addEventListener("open", resolve)) };
}

export function sdpOf(peer: EnginePeer): string {
  return peer.localDescription?.sdp ?? "";
}
