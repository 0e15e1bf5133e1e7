import type { ExecuteRequest, ExecuteResponse, PipelineCalls } from "./calls.ts";
import type { PipelineDescription } from "./description.ts";
import { MeshError } from "./errors.ts";

/**
 * One message channel of a connection: ordered, reliable, message boundaries kept. Both sides make it with the same
 * id; what one side sends before the other has made it is held, not lost.
 */
export interface Channel {
  readonly id: number;
  readonly label: string;
  /** The largest message `send` takes, in bytes. */
  readonly maxMessageBytes: number;
  /** False while what was sent waits in the engine beyond its bound. */
  readonly writable: boolean;
  /** Resolves once `writable`. @throws {MeshError} when the connection ends first; or the signal's reason */
  ready(signal?: AbortSignal): Promise<void>;
  /** Sends 1 to `maxMessageBytes` bytes. Nobody changes the array from then on. */
  send(message: Uint8Array): void;
  /** Set once, before the first message is wanted; messages that came earlier are then delivered in order. */
  onMessage(listener: (message: Uint8Array) => void): void;
}

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
}

/** A way to another peer that carries message channels. Channel 0, `control`, is there from the start. */
export interface Connection {
  readonly control: Channel;
  /** Makes a channel with an id agreed between both sides (1 to 1023). */
  channel(id: number, label: string): Channel;
  /** Resolves when the connection is over; never rejects. */
  readonly closed: Promise<ConnectionEnd>;
  /** Closes it and frees everything; resolves when done. Calling it again waits for the same end. */
  close(error?: MeshError): Promise<void>;
  describe(): ConnectionState;
}

/** Questions to pipelines without a session. */
export interface UnaryCalls {
  /** @throws {MeshError} `peer-unreachable`, `pipeline-not-found`, `deadline-exceeded`, …; the signal's reason */
  describe(
    uri: string,
    signal: AbortSignal,
  ): Promise<{ readonly description: PipelineDescription; readonly maxRequestBytes: number }>;
  /** @throws {MeshError} what the pipeline or the way to it failed with; the signal's reason */
  execute(uri: string, request: Omit<ExecuteRequest, "pipeline">): Promise<ExecuteResponse>;
}

export interface DialOptions {
  readonly signal: AbortSignal;
}

/** A connection that is kept open for those that will be wanted. */
export interface StandbyConnection {
  /** Resolves when it is over; never rejects. */
  readonly closed: Promise<ConnectionEnd>;
  /** It need not be kept any more; calling it again does nothing. */
  release(): void;
}

/** Where a peer waits for callers. */
export interface Listener {
  /** The address callers may dial, with the actual port. */
  readonly address: string;
  close(): Promise<void>;
}

/** One kind of connection. The executor and the protocol above see nothing of what is behind it. */
export interface Transport {
  /** The scheme of its addresses, such as `webrtc`. */
  readonly scheme: string;
  /** Loads what connections need, which may take longer than a peer has to answer; calling it again does nothing more. */
  prepare?(): Promise<void>;
  /**
   * Connects to the pipeline at `uri`, such as `webrtc://host:7443/Hearing`.
   * @throws {MeshError} `peer-unreachable`, `deadline-exceeded`, `pipeline-not-found`, …; or the signal's reason
   */
  dial(uri: string, options: DialOptions): Promise<Connection>;
  /** Asks batch pipelines by calls of their own; left out, questions go over a session. */
  readonly unary?: UnaryCalls;
  /**
   * Connects to the peer at `uri` without opening anything there, so that a later `dial` finds the way open. Left out where
   * each dial makes a connection of its own.
   * @returns undefined where the other peer lets nobody share a connection
   * @throws {MeshError} as `dial`
   */
  standBy?(uri: string, options: DialOptions): Promise<StandbyConnection | undefined>;
  /**
   * From now on a connection that carries nothing is kept for some seconds, for whoever dials next.
   * @returns closes those when nobody else wants them kept; resolves when they are closed
   */
  keepIdle?(): Promise<() => Promise<void>>;
  /**
   * Waits for callers at `uri`, such as `webrtc://127.0.0.1:7443`; port 0 takes a free one.
   * @param accept called for each connection, with the pipeline name of the dialled address
   * @param calls answers requests that have no session of their own, where the transport has such
   * @throws {MeshError} `address-in-use`
   */
  listen(
    uri: string,
    accept: (connection: Connection, pipeline: string) => void,
    calls?: PipelineCalls,
  ): Promise<Listener>;
}

/** Why a page cannot be called. */
export function nothingListens(): MeshError {
  return new MeshError("invalid-argument", "Nothing can listen here: a browser takes no incoming connections.", {
    hint: "Dial out from the browser, or listen in Node.",
  });
}
