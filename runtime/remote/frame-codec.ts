/**
 * Frames as bytes: the layout of docs/protocol.md, chapter "Frames". All numbers are little-endian.
 *
 * A message holds one or more records. A record is a whole frame, the first part of one, a further part, or the end of
 * the stream; the parts of a frame run to the end of their messages.
 */
import { MeshError } from "../interface/errors.ts";
import { traceParentBytes } from "../interface/request-context.ts";
import { FrameParts } from "./frame-parts.ts";
import { maxFrameBytes, protocolVersion } from "./limits.ts";
import { isEncoding, type Encoding } from "./payload-codec.ts";

const RecordKind = { frame: 1, firstPart: 2, furtherPart: 3, end: 4, track: 5 } as const;

/** The fixed fields of a frame record. */
export const headerBytes = 32;
/** Of a further part. */
export const partHeaderBytes = 8;
const endBytes = 16;

const Extension = { traceParent: 1, gap: 2, origin: 3 } as const;
const gapBytes = 8;

/** A frame ready to be written. */
export interface EncodableFrame {
  readonly flags: number;
  readonly epoch: number;
  /** 0 to 2^53 - 1. */
  readonly seq: number;
  readonly timestampUs: number;
  readonly encoding: Encoding;
  readonly body: Uint8Array;
  /** How many frames right before this one were dropped on purpose. */
  readonly gap: number;
  /** W3C Trace Context in binary form, 26 bytes. */
  readonly traceParent?: Uint8Array | undefined;
  /** Id of the session in which what the frame asks for began, in ASCII. */
  readonly origin?: Uint8Array | undefined;
}

/** A frame as it was read; `body` is a view of a message, or the exclusive owner of its buffer. */
export interface DecodedFrame extends EncodableFrame {
  /** Nothing else lives in the buffer behind `body`, so it need not be copied. */
  readonly exclusive: boolean;
}

/**
 * From a frame on, the stream goes on on its media track, until a frame record comes again: what RTP has no place for. Told of
 * the first frame there, of each that begins or ends a segment or an epoch, and of each whose media time does not follow
 * from the timestamps before.
 */
export interface TrackMark {
  /** Of the track: 1 to 16 ASCII characters (RFC 8843). */
  readonly mid: string;
  /** Of `FrameFlag`, but for the one of key frames. */
  readonly flags: number;
  readonly epoch: number;
  /** Number of the frame in its stream, from 0. */
  readonly seq: number;
  readonly timestampUs: number;
  /** Of the first packet of the frame; undefined where the sender does not see its packets, as in a browser. */
  readonly rtp: { readonly sequenceNumber: number; readonly timestamp: number } | undefined;
}

/** What a decoder reports, in the order of the wire. What its methods throw passes through `push`. */
export interface FrameReceiver {
  /** A frame of this many payload bytes begins. */
  admit(payloadBytes: number): void;
  frame(frame: DecodedFrame): void;
  /** The stream has ended in good order after `frames` frames. */
  end(frames: number): void;
  /** Where the session has tracks; otherwise such a record is a violation. */
  track?(mark: TrackMark): void;
}

function extensionBytes(frame: EncodableFrame): number {
  const { traceParent, origin, gap } = frame;
  return (
    (traceParent === undefined ? 0 : 2 + traceParentBytes) +
    (gap > 0 ? 2 + gapBytes : 0) +
    (origin === undefined ? 0 : 2 + origin.length)
  );
}

/** Bytes of the frame as a whole record. */
export function encodedBytes(frame: EncodableFrame): number {
  return headerBytes + extensionBytes(frame) + frame.body.length;
}

function setUint53(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 0x1_0000_0000, true);
  view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
}

