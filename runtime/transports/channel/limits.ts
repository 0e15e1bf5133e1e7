import { MeshError } from "../../interface/errors.ts";

/** Bounds of a channel; `docs/protocol.md` gives them to implementers. */
export const channelLimits = {
  /** The largest message, in bytes, that every peer takes, and that is sent while several channels are in use, on a path that is not slow. */
  messageBytes: 16 * 1024,
  /** What a message of several packets has at least where a path is so slow that others would wait long for a larger one, in bytes. */
  leastMessageBytes: 2 * 1024,
  /** So long may one take to pass, in milliseconds. */
  messageMs: 2,
  /** What is sent while one channel alone is in use: a frame of 64 KiB with its header, or four of 16 KiB. */
  largeMessageBytes: 65 * 1024,
  /** The largest that two peers may agree on, for a network that is known to be fast: a frame of 256 KiB with its header. */
  largestMessageBytes: 260 * 1024,
  /** How long one of those may take to leave, in milliseconds: so long may what is not yet known of wait for it. */
  largestMessageMs: 20,
  /**
   * Messages that may be on their way before `writable` turns false: few, for what waits above a channel can still be put
   * together into larger ones, or be dropped for being late.
   */
  outstandingMessages: 2,
  /** What `send` still takes from callers that do not look at `writable`; beyond it, it throws. */
  queuedMessages: 64,
  queuedBytes: 1024 * 1024,
  /**
   * What all channels beside the control channel may have in an engine that it has not sent yet, together: one of the
   * largest messages, so that this is the most that a stream waits for another. Smaller ones only cost time in number.
   */
  enginedMessages: 16,
  enginedBytes: 16 * 1024,
  /** The highest agreed id; some engines have no streams above it. */
  highestId: 1023,
} as const;

/** @throws {MeshError} `invalid-argument` */
export function checkMessage(message: Uint8Array, maxBytes: number): void {
  if (message.length >= 1 && message.length <= maxBytes) return;
  throw new MeshError("invalid-argument", `A message has 1 to ${maxBytes} bytes, this one has ${message.length}.`);
}

/** @throws {MeshError} `invalid-argument` */
export function checkChannelId(id: number, taken: boolean): void {
  if (!Number.isInteger(id) || id < 1 || id > channelLimits.highestId) {
    throw new MeshError(
      "invalid-argument",
      `A channel id is an integer from 1 to ${channelLimits.highestId}, not ${id}.`,
    );
  }
  if (taken) throw new MeshError("invalid-argument", `There is a channel with the id ${id} already.`);
}

/** What `send` and `ready` throw once the connection is over. */
export function channelClosed(label: string, end: MeshError | undefined): MeshError {
  return end ?? new MeshError("channel-closed", `The connection of channel "${label}" is closed.`);
}

export function channelFull(label: string): MeshError {
  return new MeshError("channel-full", `Channel "${label}" has no room; wait for \`ready\` before sending.`);
}
