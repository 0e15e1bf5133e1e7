import type { FlowType, Schemas } from "./caps.ts";
import type { MeshError } from "./errors.ts";
import type { Frame } from "./frame.ts";
import type { Link } from "./link.ts";
import type { Params } from "./node.ts";
import type { RequestContext } from "./request-context.ts";
import type { ConnectionState, StandbyConnection } from "./connection.ts";
import type { PlatformTrack, TrackStats } from "./track.ts";

/** The streams of a session, by port name, of which what is late may be dropped: they may go over media tracks. */
export interface LivePorts {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What a caller asks of a pipeline when it opens a session. */
export interface SessionRequest {
  readonly params: Params;
  /** By name of the pipeline's input ports: the formats the caller can send, as sets. */
  readonly inputs: Readonly<Record<string, FlowType>>;
  /** By name of the pipeline's output ports: the formats the caller can take, as sets, and where the frames go. */
  readonly outputs: Readonly<Record<string, { readonly type: FlowType; readonly link: Link }>>;
  /** The records and enums that the caller's `named` types mean. */
  readonly schemas: Schemas;
  /** Gives up while opening, and ends the session once it is open. */
  readonly signal: AbortSignal;
  /**
   * When the caller stops waiting for the session, by `Clock.nowUs`. Who has to ask others in turn shares out the time
   * that is left, so that a fallback still gets its chance.
   */
  readonly deadlineUs?: number | undefined;
  /**
   * The connection of the session broke, and the other peer keeps the session for a while: it goes on with `resume`, or
   * ends with `close`. Left out, a session ends with its connection.
   */
  readonly onInterrupted?: ((error: MeshError) => void) | undefined;
  /** For how long it may wait for that; 10,000 ms. */
  readonly resumeMs?: number | undefined;
  /** For `describe`: by what the caller reaches the pipeline, where it is on another peer. */
  readonly border?: (() => SessionBorder) | undefined;
  readonly live?: LivePorts | undefined;
  /** For whom the session is opened; left out, it is the first of its kind. */
  readonly context?: RequestContext | undefined;
}

/** What is between a pipeline and its caller on another peer. */
export interface SessionBorder {
  /** A `WebRTCStreamSource` for each input, a `WebRTCStreamSink` for each output; none while there is no connection. */
  readonly nodes: readonly NodeDescription[];
  readonly connection: ConnectionState | undefined;
}

/** Streams of a session as media tracks of the platform: a microphone, what an `<audio>` plays. Only where the platform has them. */
export interface PlatformTracks {
  /**
   * Sends a track as an input, in place of frames, or none any more.
   * @param onCarried is told, when another session follows, whether that one carries it
   * @returns false when the input cannot be had as a track: frames are to be written then
   */
  send(input: string, track: PlatformTrack | null, onCarried: (isCarried: boolean) => void): Promise<boolean>;
  /**
   * Takes an output as a track, in place of frames.
   * @param onTrack is given the track, and another one when another session follows; undefined when that one brings frames
   * @returns false when the output cannot be had as a track: frames come then
   */
  receive(output: string, onTrack: (track: PlatformTrack | undefined) => void): Promise<boolean>;
}

/** How a session ended: `error` is undefined when every output had ended in good order. */
export interface SessionEnd {
  readonly error: MeshError | undefined;
  /** Nothing may take its place: an answer has been lost that must not be asked for again. */
  readonly final?: boolean;
}

/**
 * One running use of a pipeline, in this process or on another peer.
 *
 * When an output of the pipeline ends in good order, the session calls `end()` on the caller's link for it; once all
 * asked-for outputs have ended, `closed` resolves without an error. On a failure `closed` resolves with the error and the
 * caller's output links are left alone, so that the caller may go on with another session.
 */
export interface PipelineSession {
  readonly id: string;
  /** Writers for the pipeline's inputs, by port name. */
  readonly inputs: Readonly<Record<string, Link>>;
  /** The negotiated formats, every dimension fixed. */
  readonly formats: {
    readonly inputs: Readonly<Record<string, FlowType>>;
    readonly outputs: Readonly<Record<string, FlowType>>;
  };
  /** Resolves when the session is over, however it ended; never rejects. */
  readonly closed: Promise<SessionEnd>;
  /**
   * Resolves when the peer on the other side is about to stop: it answers what it was asked, and wants to be left. Left out
   * where nobody says so.
   */
  readonly goingAway?: Promise<void>;
  /** Ends the session now, frames in flight are dropped. Resolves when everything it held is free. */
  close(error?: MeshError): Promise<void>;
  /**
   * After `onInterrupted`: goes on over a new connection, with no frame lost or doubled.
   * @returns false when the other peer has not kept the session, which is over then
   * @throws {MeshError} when the other peer cannot be reached; it may be tried again
   */
  resume?(signal: AbortSignal): Promise<boolean>;
  /** Of a batch pipeline: a question may be asked twice. */
  readonly idempotent?: boolean;
  /**
   * After a failure: by input, the frames that were taken and may be given to another session, in order. What is left out
   * has had its effect, or may have.
   */
  unanswered?(): Readonly<Record<string, readonly Frame[]>>;
  /**
   * Resolves once all that would be `unanswered` after a failure now has been confirmed; left out where that is at once.
   * @throws what the session ends with before; the signal's reason
   */
  confirmed?(signal: AbortSignal): Promise<void>;
  /** Of a batch pipeline: true while questions have no answer yet that must not be asked again, so that no other session may take its place. */
  irreplaceable?(): boolean;
  /** What is sent from now on is for this. Left out where what is done has no one caller. */
  adopt?(context: RequestContext): void;
  /** What this side's own program says of its streams. */
  readonly live?: LivePorts | undefined;
  readonly tracks?: PlatformTracks | undefined;
  /** Frames of an input that nobody has taken yet, here or on their way to another peer: for a writer to whom it matters how old they are. */
  underWay?(input: string): number;
  describe(): SessionDescription;
}

/** Something that sessions can be opened with: a local pipeline, or one on another peer. */
export interface PipelineEndpoint {
  /**
   * @throws {MeshError} when no session can be had: `peer-unreachable`, `pipeline-not-found`, `format-mismatch`,
   * `dependency-missing`, …; nothing is left open then
   */
  open(request: SessionRequest): Promise<PipelineSession>;
  /**
   * Its sessions may be had in several places, each time in another one: where one is lost, another attempt may find the next, and `standBy`
   * connects to a place that is not in use.
   */
  readonly others?: true;
  /**
   * Connects to where its sessions are, without opening one. Left out where that is here.
   * @returns undefined where a session cannot go over a connection that was there before
   * @throws {MeshError} as `open`; the signal's reason
   */
  standBy?(signal: AbortSignal): Promise<StandbyConnection | undefined>;
}

/** Counters of one stream at one place; totals since the session began. */
export interface StreamDescription {
  /** `vad.speech -> stt.speech`, or the port name at a border. */
  readonly name: string;
  /** Text form of the fixed format, such as `audio<opus, 48kHz, mono>`. */
  readonly format: string;
  readonly frames: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly queued: number;
  /** Milliseconds this hop takes a frame: mean of the latest frames; undefined before the first. */
  readonly hopMs: number | undefined;
  /** The media track that it goes over; left out where it goes over its channel. */
  readonly track?: { readonly mid: string; readonly stats: TrackStats };
}

export interface NodeDescription {
  readonly id: string;
  /** The name of the node in the language, or `HFPipelineNode`, `WebRTCStreamSource`, `WebRTCStreamSink`. */
  readonly node: string;
  readonly state: "opening" | "running" | "ended" | "failed";
  readonly frames: number;
  /** Mean milliseconds of work for a frame; undefined before the first. */
  readonly workMs: number | undefined;
  /** Frames that it has emitted for nobody: for an epoch that had ended, or after its own end. Left out where 0. */
  readonly dropped?: number;
  /** How often it was opened anew after a failure; left out where never. */
  readonly restarts?: number;
  /** Timers that its code had set and not cancelled when it was closed; left out where 0. */
  readonly leaked?: number;
  /** Buffers that its code has taken for what it sends, and how many of those had to be made. Left out where it takes none. */
  readonly buffers?: { readonly taken: number; readonly made: number };
  /** What the code says of its own work, by name. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** A target that is not reached by the transport that is meant for what is sent (spec R11.3). */
export interface TransportFallback {
  /** The scheme of the address that is called: `webrtc`, `grpc`. */
  readonly used: string;
  readonly preferred: string;
  /** Why not by that one, as a clause: `gpu` does not listen by it. */
  readonly reason: string;
}

export interface RemoteDescription {
  readonly id: string;
  readonly state: "connecting" | "connected" | "failed" | "ended";
  /** Text form of the target in use, such as `gpu.Hearing` or `LocalHearing()`. */
  readonly target: string | undefined;
  /** What was tried before and why it was given up. */
  readonly failures: readonly { readonly target: string; readonly code: string; readonly message: string }[];
  /** Text form of the target to which a connection stands by, should this one fail; left out where none does. */
  readonly standby?: string;
  /** Text form of an earlier target that is back, and will be gone back to when it has been so for long enough; left out where there is none. */
  readonly back?: string;
  /**
   * Targets that have failed so often that they are tried only when no other is left: for how many milliseconds yet, 0 where the next
   * attempt decides. Left out where there are none.
   */
  readonly breakers?: readonly {
    readonly target: string;
    readonly state: "open" | "half-open";
    readonly forMs: number;
  }[];
  /** Left out where the target in use is reached as it should be. */
  readonly fallback?: TransportFallback;
  /** The session behind it. */
  readonly session: SessionDescription | undefined;
  /** Frames taken for nobody: for an input that had ended there, or pictures before a key frame of a new target. Left out where 0. */
  readonly dropped?: number;
}

/** A snapshot for people and tools; plain data. */
export interface SessionDescription {
  readonly id: string;
  readonly pipeline: string;
  /**
   * For a local pipeline, what it is made of, and the sources and sinks of the streams that cross to another peer; for a
   * remote one, those alone.
   */
  readonly nodes: readonly NodeDescription[];
  readonly remotes: readonly RemoteDescription[];
  readonly streams: readonly StreamDescription[];
  /** By input: frames that broke its format and were not let in; left out where there are none. */
  readonly refused?: Readonly<Record<string, number>>;
  /** Present when the session goes over a connection. */
  readonly connection?: ConnectionState;
}