function writeHeader(view: DataView, at: number, kind: number, frame: EncodableFrame): number {
  view.setUint8(at, protocolVersion);
  view.setUint8(at + 1, kind);
  view.setUint8(at + 2, frame.flags);
  view.setUint8(at + 3, frame.encoding);
  view.setUint16(at + 4, extensionBytes(frame), true);
  // Said as well, for the memory may have held another frame.
  view.setUint16(at + 6, 0);
  setUint53(view, at + 8, frame.seq);
  view.setFloat64(at + 16, frame.timestampUs, true);
  view.setUint32(at + 24, frame.epoch, true);
  view.setUint32(at + 28, frame.body.length, true);
  let next = at + headerBytes;
  if (frame.gap > 0) {
    view.setUint8(next, Extension.gap);
    view.setUint8(next + 1, gapBytes);
    setUint53(view, next + 2, frame.gap);
    next += 2 + gapBytes;
  }
  if (frame.traceParent !== undefined) {
    view.setUint8(next, Extension.traceParent);
    view.setUint8(next + 1, traceParentBytes);
    for (let i = 0; i < traceParentBytes; i++) view.setUint8(next + 2 + i, frame.traceParent[i] ?? 0);
    next += 2 + traceParentBytes;
  }
  if (frame.origin !== undefined) {
    view.setUint8(next, Extension.origin);
    view.setUint8(next + 1, frame.origin.length);
    for (const [i, byte] of frame.origin.entries()) view.setUint8(next + 2 + i, byte);
    next += 2 + frame.origin.length;
  }
  return next;
}

/** Writes a frame as a record of `encodedBytes`. @param view of the same bytes */
export function writeFrame(view: DataView, bytes: Uint8Array, at: number, frame: EncodableFrame): void {
  bytes.set(frame.body, writeHeader(view, at, RecordKind.frame, frame));
}

/** One message of whole frames; their `encodedBytes` must fit the channel together. */
export function encodeFrames(frames: readonly EncodableFrame[]): Uint8Array {
  let size = 0;
  for (const frame of frames) size += encodedBytes(frame);
  const message = new Uint8Array(size);
  const view = new DataView(message.buffer);
  let at = 0;
  for (const frame of frames) {
    writeFrame(view, message, at, frame);
    at += encodedBytes(frame);
  }
  return message;
}

/** How many bytes a record has that was written here. @param at where it begins */
export function recordBytes(view: DataView, at: number): number {
  const kind = view.getUint8(at + 1);
  if (kind === RecordKind.end) return endBytes;
  if (kind === RecordKind.track) return headerBytes + view.getUint8(at + 3);
  return headerBytes + view.getUint16(at + 4, true) + payloadBytes(view, at);
}

/** 1 for a frame, 0 for what is none. */
export function recordFrames(view: DataView, at: number): 0 | 1 {
  return view.getUint8(at + 1) === RecordKind.frame ? 1 : 0;
}

/** Payload bytes of the record of a frame. */
export function payloadBytes(view: DataView, at: number): number {
  return view.getUint32(at + 28, true);
}

/** Where the messages of a frame stand that does not fit into one: each with room in front, one behind another. */
export interface Parts {
  /** Payload bytes of the first, and of each other one but the last. */
  readonly first: number;
  readonly further: number;
  /** Where the payload begins in the first message, that is what stands before it there. */
  readonly payloadStart: number;
  readonly count: number;
  /** Of all the messages together, with their room. */
  readonly bytes: number;
}

/** @param room bytes to leave free in front of each message */
export function partsOf(frame: EncodableFrame, maxMessageBytes: number, room: number): Parts {
  const { length } = frame.body;
  const payloadStart = headerBytes + extensionBytes(frame);
  const first = Math.min(length, maxMessageBytes - payloadStart);
  const further = maxMessageBytes - partHeaderBytes;
  const count = 1 + Math.ceil((length - first) / further);
  const bytes = room + payloadStart + length + (count - 1) * (room + partHeaderBytes);
  return { first, further, payloadStart, bytes, count };
}

