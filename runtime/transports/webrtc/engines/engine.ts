import type { Machine, SameMachine } from "../../../interface/signaling.ts";
import type { CandidatePair } from "../../../interface/transport.ts";
import type {
  MediaTracks,
  PlatformTrack,
  TrackCodec,
  TrackCodecName,
  TrackDirection,
  TrackRequest,
  TrackStats,
} from "../../../interface/track.ts";

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

/** A W3C `RTCRtpTransceiver` that is used in one direction, with what the engines name differently. */
export interface EngineTransceiver {
  readonly direction: TrackDirection;
  /** Null before a description with it was set. */
  readonly mid: string | null;
  /** What was negotiated; undefined before that, or where it is none of ours. */
  readonly codec: TrackCodec | undefined;
  readonly ssrc: number | undefined;
  readonly platformTrack: PlatformTrack | undefined;
  sendRtp(packet: Uint8Array, wallUs: number): void;
  /** Of packets and of sender reports. Set once. */
  onRtp(listener: (packet: Uint8Array) => void): void;
  requestKeyFrame(): void;
  /** Set once. */
  onKeyFrameRequest(listener: () => void): void;
  replaceTrack(track: PlatformTrack | null): Promise<void>;
  /** Never rejects. */
  stats(): Promise<TrackStats>;
}

/** What an engine can do with media tracks. Engines that know only data channels have none. */
export interface EngineTracks {
  readonly carries: MediaTracks["carries"];
  readonly codecs: readonly TrackCodecName[];
  /** Of the offering side: makes one, which the next offer holds. */
  addTransceiver(peer: EnginePeer, request: TrackRequest): EngineTransceiver;
  /**
   * Of the answering side, after an offer was set and before it is answered: accepts the tracks that are new in it.
   * @returns all that the connection has, in the order of their m-lines
   */
  acceptTransceivers(peer: EnginePeer): readonly EngineTransceiver[];
}

/** What a connection and its engine tell each other of the path. */
export interface PathUse {
  /** How long what is sent now may wait on the path, beside the time that the path itself takes; in milliseconds. */
  readonly mayWaitMs: number;
  /** Bytes a millisecond that arrive at the other side, the most of late: set by an engine that knows it. */
  rate: number | undefined;
}

/** What an engine knows of its machine. */
export interface OwnMachine extends SameMachine {
  /** Undefined while it is not trusted. */
  here(): Machine | undefined;
  /** What was sent to a peer that seemed to be on it has not come through: for a while it is not told. */
  distrust(): void;
}

/** One implementation of WebRTC. Everything in which the engines differ is behind this. */
export interface WebrtcEngine {
  /** `werift`, `browser` or `node-datachannel`. */
  readonly name: string;
  /** Only paths over a TURN server are wanted. */
  readonly relayOnly: boolean;
  /** Media tracks beside the data channels; left out by an engine that has only those. */
  readonly tracks?: EngineTracks;
  /**
   * It sends on a thread of its own, and should hold more of a channel that is the only one in use, so that it is kept busy until it has called
   * back. Beside what it tells (`bufferedAmount`) it holds up to `hiddenBytes`.
   */
  readonly ownThread?: { readonly hiddenBytes: number };
  /**
   * It does not tell what has arrived, nor how much it has on its way: the other side is asked, where that answers, by an empty message behind
   * each of several packets. Where a channel that always has another of them would keep all others from sending, as with usrsctp, that ends it.
   */
  readonly asks?: boolean;
  /** Payload of a stream that its reader should let be under way, in bytes; left out, what is usual keeps the path busy. */
  readonly windowBytes?: number;
  /** The largest message that it takes from the other side, in bytes: what the other side is told; left out, what every peer takes. */
  readonly messageBytes?: number;
  /** `send` copies what it is given; left out, it goes on using it. */
  readonly copies?: boolean;
  /** Left out by an engine that cannot know it. */
  readonly machine?: OwnMachine;
  /** @param sameMachine the other side is on this one: packets may be as large as `machine` says */
  createPeerConnection(sameMachine?: boolean): EnginePeer;
  /** Sets the channel up for binary messages. */
  prepareChannel(channel: EngineChannel): void;
  /** The bytes of a message event, in memory of their own; undefined for a text message. */
  toBytes(data: unknown): Uint8Array | undefined;
  /**
   * Applies what the engine needs; called whenever more of the connection has come into being: after its first channel,
   * after each description and once it is connected. Must bear repetition.
   * @param use of the path by this connection
   */
  tune(peer: EnginePeer, use?: PathUse): void;
  /** The paths that have been tried so far, as far as the engine tells. Never rejects. */
  pairs(peer: EnginePeer): Promise<readonly CandidatePair[]>;
  /** Ends the connection so that the other side notices, and frees everything. Never rejects. */
  close(peer: EnginePeer): Promise<void>;
}
