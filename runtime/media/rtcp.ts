/**
 * RTCP as far as tracks need it: sender reports and BYE (RFC 3550, sections 6.4.1 and 6.6), requests for key frames by PLI
 * (RFC 4585, section 6.3.1) and FIR (RFC 5104, section 4.3.1), requests for packets by NACK (RFC 4585, section 6.2.1).
 */

/** The time of a wall clock and the RTP timestamp of the same moment, for media that is sampled then. */
export interface SenderReport {
  readonly type: "sender-report";
  readonly ssrc: number;
  /** Microseconds since 1900-01-01 by the clock of the sender; equal clocks are only certain for tracks of one sender. */
  readonly ntpUs: number;
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  readonly octetCount: number;
}

export type RtcpPacket =
  | SenderReport
  | { readonly type: "bye"; readonly ssrcs: readonly number[] }
  /** The receiver cannot go on without a key frame. */
  | { readonly type: "picture-loss"; readonly senderSsrc: number; readonly mediaSsrc: number }
  /** The same as a command; `sequenceNumber` (8 bits) tells a repetition from a new one. */
  | {
      readonly type: "full-intra-request";
      readonly senderSsrc: number;
      readonly mediaSsrc: number;
      readonly sequenceNumber: number;
    }
  | {
      readonly type: "nack";
      readonly senderSsrc: number;
      readonly mediaSsrc: number;
      readonly sequenceNumbers: readonly number[];
    };

const PacketType = { senderReport: 200, bye: 203, transportFeedback: 205, payloadFeedback: 206 } as const;
const Feedback = { nack: 1, pictureLoss: 1, fullIntraRequest: 4 } as const;
const headerBytes = 4;
/** Between 1900, where NTP begins, and 1970, where Unix does. */
const ntpOffsetMs = 2_208_988_800_000;
/** Of one NACK: more than a receiver waits for. */
const maxNackNumbers = 1_024;

/** Microseconds of NTP for a wall-clock time in milliseconds since the Unix epoch. */
export function ntpFromWall(wallMs: number): number {
  return (wallMs + ntpOffsetMs) * 1_000;
}

/**
 * The packets of a compound packet that mean something here; the others are skipped. Stops where the bytes make no sense;
 * never throws.
 */
export function readRtcp(bytes: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    const size = (view.getUint16(2) + 1) * 4;
    if (view.getUint8(0) >> 6 !== 2 || size > view.byteLength) break;
    readOne(new DataView(bytes.buffer, bytes.byteOffset + at, size), packets);
    at += size;
  }
  return packets;
}

function readOne(view: DataView, packets: RtcpPacket[]): void {
  const count = view.getUint8(0) & 0x1f;
  const type = view.getUint8(1);
  if (type === PacketType.senderReport && view.byteLength >= 28) packets.push(readSenderReport(view));
  else if (type === PacketType.bye && view.byteLength >= headerBytes + count * 4) {
    const ssrcs = Array.from({ length: count }, (_, index) => view.getUint32(headerBytes + index * 4));
    packets.push({ type: "bye", ssrcs });
  } else if ((type === PacketType.payloadFeedback || type === PacketType.transportFeedback) && view.byteLength >= 12) {
    readFeedback(view, type, count, packets);
  }
}

function readSenderReport(view: DataView): SenderReport {
  return {
    type: "sender-report",
    ssrc: view.getUint32(4),
    ntpUs: view.getUint32(8) * 1e6 + (view.getUint32(12) / 2 ** 32) * 1e6,
    rtpTimestamp: view.getUint32(16),
    packetCount: view.getUint32(20),
    octetCount: view.getUint32(24),
  };
}

function readFeedback(view: DataView, type: number, format: number, packets: RtcpPacket[]): void {
  const senderSsrc = view.getUint32(4);
  const mediaSsrc = view.getUint32(8);
  if (type === PacketType.transportFeedback) {
    if (format !== Feedback.nack) return;
    const sequenceNumbers: number[] = [];
    for (let at = 12; at + 4 <= view.byteLength && sequenceNumbers.length < maxNackNumbers; at += 4) {
      readNackItem(view.getUint16(at), view.getUint16(at + 2), sequenceNumbers);
    }
    packets.push({ type: "nack", senderSsrc, mediaSsrc, sequenceNumbers });
  } else if (format === Feedback.pictureLoss) {
    packets.push({ type: "picture-loss", senderSsrc, mediaSsrc });
  } else if (format === Feedback.fullIntraRequest) {
    for (let at = 12; at + 8 <= view.byteLength; at += 8) {
      const sequenceNumber = view.getUint8(at + 4);
      packets.push({ type: "full-intra-request", senderSsrc, mediaSsrc: view.getUint32(at), sequenceNumber });
    }
  }
}