/** Writes a frame as the messages of `parts`. @param view of the same bytes */
export function writeParts(view: DataView, bytes: Uint8Array, frame: EncodableFrame, parts: Parts, room: number): void {
  const { body } = frame;
  let at = writeHeader(view, room, RecordKind.firstPart, frame);
  bytes.set(body.subarray(0, parts.first), at);
  at += parts.first;
  for (let sent = parts.first; sent < body.length; sent += parts.further) {
    at += room;
    view.setUint32(at, 0);
    view.setUint8(at, protocolVersion);
    view.setUint8(at + 1, RecordKind.furtherPart);
    view.setUint32(at + 4, sent, true);
    at += partHeaderBytes;
    const part = body.subarray(sent, sent + parts.further);
    bytes.set(part, at);
    at += part.length;
  }
}

/** The record of the frame that was written as `parts`. */
export function recordOfParts(bytes: Uint8Array, parts: Parts, room: number): Uint8Array {
  const { first, further, payloadStart, count } = parts;
  const record = new Uint8Array(parts.bytes - room - (count - 1) * (room + partHeaderBytes));
  let from = room + payloadStart + first;
  record.set(bytes.subarray(room, from));
  record[1] = RecordKind.frame;
  for (let at = payloadStart + first; at < record.length; at += further) {
    from += room + partHeaderBytes;
    record.set(bytes.subarray(from, Math.min(from + further, parts.bytes)), at);
    from += further;
  }
  return record;
}

/**
 * The next message of a frame that does not fit into one.
 * @param record of the frame
 * @param sent payload bytes that earlier messages took; 0 for the first
 * @param room bytes to leave free in front of the message, in its buffer
 * @returns the message, and the payload bytes sent with it
 */
export function encodePart(
  record: Uint8Array,
  sent: number,
  maxMessageBytes: number,
  room = 0,
): { readonly message: Uint8Array; readonly sent: number } {
  const payloadStart = headerBytes + ((record[4] ?? 0) | ((record[5] ?? 0) << 8));
  const overhead = sent === 0 ? payloadStart : partHeaderBytes;
  const until = Math.min(record.length - payloadStart, sent + maxMessageBytes - overhead);
  const bytes = new Uint8Array(room + overhead + until - sent);
  const message = bytes.subarray(room);
  if (sent === 0) {
    message.set(record.subarray(0, payloadStart + until));
    message[1] = RecordKind.firstPart;
  } else {
    message[0] = protocolVersion;
    message[1] = RecordKind.furtherPart;
    new DataView(bytes.buffer).setUint32(room + 4, sent, true);
    message.set(record.subarray(payloadStart + sent, payloadStart + until), overhead);
  }
  return { message, sent: until };
}

/** The message that ends a stream in good order after `frames` frames. */
export function encodeEnd(frames: number): Uint8Array {
  const message = new Uint8Array(endBytes);
  const view = new DataView(message.buffer);
  view.setUint8(0, protocolVersion);
  view.setUint8(1, RecordKind.end);
  setUint53(view, 8, frames);
  return message;
}

/** The record of a frame that goes over the media track of its stream. */
export function encodeTrackMark(mark: TrackMark): Uint8Array {
  const mid = new TextEncoder().encode(mark.mid);
  const message = new Uint8Array(headerBytes + mid.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, protocolVersion);
  view.setUint8(1, RecordKind.track);
  view.setUint8(2, mark.flags);
  view.setUint8(3, mid.length);
  view.setUint16(4, mark.rtp?.sequenceNumber ?? 0, true);
  view.setUint16(6, mark.rtp === undefined ? 1 : 0, true);
  setUint53(view, 8, mark.seq);
  view.setFloat64(16, mark.timestampUs, true);
  view.setUint32(24, mark.epoch, true);
  view.setUint32(28, mark.rtp?.timestamp ?? 0, true);
  message.set(mid, headerBytes);
  return message;
}

