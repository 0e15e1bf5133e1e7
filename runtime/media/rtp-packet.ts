/** RTP packets as bytes: RFC 3550, section 5.1. All numbers are in network byte order. */

/** What is known of a packet once it has been read. */
export interface RtpPacket {
  /** True at the end of a picture, and at the start of speech after silence (RFC 3551, section 4.1). */
  readonly marker: boolean;
  /** 0 to 127. */
  readonly payloadType: number;
  /** 16 bits. */
  readonly sequenceNumber: number;
  /** 32 bits, in units of the codec's clock rate. */
  readonly timestamp: number;
  /** 32 bits. */
  readonly ssrc: number;
  /** Without padding; a view of the bytes that were read. Empty where a packet holds nothing but padding. */
  readonly payload: Uint8Array;
}

const version = 2;
const fixedBytes = 12;
const sequenceNumbers = 0x1_0000;

/** Bytes of a header as `writeRtpPacket` makes it: without contributing sources and extensions. */
export const rtpHeaderBytes = fixedBytes;

/**
 * Reads one packet. Contributing sources and header extensions (RFC 8285, in either form) are skipped: nothing here depends
 * on them. Undefined when it is none, or is cut short; never throws.
 */
export function readRtpPacket(bytes: Uint8Array): RtpPacket | undefined {
  if (bytes.length < fixedBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = view.getUint8(0);
  if (first >> 6 !== version) return undefined;
  let start = fixedBytes + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (start + 4 > bytes.length) return undefined;
    start += 4 + view.getUint16(start + 2) * 4;
  }
  let end = bytes.length;
  if ((first & 0x20) !== 0) {
    const padding = view.getUint8(end - 1);
    // The count includes itself, so 0 is none.
    if (padding === 0) return undefined;
    end -= padding;
  }
  if (start > end) return undefined;
  const second = view.getUint8(1);
  return {
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    sequenceNumber: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    // Of an engine's `Buffer`, too, a plain array.
    payload: new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start),
  };
}

/**
 * True for RTCP where it shares a port with RTP (RFC 5761, section 4): by the payload type, in which RTP then leaves
 * 64 to 95 free.
 */
export function isRtcp(bytes: Uint8Array): boolean {
  const type = bytes[1] ?? 0;
  return bytes.length >= 8 && type >= 192 && type <= 223;
}

/** The bytes of a packet. @param payload one piece, or two that follow each other: a payload header and what it heads */
export function writeRtpPacket(packet: Omit<RtpPacket, "payload">, ...payload: readonly Uint8Array[]): Uint8Array {
  const size = payload.reduce((sum, part) => sum + part.length, fixedBytes);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, version << 6);
  view.setUint8(1, (packet.marker ? 0x80 : 0) | (packet.payloadType & 0x7f));
  view.setUint16(2, packet.sequenceNumber);
  view.setUint32(4, packet.timestamp);
  view.setUint32(8, packet.ssrc);
  let at = fixedBytes;
  for (const part of payload) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The number that follows. */
export function nextSequenceNumber(sequenceNumber: number): number {
  return (sequenceNumber + 1) % sequenceNumbers;
}
