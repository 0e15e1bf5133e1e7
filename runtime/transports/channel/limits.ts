import { MeshError } from "../../interface/errors.ts";

/** Bounds of a channel; `docs/protocol.md` gives them to implementers. */
export const channelLimits = {
  /** The largest message, in bytes: what every engine passes on without trouble. */
  messageBytes: 16 * 1024,
  /** What may be on its way before `writable` turns false: little, so that a heartbeat never waits behind much. */
  outstandingMessages: 16,
  outstandingBytes: 64 * 1024,
  /** What `send` still takes from callers that do not look at `writable`; beyond it, it throws. */
  queuedMessages: 64,
  queuedBytes: 1024 * 1024,
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