function violation(what: string): MeshError {
  return new MeshError("protocol-violation", `A frame is not as the protocol wants it: ${what}.`);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What may stand in the buffer of a message before it, for the message to be the only one that lives there. */
const aloneBytes = 16;

const nothing = new Uint8Array(0);

/** A frame of which parts are still to come. */
interface Partial {
  readonly frame: Writable<DecodedFrame>;
  readonly total: number;
  /** The first part, and in the end all of them. */
  buffer: Uint8Array;
  received: number;
  parts?: FrameParts;
}

/** Reads the messages of one channel, whose memory nobody uses again. After it threw, it must not be used again. */
export class FrameDecoder {
  readonly #receiver: FrameReceiver;
  readonly #maxFrameBytes: number;
  #partial: Partial | undefined;
  #payloadStart = 0;
  #payloadBytes = 0;
  #ended = false;

  constructor(receiver: FrameReceiver, maxBytes: number = maxFrameBytes) {
    this.#receiver = receiver;
    this.#maxFrameBytes = maxBytes;
  }

  /** @throws {MeshError} `protocol-violation`; `resource-exhausted` for a frame beyond the limit */
  push(message: Uint8Array): void {
    if (message.length === 0) throw violation("a message is empty");
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    let at = 0;
    while (at < message.length) {
      if (this.#ended) throw violation("something follows the end of the stream");
      if (at + partHeaderBytes > message.length) throw violation("a record is cut short");
      const version = view.getUint8(at);
      if (version !== protocolVersion) throw violation(`its version is ${version}, not ${protocolVersion}`);
      const kind = view.getUint8(at + 1);
      if ((kind === RecordKind.furtherPart) !== (this.#partial !== undefined)) {
        throw violation(this.#partial === undefined ? "a part follows no frame" : "a frame stops in the middle");
      }
      if (kind === RecordKind.frame) at = this.#whole(message, view, at);
      else if (kind === RecordKind.firstPart) at = this.#first(message, view, at);
      else if (kind === RecordKind.furtherPart) at = this.#further(message, view, at);
      else if (kind === RecordKind.end) at = this.#end(view, at);
      else if (kind === RecordKind.track && this.#receiver.track !== undefined) at = this.#track(message, view, at);
      else throw violation(`record kind ${kind} is not known`);
    }
  }

  #whole(message: Uint8Array, view: DataView, at: number): number {
    const frame = this.#header(view, at);
    const start = this.#payloadStart;
    const length = this.#payloadBytes;
    const end = start + length;
    if (end > message.length) throw violation("a payload is cut short");
    this.#receiver.admit(length);
    const { buffer, byteOffset } = message;
    frame.exclusive = at === 0 && byteOffset <= aloneBytes && byteOffset + end === buffer.byteLength;
    frame.body = new Uint8Array(buffer, byteOffset + start, length);
    this.#receiver.frame(frame);
    return end;
  }

  #first(message: Uint8Array, view: DataView, at: number): number {
    const frame = this.#header(view, at);
    const start = this.#payloadStart;
    const total = this.#payloadBytes;
    const received = message.length - start;
    if (received < 1 || received >= total) throw violation("the first part of a frame has the wrong size");
    this.#receiver.admit(total);
    this.#partial = { frame, total, buffer: message.subarray(start), received };
    return message.length;
  }

  #further(message: Uint8Array, view: DataView, at: number): number {
    const partial = this.#partial as Partial;
    const part = message.subarray(at + partHeaderBytes);
    const received = partial.received + part.length;
    if (view.getUint32(at + 4, true) !== partial.received) throw violation("a part has the wrong offset");
    if (part.length === 0 || received > partial.total) throw violation("a part of a frame has the wrong size");
    partial.parts ??= new FrameParts(partial.buffer);
    partial.parts.add(part);
    if (received === partial.total) partial.buffer = partial.parts.whole();
    partial.received = received;
    if (received === partial.total) {
      this.#partial = undefined;
      partial.frame.body = partial.buffer;
      partial.frame.exclusive = true;
      this.#receiver.frame(partial.frame);
    }
    return message.length;
  }

  #end(view: DataView, at: number): number {
    if (at + endBytes > view.byteLength) throw violation("a record is cut short");
    this.#ended = true;
    this.#receiver.end(uint53(view, at + 8));
    return at + endBytes;
  }

  #track(message: Uint8Array, view: DataView, at: number): number {
    const start = at + headerBytes;
    const end = start + view.getUint8(at + 3);
    if (end > view.byteLength) throw violation("a record is cut short");
    const mid = new TextDecoder().decode(message.subarray(start, end));
    if (!/^[!-~]{1,16}$/.test(mid)) throw violation("the name of a track is none");
    const timestampUs = view.getFloat64(at + 16, true);
    if (!Number.isFinite(timestampUs)) throw violation("the timestamp is not a number");
    this.#receiver.track?.({
      mid,
      flags: view.getUint8(at + 2),
      epoch: view.getUint32(at + 24, true),
      seq: uint53(view, at + 8),
      timestampUs,
      rtp:
        (view.getUint16(at + 6, true) & 1) === 1
          ? undefined
          : { sequenceNumber: view.getUint16(at + 4, true), timestamp: view.getUint32(at + 28, true) },
    });
    return end;
  }

  /** A frame of which only the payload is missing; where that is stands in `#payloadStart` and `#payloadBytes`. */
  #header(view: DataView, at: number): Writable<DecodedFrame> {
    if (at + headerBytes > view.byteLength) throw violation("a header is cut short");
    const encoding = view.getUint8(at + 3);
    if (!isEncoding(encoding)) throw violation(`payload encoding ${encoding} is not known`);
    const timestampUs = view.getFloat64(at + 16, true);
    if (!Number.isFinite(timestampUs)) throw violation("the timestamp is not a number");
    const length = view.getUint32(at + 28, true);
    if (length > this.#maxFrameBytes) {
      const limit = `the limit is ${this.#maxFrameBytes}`;
      throw new MeshError("resource-exhausted", `A frame of ${length} bytes was announced; ${limit}.`);
    }
    const start = at + headerBytes + view.getUint16(at + 4, true);
    if (start > view.byteLength) throw violation("the optional fields are cut short");
    const { gap, traceParent, origin } =
      start === at + headerBytes ? noExtensions : readExtensions(view, at + headerBytes, start);
    this.#payloadStart = start;
    this.#payloadBytes = length;
    return {
      flags: view.getUint8(at + 2),
      epoch: view.getUint32(at + 24, true),
      seq: uint53(view, at + 8),
      timestampUs,
      encoding,
      body: nothing,
      gap,
      traceParent,
      origin,
      exclusive: false,
    };
  }
}

