import { MeshError, type ErrorCode } from "../../interface/errors.ts";
import { maxPipelineName } from "../../interface/uri.ts";
import { channelLimits } from "../channel/limits.ts";

/**
 * What goes over channel 0 of a connection that several share. Numbers are unsigned, of 16 bits, in network byte order;
 * the layout is in `docs/protocol.md`, "Shared connections".
 */
export type CarrierMessage =
  /** The sender opens the connection of this number, for a pipeline. */
  | { readonly kind: "open"; readonly connection: number; readonly pipeline: string }
  | { readonly kind: "taken"; readonly connection: number }
  /** It is refused or over; without a code in good order. */
  | {
      readonly kind: "end";
      readonly connection: number;
      readonly code: ErrorCode | undefined;
      readonly text: string;
    }
  /** The sender has made the channel, and takes what is sent on it. */
  | { readonly kind: "channel"; readonly connection: number; readonly id: number }
  | { readonly kind: "control"; readonly connection: number; readonly message: Uint8Array }
  /** The sender has made the data channel, and the other side is to do so too. */
  | { readonly kind: "stream"; readonly id: number }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" };

/** Not 0, with which the transport's own messages begin. */
const kinds = { open: 1, taken: 2, end: 3, channel: 4, control: 5, stream: 6, ping: 7, pong: 8 } as const;

/** What stands before the message of a channel: the numbers of its connection and of the channel. */
export const headBytes = 4;

/** Characters of the words that a refusal comes with. */
export const maxRefusal = 1_024;

export function encodeCarrier(message: CarrierMessage): Uint8Array {
  const kind = kinds[message.kind];
  switch (message.kind) {
    case "ping":
    case "pong":
      return Uint8Array.of(kind);
    case "taken":
      return Uint8Array.of(kind, ...number(message.connection));
    case "stream":
      return Uint8Array.of(kind, ...number(message.id));
    case "channel":
      return Uint8Array.of(kind, ...number(message.connection), ...number(message.id));
    case "open":
      return headed(kind, message.connection, new TextEncoder().encode(message.pipeline));
    case "control":
      return headed(kind, message.connection, message.message);
    case "end": {
      const { code = "", text } = message;
      const words = text === "" ? code : `${code}\n${text.slice(0, maxRefusal)}`;
      return headed(kind, message.connection, new TextEncoder().encode(words));
    }
  }
}

/** @throws {MeshError} `protocol-violation` */
export function decodeCarrier(bytes: Uint8Array): CarrierMessage {
  const [kind] = bytes;
  const first = ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
  if (bytes.length === 1 && kind === kinds.ping) return { kind: "ping" };
  if (bytes.length === 1 && kind === kinds.pong) return { kind: "pong" };
  if (bytes.length >= 3) {
    switch (kind) {
      case kinds.open: {
        const pipeline = textOf(bytes.subarray(3));
        // As in an address, where control characters would let a name forge lines of a log.
        if (pipeline.length < 1 || pipeline.length > maxPipelineName || /\p{Cc}/u.test(pipeline)) break;
        return { kind: "open", connection: first, pipeline };
      }
      case kinds.taken:
        if (bytes.length === 3) return { kind: "taken", connection: first };
        break;
      case kinds.end:
        return endOf(first, bytes.subarray(3));
      case kinds.channel: {
        const id = ((bytes[3] ?? 0) << 8) | (bytes[4] ?? 0);
        if (bytes.length === 5 && isChannel(id)) return { kind: "channel", connection: first, id };
        break;
      }
      case kinds.control:
        if (bytes.length > 3) return { kind: "control", connection: first, message: bytes.slice(3) };
        break;
      case kinds.stream:
        if (bytes.length === 3 && isChannel(first)) return { kind: "stream", id: first };
    }
  }
  throw new MeshError("protocol-violation", "The other side sent a broken message of a shared connection.");
}

/**
 * What goes over a data channel for the message of a channel.
 * @param room bytes right before the message that may be written: where there are enough, it is not copied
 */
export function encodeHead(connection: number, channel: number, message: Uint8Array, room = 0): Uint8Array {
  const { buffer, byteOffset, length } = message;
  const hasRoom = room >= headBytes;
  const bytes = hasRoom
    ? new Uint8Array(buffer, byteOffset - headBytes, headBytes + length)
    : new Uint8Array(headBytes + length);
  bytes[0] = connection >> 8;
  bytes[1] = connection & 0xff;
  bytes[2] = channel >> 8;
  bytes[3] = channel & 0xff;
  if (!hasRoom) bytes.set(message, headBytes);
  return bytes;
}

export interface Headed {
  readonly connection: number;
  readonly channel: number;
  /** In the memory of what was read, behind its head. */
  readonly message: Uint8Array;
}

/** @throws {MeshError} `protocol-violation` */
export function decodeHead(bytes: Uint8Array): Headed {
  if (bytes.length <= headBytes) {
    throw new MeshError("protocol-violation", "The other side sent a message of no channel on a shared connection.");
  }
  const connection = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const channel = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  return { connection, channel, message: bytes.subarray(headBytes) };
}

function endOf(connection: number, bytes: Uint8Array): CarrierMessage {
  const words = textOf(bytes);
  if (words === "") return { kind: "end", connection, code: undefined, text: "" };
  const at = words.indexOf("\n");
  const code = at < 0 ? words : words.slice(0, at);
  // A code of a later version still means that it did not end well.
  const known = MeshError.isCode(code) ? code : "peer-lost";
  return { kind: "end", connection, code: known, text: at < 0 ? "" : words.slice(at + 1, at + 1 + maxRefusal) };
}

function isChannel(id: number): boolean {
  return id >= 1 && id <= channelLimits.highestId;
}

function number(value: number): readonly [number, number] {
  return [value >> 8, value & 0xff];
}

function headed(kind: number, connection: number, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(3 + rest.length);
  bytes.set([kind, ...number(connection)]);
  bytes.set(rest, 3);
  return bytes;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MeshError("protocol-violation", "The other side sent a text that is not UTF-8.");
  }
}
