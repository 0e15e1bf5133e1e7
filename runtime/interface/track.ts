/** Media tracks of a connection: RTP (RFC 3550) beside the data channels, agreed by SDP offer and answer (RFC 8829). */

/** The codecs that travel on tracks, as types name them: RFC 7587, RFC 7741, RFC 6184. */
export type TrackCodecName = "opus" | "vp8" | "h264";

/** A codec as it was negotiated. */
export interface TrackCodec {
  readonly name: TrackCodecName;
  /** RTP payload type, 0 to 127. */
  readonly payloadType: number;
  /** Ticks of the RTP timestamp in a second: 48,000 for Opus, 90,000 for video. */
  readonly clockRate: number;
}

/** From the view of this side, as in W3C `RTCRtpTransceiverDirection`. */
export type TrackDirection = "sendonly" | "recvonly";

export interface TrackRequest {
  readonly direction: TrackDirection;
  readonly codec: TrackCodecName;
}

/** W3C `MediaStreamTrack` where the platform has it; no other library has to be loaded for a program of Node to be checked. */
export type PlatformTrack = typeof globalThis extends { MediaStreamTrack: { readonly prototype: infer Track } }
  ? Track
  : never;

/**
 * What is known of the packets of a track, by the names of https://www.w3.org/TR/webrtc-stats/: of `RTCOutboundRtpStreamStats`
 * and `RTCRemoteInboundRtpStreamStats` for one that is sent, of `RTCInboundRtpStreamStats` for one that is received. Times are in seconds.
 */
export type TrackStats = Readonly<Partial<Record<TrackStatName, number>>>;

export const trackStatNames = [
  "packetsSent",
  "bytesSent",
  "retransmittedPacketsSent",
  "packetsReceived",
  "bytesReceived",
  "packetsLost",
  "fractionLost",
  "jitter",
  "roundTripTime",
  "nackCount",
  "pliCount",
  "firCount",
  "framesSent",
  "framesReceived",
  "framesDecoded",
  "keyFramesDecoded",
  "concealedSamples",
  "totalSamplesReceived",
  "jitterBufferDelay",
  "jitterBufferEmittedCount",
] as const;
export type TrackStatName = (typeof trackStatNames)[number];

/** A snapshot for people and tools; plain data. */
export interface TrackDescription {
  /** Names the m-line of the track in the descriptions of both sides (RFC 8843). */
  readonly mid: string;
  readonly direction: TrackDirection;
  readonly codec: TrackCodec;
  /** Of the packets; undefined until the engine knows it. */
  readonly ssrc?: number;
  /** False for one that waits for the next stream of its kind. */
  readonly inUse: boolean;
  /** As they were when this was asked for the time before, where the engine counts by itself. */
  readonly stats: TrackStats;
}

/** The last packet of an m-line. */
export interface SentPacket {
  readonly sequenceNumber: number;
  readonly rtpTimestamp: number;
  /** By the clock, in microseconds. */
  readonly atUs: number;
}

/** One direction of one stream, as long as it has the track. */
export interface MediaTrack {
  readonly mid: string;
  readonly direction: TrackDirection;
  readonly codec: TrackCodec;
  /** Of this stream, or of one that had the track before it; numbers and timestamps go on from there, for its packets have the same SSRC. */
  readonly lastSent: SentPacket | undefined;
  /** As they were when the description of the connection was asked for the time before. */
  readonly stats: TrackStats;
  /**
   * Where tracks carry packets: sends one, RFC 3550; its SSRC and payload type are set on the way. Nobody changes the array from then on.
   * @param wallUs what its timestamp stands for, in microseconds since the Unix epoch: the sender reports tell it, and players keep tracks in step by it
   */
  sendRtp(packet: Uint8Array, wallUs: number): void;
  /** Where tracks carry packets: takes those that come, in memory of their own, and the reports of their sender (RTCP). */
  onRtp(listener: (packet: Uint8Array) => void): void;
  /** Asks the sender for a picture that decodes without earlier ones (PLI, RFC 4585 section 6.3.1). */
  requestKeyFrame(): void;
  onKeyFrameRequest(listener: () => void): void;
  /** Where tracks are those of the platform: sends this one from now on, null for none. */
  replaceTrack(track: PlatformTrack | null): Promise<void>;
  /** Where tracks are those of the platform: what is received. */
  readonly platformTrack: PlatformTrack | undefined;
  /** The stream needs it no more; another may have it. Calling it again does nothing. */
  release(): void;
}

/** The tracks of a connection. Who made the first offer makes all others, so that offers never cross. */
export interface MediaTracks {
  /** `rtp`: packets go in and come out; `platform`: tracks of the platform do, which encodes and plays them by itself. */
  readonly carries: "rtp" | "platform";
  readonly codecs: readonly TrackCodecName[];
  /** True for the side that has dialled: it adds tracks, the other one takes them. */
  readonly adds: boolean;
  /**
   * Of the side that dialled: makes a track, or takes one that is not in use, and agrees on it with the other side.
   * @throws {MeshError} when the other side cannot or will not, or the connection ends
   */
  add(request: TrackRequest): Promise<MediaTrack>;
  /** Of the side that was dialled: a track that the other one has added; whoever had it before has it no more. */
  take(mid: string): MediaTrack | undefined;
}
