/**
 * `mesh.v1.StreamMessage` in the encoding of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/), written
 * by hand: it is the one message that frames travel in.
 */
import { ProtobufReader, varintBytes, writeVarint } from "./protobuf.ts";

export interface StreamMessage {
  readonly channel: number;
  /** Where it was read, in memory of its own, but for a head in front of it. */
  readonly message: Uint8Array;
  /** Where it is written: bytes right before the message, in its buffer, that are free for what stands in front of it. */
  readonly room?: number;
  /** The code of the failure for which the sender leaves. */
  readonly close: string | undefined;
}

const tags = { channel: 0x08, message: 0x12, close: 0x1a } as const;
const nothing = new Uint8Array(0);

/** What stands in front of a message at most: tag and number of a channel (to 1023), tag and length of a message. */
const headBytes = 7;
/** Beyond it a length takes more than three bytes. */
const mostBytes = 2 ** 21 - 1;

export function encodeStreamMessage({ channel, message, room = 0, close }: StreamMessage): Buffer {
  const { length } = message;
  if (room >= headBytes && close === undefined && length > 0 && length <= mostBytes) return withHead(channel, message);
  const code = close === undefined ? undefined : new TextEncoder().encode(close);
  // Tag and number of the channel, tag and length of the message, tag and length of the code.
  const head = Buffer.allocUnsafe(4 + 6 + message.length + (code === undefined ? 0 : code.length + 3));
  let at = 0;
  if (channel !== 0) {
    head[at++] = tags.channel;
    at = writeVarint(head, at, channel);
  }
  if (message.length > 0) {
    head[at++] = tags.message;
    at = writeVarint(head, at, message.length);
    head.set(message, at);
    at += message.length;
  }
  if (code !== undefined) {
    head[at++] = tags.close;
    at = writeVarint(head, at, code.length);
    head.set(code, at);
    at += code.length;
  }
  return head.subarray(0, at);
}

/** The message with what stands in front of it, in the room that there is. */
function withHead(channel: number, message: Uint8Array): Buffer {
  const { buffer, byteOffset, length } = message;
  const bytes = (channel === 0 ? 0 : 1 + varintBytes(channel)) + 1 + varintBytes(length);
  const whole = Buffer.from(buffer, byteOffset - bytes, bytes + length);
  let at = 0;
  if (channel !== 0) {
    whole[at++] = tags.channel;
    at = writeVarint(whole, at, channel);
  }
  whole[at++] = tags.message;
  writeVarint(whole, at, length);
  return whole;
}

/** @throws {MeshError} `protocol-violation` */
export function decodeStreamMessage(bytes: Uint8Array): StreamMessage {
  const reader = new ProtobufReader(bytes, "mesh.v1.StreamMessage");
  let channel = 0;
  let message: Uint8Array = nothing;
  let close: string | undefined;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === tags.channel) channel = reader.varint();
    else if (tag === tags.message) message = reader.whole();
    else if (tag === tags.close) close = new TextDecoder().decode(reader.whole().subarray(0, 64));
    else reader.skip(tag & 7);
  }
  return { channel, message, close };
}
