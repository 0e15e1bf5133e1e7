import type { ExecuteRequest, ExecuteResponse, PipelineCalls } from "./calls.ts";
import type { ConnectionEnd, ConnectionState, StandbyConnection } from "./connection.ts";
import type { PipelineDescription } from "./description.ts";
import { MeshError } from "./errors.ts";
import type { RequestContext } from "./request-context.ts";
import type { CallSource } from "./signaling.ts";
import type { MediaTracks } from "./track.ts";

export type { CandidatePair, ConnectionEnd, ConnectionState, PathEnd, StandbyConnection } from "./connection.ts";

/**
 * One message channel of a connection: ordered, reliable, message boundaries kept. Both sides make it with the same
 * id; what one side sends before the other has made it is held, not lost.
 */
export interface Channel {
  readonly id: number;
  readonly label: string;
  /** The largest message `send` takes, in bytes. */
  readonly maxMessageBytes: number;
  /** How large messages should be now, in bytes: less than the largest while others share the way. Left out, the largest. */
  readonly messageBytes?: number;
  /** What was sent is copied on its way: once the other side is known to have it, its memory may be used again. */
  readonly copies?: boolean;
  /** False while what was sent waits in the engine beyond its bound. */
  readonly writable: boolean;
  /** Resolves once `writable`. @throws {MeshError} when the connection ends first; or the signal's reason */
  ready(signal?: AbortSignal): Promise<void>;
  /**
   * Sends 1 to `maxMessageBytes` bytes. Nobody changes the array from then on.
   * @param room bytes right before it, in its buffer, that are the channel's to write; 0 when left out
   */
  send(message: Uint8Array, room?: number): void;
  /** Set once, before the first message is wanted; messages that came earlier are then delivered in order. */
  onMessage(listener: (message: Uint8Array) => void): void;
}

/** A way to another peer that carries message channels. Channel 0, `control`, is there from the start. */
export interface Connection {
  readonly control: Channel;
  /** Makes a channel with an id agreed between both sides (1 to 1023). */
  channel(id: number, label: string): Channel;
  /**
   * Bytes of payload that the reader of a stream should let be under way; left out where what is usual keeps the path busy
   * (`windowFor`).
   */
  readonly windowBytes?: number | undefined;
  /**
   * When the last message came from the other side, on any channel and for any of the connections that share one; in microseconds of the
   * transport's `Clock.nowUs`. Left out where that is not known.
   */
  readonly heardUs?: number | undefined;
  /** For whom the caller asks, where its request says so; what it says in the session goes before. */
  readonly context?: RequestContext | undefined;
  /** Media tracks beside the channels; left out where the connection cannot carry any. */
  readonly tracks?: MediaTracks | undefined;
  /** Resolves when the connection is over; never rejects. */
  readonly closed: Promise<ConnectionEnd>;
  /** Closes it and frees everything; resolves when done. Calling it again waits for the same end. */
  close(error?: MeshError): Promise<void>;
  describe(): ConnectionState;
}

/** Questions to pipelines without a session. */
export interface UnaryCalls {
  /** @throws {MeshError} `peer-unreachable`, `pipeline-not-found`, `deadline-exceeded`, …; the signal's reason */
  describe(uri: string, signal: AbortSignal): Promise<UnaryDescription>;
  /**
   * @returns undefined, with nothing asked, for a request that has more than its `maxRequestBytes`
   * @throws {MeshError} what the pipeline or the way to it failed with; the signal's reason
   */
  execute(uri: string, request: UnaryRequest): Promise<ExecuteResponse | undefined>;
}

/** What is known of a pipeline before it is asked. */
export interface UnaryDescription {
  readonly description: PipelineDescription;
  /** The largest request that a call carries, in bytes. */
  readonly maxRequestBytes: number;
  /** Encodings of payloads that its peer reads, beside those that all do: `cbor`. */
  readonly encodings: readonly string[];
}

export interface UnaryRequest extends Omit<ExecuteRequest, "pipeline"> {
  /** Inputs whose records go in CBOR, which the other peer has to read; left out, all are JSON. */
  readonly inCbor?: ReadonlySet<string> | undefined;
  /** Left out, a request is sent whatever its size. */
  readonly maxRequestBytes?: number | undefined;
}

export interface DialOptions {
  readonly signal: AbortSignal;
  /** For whom, told where the request to connect has a place for it. */
  readonly context?: RequestContext | undefined;
}

/** Where a peer waits for callers. */
export interface Listener {
  /** The address callers may dial, with the actual port. */
  readonly address: string;
  /**
   * Tells callers that they should go elsewhere, and lets none connect that can be told so; what goes over connections that
   * are there goes on. Left out where there is nobody to tell.
   */
  drain?(): void;
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
   * @param from where calls come in in place of a port of this machine, for those of WebRTC
   * @throws {MeshError} `address-in-use`
   */
  listen(
    uri: string,
    accept: (connection: Connection, pipeline: string) => void,
    calls?: PipelineCalls,
    from?: CallSource,
  ): Promise<Listener>;
}

/** Why a page cannot be called. */
export function nothingListens(): MeshError {
  return new MeshError("invalid-argument", "Nothing can listen here: a browser takes no incoming connections.", {
    hint: "Dial out from the browser, or listen in Node.",
  });
}
