/**
 * Who is connected to whom in a running mesh, by what and in which formats (spec R13.3). Plain data, without session
 * descriptions, candidates, secrets or payloads, so that it may be kept, sent and drawn.
 */
import type { ConnectionState } from "./connection.ts";
import type { NodeDescription, RemoteDescription, StreamDescription } from "./session.ts";

export interface Topology {
  readonly version: 1;
  /** When it was made, in milliseconds since 1970. */
  readonly atMs: number;
  readonly peers: readonly TopologyPeer[];
}

export interface TopologyPeer {
  readonly name: string;
  /** Where it listens, with the actual ports: `webrtc://127.0.0.1:7443`. */
  readonly addresses: readonly string[];
  readonly pipelines: readonly TopologyPipeline[];
}

export interface TopologyPipeline {
  /** The name under which the peer runs it: with an address of the peer, what callers dial. */
  readonly name: string;
  /** Text forms of the formats, as sets, by port. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Those that run now, the oldest first; left out where they are not told, as to strangers. */
  readonly sessions?: readonly TopologySession[];
  /** How many run that are not listed; left out where all are. */
  readonly unlisted?: number;
}

export interface TopologySession {
  readonly id: string;
  readonly pipeline: string;
  /** For how long it has been open, in milliseconds; left out for what is behind a remote. */
  readonly openMs?: number;
  /** What it is made of; where it crosses to another peer, a source for each stream that comes in and a sink for each that leaves. */
  readonly nodes: readonly Pick<NodeDescription, "id" | "node" | "state" | "frames" | "workMs">[];
  readonly streams: readonly TopologyStream[];
  readonly remotes: readonly TopologyRemote[];
  /** What its caller reaches it by, or what it is reached by; left out within a process. */
  readonly connection?: TopologyConnection;
}

export interface TopologyStream extends Pick<
  StreamDescription,
  "name" | "format" | "frames" | "bytes" | "dropped" | "queued" | "hopMs"
> {
  /** Mean since the session was opened; left out where that is not known. */
  readonly framesPerSecond?: number;
}

export interface TopologyRemote extends Pick<
  RemoteDescription,
  "id" | "state" | "target" | "standby" | "fallback" | "failures"
> {
  /** What is behind it: the border to another peer, or a pipeline in the same process. */
  readonly session?: TopologySession;
}

/** A connection without how it was negotiated. */
export type TopologyConnection = Pick<
  ConnectionState,
  "transport" | "engine" | "state" | "address" | "role" | "sharedBy" | "roundTripMs"
>;