/** @param following a bit for each of the 16 numbers behind the first one, the lowest for the next */
function readNackItem(first: number, following: number, into: number[]): void {
  into.push(first);
  for (let bit = 0; bit < 16; bit += 1) if ((following >> bit) & 1) into.push((first + bit + 1) & 0xffff);
}

/** A sender report without report blocks. */
export function writeSenderReport(report: Omit<SenderReport, "type">): Uint8Array {
  const view = begin(PacketType.senderReport, 0, 28);
  view.setUint32(4, report.ssrc);
  const seconds = Math.floor(report.ntpUs / 1e6);
  view.setUint32(8, seconds);
  view.setUint32(12, Math.min(0xffff_ffff, Math.round(((report.ntpUs - seconds * 1e6) / 1e6) * 2 ** 32)));
  view.setUint32(16, report.rtpTimestamp);
  view.setUint32(20, report.packetCount);
  view.setUint32(24, report.octetCount);
  return new Uint8Array(view.buffer);
}

/** @param ssrcs those that end, at most 31 */
export function writeBye(ssrcs: readonly number[]): Uint8Array {
  const view = begin(PacketType.bye, ssrcs.length, headerBytes + ssrcs.length * 4);
  for (const [index, ssrc] of ssrcs.entries()) view.setUint32(headerBytes + index * 4, ssrc);
  return new Uint8Array(view.buffer);
}

/** @param senderSsrc of whoever asks @param mediaSsrc of the track that is asked for a key frame */
export function writePictureLoss(senderSsrc: number, mediaSsrc: number): Uint8Array {
  return new Uint8Array(
    beginFeedback(PacketType.payloadFeedback, Feedback.pictureLoss, 12, senderSsrc, mediaSsrc).buffer,
  );
}

/** @param sequenceNumber 8 bits; grows with each request that is no repetition */
export function writeFullIntraRequest(senderSsrc: number, mediaSsrc: number, sequenceNumber: number): Uint8Array {
  // The header names no media: each entry does.
  const view = beginFeedback(PacketType.payloadFeedback, Feedback.fullIntraRequest, 20, senderSsrc, 0);
  view.setUint32(12, mediaSsrc);
  view.setUint8(16, sequenceNumber & 0xff);
  return new Uint8Array(view.buffer);
}

/** @param sequenceNumbers 16 bits each, in ascending order (modulo 2^16) */
export function writeNack(senderSsrc: number, mediaSsrc: number, sequenceNumbers: readonly number[]): Uint8Array {
  const items: { readonly first: number; following: number }[] = [];
  for (const sequenceNumber of sequenceNumbers) {
    const last = items.at(-1);
    const distance = last === undefined ? 0 : (sequenceNumber - last.first) & 0xffff;
    if (last !== undefined && distance >= 1 && distance <= 16) last.following |= 1 << (distance - 1);
    else items.push({ first: sequenceNumber, following: 0 });
  }
  const size = 12 + items.length * 4;
  const view = beginFeedback(PacketType.transportFeedback, Feedback.nack, size, senderSsrc, mediaSsrc);
  for (const [index, { first, following }] of items.entries()) {
    view.setUint16(12 + index * 4, first);
    view.setUint16(14 + index * 4, following);
  }
  return new Uint8Array(view.buffer);
}

function begin(type: number, count: number, size: number): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(size));
  view.setUint8(0, 0x80 | count);
  view.setUint8(1, type);
  view.setUint16(2, size / 4 - 1);
  return view;
}

function beginFeedback(
  type: number,
  format: number,
  size: number,
  senderSsrc: number,
  mediaSsrc: number,
): DataView<ArrayBuffer> {
  const view = begin(type, format, size);
  view.setUint32(4, senderSsrc);
  view.setUint32(8, mediaSsrc);
  return view;
}
