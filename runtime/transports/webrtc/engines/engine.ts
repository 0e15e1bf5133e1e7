import type { CandidatePair } from "../../../interface/transport.ts";

/** The part of W3C `RTCDataChannel` (https://www.w3.org/TR/webrtc/#rtcdatachannel) that every engine gets right. */
export interface EngineChannel {
  readonly readyState: string;
  /** Bytes given to `send` that have not left yet. */
  readonly bufferedAmount: number;
  bufferedAmountLowThreshold: number;
  send(message: Uint8Array): void;
  close(): void;
  addEventListener(type: "open" | "close" | "error" | "bufferedamountlow", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

export interface EngineDescription {
  readonly type: "offer" | "answer";
  readonly sdp: string;
}

export interface EngineCandidate {
  readonly candidate: string;
  readonly sdpMid?: string | null | undefined;
  readonly sdpMLineIndex?: number | null | undefined;
}

/** The part of W3C `RTCPeerConnection` that the transport uses. */
export interface EnginePeer {
  readonly connectionState: string;
  readonly iceGatheringState: string;
  readonly localDescription: Pick<EngineDescription, "sdp"> | null;
  readonly remoteDescription: Pick<EngineDescription, "sdp"> | null;
  createDataChannel(label: string, init: { readonly negotiated: true; readonly id: number }): EngineChannel;
  createOffer(): Promise<EngineDescription>;
  createAnswer(): Promise<EngineDescription>;
  setLocalDescription(description: EngineDescription): Promise<unknown>;
  setRemoteDescription(description: EngineDescription): Promise<unknown>;
  addIceCandidate(candidate: EngineCandidate | null): Promise<unknown>;
  addEventListener(type: "connectionstatechange", listener: () => void): void;
  addEventListener(
    type: "icecandidate",
    listener: (event: { readonly candidate?: EngineCandidate | null | undefined }) => void,
  ): void;
}

/** One implementation of WebRTC. Everything in which the engines differ is behind this. */
export interface WebrtcEngine {
  /** `werift`, `browser` or `node-datachannel`. */
  readonly name: string;
  /** Only paths over a TURN server are wanted. */
  readonly relayOnly: boolean;
  createPeerConnection(): EnginePeer;
  /** Sets the channel up for binary messages. */
  prepareChannel(channel: EngineChannel): void;
  /** The bytes of a message event, in memory of their own; undefined for a text message. */
  toBytes(data: unknown): Uint8Array | undefined;
  /**
   * Applies what the engine needs; called whenever more of the connection has come into being: after its first channel,
   * after each description and once it is connected. Must bear repetition.
   */
  tune(peer: EnginePeer): void;
  /** The paths that have been tried so far, as far as the engine tells. Never rejects. */
  pairs(peer: EnginePeer): Promise<readonly CandidatePair[]>;
  /** Ends the connection so that the other side notices, and frees everything. Never rejects. */
  close(peer: EnginePeer): Promise<void>;
}
