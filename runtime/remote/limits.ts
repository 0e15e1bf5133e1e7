// What a peer takes from another at most; beyond it the session ends with a code.
import type { FlowType } from "../interface/caps.ts";

/** The one version of the session protocol and of the frame header that this peer speaks. */
export const protocolVersion = 1;

/** Payload bytes of one frame. */
export const maxFrameBytes = 16 * 1024 * 1024;

/** Bytes of one control message, all its pieces together. */
export const maxControlBytes = 64 * 1024;

/** Arrays and objects inside one another, in control messages and JSON payloads. */
export const maxJsonDepth = 64;

/** Streams of one session, both directions together. */
export const maxStreams = 64;

/** Characters of an error message that go to the other peer. */
export const maxMessageLength = 2_000;

/** Connections that one peer serves at the same time; more are refused. */
export const maxConnections = 1_024;

/** Time a caller has to say hello. */
export const helloTimeoutMs = 10_000;

/** Time to dial and to get the first answer to the hello, when the caller says nothing else. */
export const connectTimeoutMs = 5_000;

/** Time to open a pipeline once its peer has answered, when the caller says nothing else: models take long to load. */
export const openTimeoutMs = 30_000;

/** What a caller leaves the host of the time it waits for an answer; the rest is for the way. */
export const answerShare = 0.9;

/** How long the last word of a session is given to reach the other side before the connection is closed. */
export const lingerMs = 250;

/** How long a session outlives its connection while it waits for another, when the caller says nothing else. */
export const resumeMs = 10_000;

/** What a host grants of it at most. */
export const maxResumeMs = 60_000;

/** Control messages other than credits that a peer may send in a second. */
export const maxControlRate = 500;

/** Control messages that wait for the engine; a peer that lets them pile up has stopped reading. */
export const maxControlQueue = 1_024;

/** What a writer may have under way that the reader has not yet taken. */
export interface Window {
  readonly frames: number;
  readonly bytes: number;
}

/**
 * What a reader grants for a stream. Media grow old while they wait, so that there are few of them; of the small values that data
 * mostly is, as many may be under way as keep a path busy, one for each KiB.
 * @param bytes as the connection wants it (`Connection.windowBytes`)
 */
export function windowFor({ kind }: FlowType, bytes: number = defaultWindow.bytes): Window {
  const isMedium = kind === "audio" || kind === "video" || kind === "tensor";
  return { frames: isMedium ? 64 : Math.max(1024, bytes >> 10), bytes };
}

/** What a writer assumes until the reader has told. */
export const defaultWindow: Window = { frames: 64, bytes: 1024 * 1024 };

/** Credits go back after this share of the window, or this much time after the last; the first goes at once. */
export const creditShare = 1 / 4;
export const creditAfterMs = 10;

/** Frames that wait at most, as a share of the window, or a few, for a channel that has no room: what is late is better dropped further up. */
export const packedShare = 1 / 4;
export const leastPacked = 16;
