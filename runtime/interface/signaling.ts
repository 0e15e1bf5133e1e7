import type { PipelineCalls } from "./calls.ts";
import type { MeshError } from "./errors.ts";

/** An ICE candidate as W3C `RTCIceCandidateInit` has it; null in its place means that no more will come. */
export interface SignalingCandidate {
  /** `candidate:…`, RFC 8839 section 5.1; at most 1,024 characters. */
  readonly candidate: string;
  readonly sdpMid?: string | null | undefined;
  readonly sdpMLineIndex?: number | null | undefined;
}

/** A connection, by the certificates at its ends: their fingerprints as in SDP (RFC 8122), `sha-256 …`. */
export interface Bond {
  /** At the end of whoever says it. */
  readonly own: string;
  readonly other: string;
}

/** What a side of a call sends to one that is on the same machine. */
export interface SameMachine {
  /** The size of its packets with all headers, where larger than what it sends over a network, in bytes: 1 to 16,384. */
  readonly packetBytes?: number | undefined;
}

/** The machine that a side of a call is on. */
export interface Machine extends SameMachine {
  /** The same text, of 1 to 128 characters, for all whose packets reach each other without leaving the machine. */
  readonly name: string;
}

/** What both sides of a call have. Nothing is sent any more once `ended` has resolved. */
interface SignalingLeg {
  candidate(candidate: SignalingCandidate | null): void;
  /** Set once; candidates that came earlier are then delivered. */
  onCandidate(listener: (candidate: SignalingCandidate | null) => void): void;
  /** Resolves when the other side has hung up or is gone: undefined after its `bye`. Never rejects. */
  readonly ended: Promise<MeshError | undefined>;
}

/** A call to a peer, already greeted: protocol version and pipeline are agreed. */
export interface OutgoingCall extends SignalingLeg {
  /** Both sides let connections to several pipelines share the one that is made. */
  readonly shared: boolean;
  /** The largest message that the other side takes on a data channel, in bytes; undefined where it has not told. */
  readonly messageBytes?: number | undefined;
  /** The other side confirms what comes over data channels, to who asks for it. */
  readonly confirms?: boolean | undefined;
  /** Of another side that is on the machine that the caller has named. */
  readonly sameMachine?: SameMachine | undefined;
  /** Which of the connections that the caller has named is with this peer, and may be used in place of another; undefined for none. */
  readonly over?: number | undefined;
  /**
   * Sends the one offer of this call and waits for its answer, both SDP (RFC 8866).
   * @throws {MeshError} the refusal, or why the call broke
   */
  offer(sdp: string): Promise<string>;
  /** Says that the connection is up on this side; the other one hangs up when it is there too. Calling it again does nothing. */
  bye(): void;
  /** Hangs up; before `bye` that gives the call up, so that the other side stops connecting. */
  abandon(): void;
  /**
   * Resolves when there is no call any more, with why the other side has given up, if it says so: of a connection that is up on this
   * side alone nothing else can tell. Never rejects.
   */
  readonly hungUp: Promise<MeshError | undefined>;
}

/** A call from another peer that has made its offer. */
export interface IncomingCall extends SignalingLeg {
  readonly pipeline: string;
  /** Connections to several pipelines share the one that is made: the caller has asked for that, and was told so. */
  readonly shared: boolean;
  /** The largest message that the caller takes on a data channel, in bytes; undefined where it has not told. */
  readonly messageBytes?: number | undefined;
  /** The caller confirms what comes over data channels, to who asks for it. */
  readonly confirms?: boolean | undefined;
  /** Of a caller that is on the machine of this side. */
  readonly sameMachine?: SameMachine | undefined;
  /** The address that it comes from; undefined where that is not known, as when a service passes it on. */
  readonly remoteHost?: string | undefined;
  readonly offer: string;
  /** Accepts, with the SDP answer. */
  answer(sdp: string): void;
  /** The connection is up on this side: the call ends when the caller says so too. */
  connected(): void;
  /** Ends the call with a coded error; after an answer it hangs up and says why. */
  refuse(error: MeshError): void;
}

export interface SignalingServer {
  readonly host: string;
  /** The actual port. */
  readonly port: number;
  /** Answers requests of plain HTTP with 503 from now on. */
  drain(): void;
  /** Stops taking calls and ends those under way. */
  close(): Promise<void>;
}

export interface CallOptions {
  readonly host: string;
  readonly port: number;
  /** By `wss`, with a certificate for the host. */
  readonly secure?: boolean | undefined;
  readonly pipeline: string;
  /** The id of the called peer, where a signaling service at that address passes the call on. */
  readonly peer?: string | undefined;
  /** Connections to several pipelines may share the one that is made. */
  readonly share?: boolean;
  /** The largest message that this side takes on a data channel, in bytes; left out, it is not told. */
  readonly messageBytes?: number | undefined;
  /** This side confirms what comes over data channels, to who asks for it. */
  readonly confirms?: boolean;
  /** The machine that this side is on; left out, it is not told. */
  readonly machine?: Machine | undefined;
  /** Connections that others have dialled to the caller, 16 at most: one of them may be with the peer that is called. */
  readonly bonds?: readonly Bond[];
  readonly signal: AbortSignal;
}

export interface ServeOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** By TLS, where the platform has a certificate. */
  readonly secure?: boolean | undefined;
  /** The names that may be called, read at each call; undefined lets every name through. */
  readonly pipelines?: (() => readonly string[]) | undefined;
  /** True when callers may have connections to several pipelines share one. */
  readonly share?: boolean;
  /** The largest message that this side takes on a data channel, in bytes; told to callers that tell theirs. */
  readonly messageBytes?: number | undefined;
  /** This side confirms what comes over data channels; told to callers that do as well. */
  readonly confirms?: boolean;
  /** The machine that this side is on, asked when a caller names its own. */
  readonly machine?: (() => Machine | undefined) | undefined;
  /**
   * Says which of the connections that a caller names this peer has dialled, and now lets the caller use; undefined for none.
   * Asked at most once for each call, of a caller that may share.
   */
  readonly vouch?: ((bonds: readonly Bond[]) => number | undefined) | undefined;
  readonly onCall: (call: IncomingCall) => void;
  /** Answers requests of plain HTTP at the same port, where that is HTTP; left out, there are none. */
  readonly calls?: PipelineCalls | undefined;
  /** Where calls come from, when that is not a port of this machine. */
  readonly from?: CallSource | undefined;
}

/** A way by which calls come in, such as a signaling service that passes them on; what it is made of is for the signaling to know. */
export interface CallSource {
  (
    at: { readonly host: string; readonly port: number },
    onSocket: (socket: never) => void,
  ): Promise<{ readonly host: string; readonly port: number; close(): Promise<void> }>;
}

/** How offers, answers and candidates reach the other peer before there is a connection. */
export interface Signaling {
  /** @throws {MeshError} `peer-unreachable`, `deadline-exceeded`, `version-mismatch`, `pipeline-not-found`, … */
  call(options: CallOptions): Promise<OutgoingCall>;
  /** @throws {MeshError} `address-in-use` */
  serve(options: ServeOptions): Promise<SignalingServer>;
}