function uint53(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  if (high > 0x1f_ffff) throw violation("a counter is beyond 2^53");
  return high * 0x1_0000_0000 + view.getUint32(at, true);
}

interface Extensions {
  readonly gap: number;
  readonly traceParent: Uint8Array | undefined;
  readonly origin: Uint8Array | undefined;
}

const noExtensions: Extensions = { gap: 0, traceParent: undefined, origin: undefined };

/** Those that are not known are skipped, so that later versions can add some. */
function readExtensions(view: DataView, from: number, until: number): Extensions {
  let gap = 0;
  let traceParent: Uint8Array | undefined;
  let origin: Uint8Array | undefined;
  let at = from;
  while (at < until) {
    if (at + 2 > until) throw violation("an optional field is cut short");
    const id = view.getUint8(at);
    const length = view.getUint8(at + 1);
    const value = at + 2;
    at = value + length;
    if (at > until) throw violation("an optional field is cut short");
    if (id === Extension.gap) {
      if (length !== gapBytes) throw violation("the gap has the wrong size");
      gap = uint53(view, value);
    } else if (id === Extension.traceParent) {
      if (length !== traceParentBytes) throw violation("the trace parent has the wrong size");
      traceParent = new Uint8Array(view.buffer, view.byteOffset + value, length).slice();
    } else if (id === Extension.origin) {
      origin = new Uint8Array(view.buffer, view.byteOffset + value, length).slice();
    }
  }
  return { gap, traceParent, origin };
}
