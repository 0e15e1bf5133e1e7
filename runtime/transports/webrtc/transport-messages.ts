import { MeshError, type ErrorCode } from "../../interface/errors.ts";
import { channelLimits } from "../channel/limits.ts";

/**
 * The transport's own messages on channel 0. They begin with a zero byte; a message of the layer above that does so too
 * travels escaped, so that channel 0 carries any bytes. The layout is in `docs/protocol.md`, "Connection".
 */
export type ControlMessage =
  /** The sender ends the connection; `code` is undefined for an orderly close. */
  | { readonly kind: "close"; readonly code: ErrorCode | undefined }
  /** The sender has made the channel with this id; what is sent there will be received. */
  | { readonly kind: "channel"; readonly id: number }
  | { readonly kind: "payload"; readonly message: Uint8Array }
  /** The sender has so many bytes of the channel with this id, modulo 2^32. */
  | { readonly kind: "confirmed"; readonly id: number; readonly bytes: number }
  /** Asks for as many bytes, which is `size` with these; and the answer. */
  | { readonly kind: "probe"; readonly size: number }
  | { readonly kind: "probed"; readonly size: number }
  /** A piece of a description (`tracks.ts`); `more` when others follow. */
  | { readonly kind: "description"; readonly more: boolean; readonly bytes: Uint8Array };

const types = { close: 0, channel: 1, escape: 2, description: 4, confirmed: 5, probe: 6, probed: 7 } as const;

export function encodeClose(code: ErrorCode | undefined): Uint8Array {
  if (code === undefined) return Uint8Array.of(0);
  return Uint8Array.of(0, types.close, ...new TextEncoder().encode(code));
}

export function encodeChannel(id: number): Uint8Array {
  return Uint8Array.of(0, types.channel, id >> 8, id & 0xff);
}

/** @param bytes that have come over the channel, in all */
export function encodeConfirmed(id: number, bytes: number): Uint8Array {
  const message = Uint8Array.of(0, types.confirmed, id >> 8, id & 0xff, 0, 0, 0, 0);
  new DataView(message.buffer).setUint32(4, bytes % 2 ** 32);
  return message;
}

/** @param size of the whole message in bytes, 2 or more */
export function encodeProbe(kind: "probe" | "probed", size: number): Uint8Array {
  const message = new Uint8Array(size);
  message[1] = types[kind];
  return message;
}

/** What goes over channel 0 for a message of the layer above. */
export function encodePayload(message: Uint8Array): Uint8Array {
  if (message[0] !== 0) return message;
  const escaped = new Uint8Array(message.length + 2);
  escaped.set([0, types.escape]);
  escaped.set(message, 2);
  return escaped;
}

/** The pieces of a description, each of which fits a message. */
export function encodeDescription(text: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const room = channelLimits.messageBytes - 3;
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += room) {
    const more = at + room < bytes.length;
    pieces.push(Uint8Array.of(0, types.description, more ? 1 : 0, ...bytes.subarray(at, at + room)));
  }
  return pieces;
}

/** @throws {MeshError} `protocol-violation` */
export function decodeControl(message: Uint8Array): ControlMessage {
  if (message[0] !== 0) return { kind: "payload", message };
  if (message.length === 1) return { kind: "close", code: undefined };
  switch (message[1]) {
    case types.close: {
      const code = new TextDecoder().decode(message.subarray(2, 66));
      // A code of a later version still means that it did not end well.
      return { kind: "close", code: MeshError.isCode(code) ? code : "peer-lost" };
    }
    case types.channel: {
      const id = ((message[2] ?? 0) << 8) | (message[3] ?? 0);
      if (message.length === 4 && id >= 1 && id <= channelLimits.highestId) return { kind: "channel", id };
      break;
    }
    case types.escape:
      if (message.length > 2) return { kind: "payload", message: message.subarray(2) };
      break;
    case types.confirmed: {
      const id = ((message[2] ?? 0) << 8) | (message[3] ?? 0);
      if (message.length !== 8) break;
      return { kind: "confirmed", id, bytes: new DataView(message.buffer, message.byteOffset).getUint32(4) };
    }
    case types.probe:
      return { kind: "probe", size: message.length };
    case types.probed:
      return { kind: "probed", size: message.length };
    case types.description: {
      const more = message[2];
      if (message.length > 3 && (more === 0 || more === 1)) {
        return { kind: "description", more: more === 1, bytes: message.subarray(3) };
      }
    }
  }
  throw new MeshError("protocol-violation", "The other side sent a broken transport message on channel 0.");
}
