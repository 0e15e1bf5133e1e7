/** What is known of a connection, for those who have no part in it. */
import type { MeshError } from "./errors.ts";
import type { TrackDescription } from "./track.ts";

/** Why a connection ended: `error` is undefined after an orderly close from either side. */
export interface ConnectionEnd {
  readonly error: MeshError | undefined;
}

/** One end of a path (RFC 8445): an address, and how it was found. */
export interface PathEnd {
  readonly address: string;
  readonly port: number;
  /** `host`, `srflx` (told by a STUN server), `prflx` (seen by the other side) or `relay` (of a TURN server). */
  readonly type: string;
  /** `udp` or `tcp`; of a relay, how it is reached from the other side. */
  readonly protocol: string;
}

/** A path that was tried; states as in W3C `RTCStatsIceCandidatePairState`. */
export interface CandidatePair {
  readonly local: PathEnd;
  readonly remote: PathEnd;
  readonly state: "frozen" | "waiting" | "in-progress" | "succeeded" | "failed";
  /** Frames go this way. */
  readonly selected: boolean;
}

/** What is known of a connection; plain data for `describe()` (spec R5.2, R5.3). */
export interface ConnectionState {
  /** `webrtc`, `memory`, … */
  readonly transport: string;
  /** What carries it, where there is a choice: `werift`, `node-datachannel` or `browser`. */
  readonly engine?: string;
  readonly state: "connecting" | "connected" | "closed";
  /** The address that was dialled, or the one it came in at. */
  readonly address: string;
  readonly role: "offerer" | "answerer";
  readonly localDescription?: string;
  readonly remoteDescription?: string;
  readonly localCandidates?: readonly string[];
  readonly remoteCandidates?: readonly string[];
  /** The path that is in use, once the engine has told it. */
  readonly selectedPair?: Pick<CandidatePair, "local" | "remote">;
  /** Connections to pipelines that go over it; left out for one that is not shared. */
  readonly sharedBy?: number;
  /** Round-trip time in milliseconds, by heartbeats. */
  readonly roundTripMs?: number;
  /** The media tracks that were negotiated, in the order of their m-lines; left out where there are none. */
  readonly tracks?: readonly TrackDescription[];
}

/** A connection that is kept open for those that will be wanted. */
export interface StandbyConnection {
  /** Resolves when it is over; never rejects. */
  readonly closed: Promise<ConnectionEnd>;
  /** It need not be kept any more; calling it again does nothing. */
  release(): void;
}
