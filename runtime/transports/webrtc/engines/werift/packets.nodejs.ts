import { crc32c } from "werift";
import { chunkTypes, type DataChunk, type ForwardTsnChunk, type SackChunk, type Sctp } from "./sctp.ts";

/** Ports (2 + 2), verification tag (4), checksum (4); RFC 9260 section 3.1. */
export const packetHeaderBytes = 12;
/** Type (1), flags (1), length (2). */
export const chunkHeaderBytes = 4;
/** Of a DATA chunk, its header included. */
export const dataHeaderBytes = 16;

/** A chunk as it stands in a packet. */
export interface RawChunk {
  readonly type: number;
  readonly flags: number;
  /** Without the header and without the padding. */
  readonly body: Buffer;
}

const noChecksum = Buffer.alloc(4);

/**
 * The chunks of a packet of this association.
 * @returns undefined when it is cut short, belongs to another association, or its checksum (CRC32c, appendix A) is wrong
 */
export function readPacket(packet: Buffer, verificationTag: number): RawChunk[] | undefined {
  if (packet.length < packetHeaderBytes + chunkHeaderBytes || packet.readUInt32BE(4) !== verificationTag)
    return undefined;
  const head = crc32c(noChecksum, crc32c(packet.subarray(0, 8)));
  if (crc32c(packet.subarray(packetHeaderBytes), head) !== packet.readUInt32LE(8)) return undefined;
  const chunks: RawChunk[] = [];
  for (let at = packetHeaderBytes; at + chunkHeaderBytes <= packet.length;) {
    const length = packet.readUInt16BE(at + 2);
    if (length < chunkHeaderBytes || at + length > packet.length) return undefined;
    const body = packet.subarray(at + chunkHeaderBytes, at + length);
    chunks.push({ type: packet.readUInt8(at), flags: packet.readUInt8(at + 1), body });
    at += (length + 3) & ~3;
  }
  return chunks;
}

/** A packet with room for one chunk, whose type, flags and length are there; `seal` finishes it. */
export function newPacket(sctp: Sctp, type: number, flags: number, bodyBytes: number): Buffer {
  const length = chunkHeaderBytes + bodyBytes;
  const packet = Buffer.allocUnsafe(packetHeaderBytes + ((length + 3) & ~3));
  writeHeader(sctp, packet);
  packet.writeUInt8(type, packetHeaderBytes);
  packet.writeUInt8(flags, packetHeaderBytes + 1);
  packet.writeUInt16BE(length, packetHeaderBytes + 2);
  packet.fill(0, packetHeaderBytes + length);
  return packet;
}

function writeHeader(sctp: Sctp, packet: Buffer): void {
  packet.writeUInt16BE(sctp.localPort, 0);
  packet.writeUInt16BE(sctp.remotePort ?? 0, 2);
  packet.writeUInt32BE(sctp.remoteVerificationTag, 4);
  packet.writeUInt32LE(0, 8);
}

export function seal(packet: Buffer): Buffer {
  packet.writeUInt32LE(crc32c(packet), 8);
  return packet;
}

/** @param sack a whole SACK chunk that goes along, before the data (section 6.10) */
export function dataPacket(sctp: Sctp, chunk: DataChunk, sack: Buffer | undefined): Buffer {
  const before = sack?.length ?? 0;
  const length = dataHeaderBytes + chunk.userData.length;
  const packet = Buffer.allocUnsafe(packetHeaderBytes + before + ((length + 3) & ~3));
  writeHeader(sctp, packet);
  if (sack !== undefined) packet.set(sack, packetHeaderBytes);
  let at = packetHeaderBytes + before;
  packet.fill(0, at + length);
  at = packet.writeUInt8(chunkTypes.data, at);
  at = packet.writeUInt8(chunk.flags, at);
  at = packet.writeUInt16BE(length, at);
  at = packet.writeUInt32BE(chunk.tsn, at);
  at = packet.writeUInt16BE(chunk.streamId, at);
  at = packet.writeUInt16BE(chunk.streamSeqNum, at);
  at = packet.writeUInt32BE(chunk.protocol, at);
  packet.set(chunk.userData, at);
  return seal(packet);
}

/** A packet that carries one whole chunk. */
export function packetWith(sctp: Sctp, chunk: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(packetHeaderBytes + chunk.length);
  writeHeader(sctp, packet);
  packet.set(chunk, packetHeaderBytes);
  return seal(packet);
}

/** A packet that carries some of the chunks of another one, unchanged. */
export function packetOf(original: Buffer, chunks: readonly RawChunk[]): Buffer {
  const parts = chunks.map(({ type, flags, body }) => {
    const part = Buffer.alloc((chunkHeaderBytes + body.length + 3) & ~3);
    part.writeUInt8(type, 0);
    part.writeUInt8(flags, 1);
    part.writeUInt16BE(chunkHeaderBytes + body.length, 2);
    part.set(body, chunkHeaderBytes);
    return part;
  });
  const packet = Buffer.concat([original.subarray(0, packetHeaderBytes), ...parts]);
  packet.writeUInt32LE(0, 8);
  return seal(packet);
}

/** @returns undefined for one without data, which a sender must not send (section 3.3.1) */
export function readData({ type, flags, body }: RawChunk): DataChunk | undefined {
  if (body.length < 13) return undefined;
  return {
    type,
    flags,
    tsn: body.readUInt32BE(0),
    streamId: body.readUInt16BE(4),
    streamSeqNum: body.readUInt16BE(6),
    protocol: body.readUInt32BE(8),
    userData: body.subarray(12),
  };
}

export function readSack({ type, body }: RawChunk): SackChunk | undefined {
  if (body.length < 12) return undefined;
  const [count, duplicateCount] = [body.readUInt16BE(8), body.readUInt16BE(10)];
  const duplicatesAt = 12 + 4 * count;
  if (body.length < duplicatesAt + 4 * duplicateCount) return undefined;
  const gaps = Array.from({ length: count }, (_, index) => {
    const at = 12 + 4 * index;
    return [body.readUInt16BE(at), body.readUInt16BE(at + 2)];
  });
  const duplicates = Array.from({ length: duplicateCount }, (_, index) => body.readUInt32BE(duplicatesAt + 4 * index));
  return { type, cumulativeTsn: body.readUInt32BE(0), advertisedRwnd: body.readUInt32BE(4), gaps, duplicates };
}

export function readForwardTsn({ type, body }: RawChunk): ForwardTsnChunk | undefined {
  if (body.length < 4) return undefined;
  const streams: number[][] = [];
  for (let at = 4; at + 4 <= body.length; at += 4) streams.push([body.readUInt16BE(at), body.readUInt16BE(at + 2)]);
  return { type, cumulativeTsn: body.readUInt32BE(0), streams };
}
