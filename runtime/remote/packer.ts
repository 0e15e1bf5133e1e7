import {
  encodedBytes,
  encodeEnd,
  encodePart,
  partHeaderBytes,
  partsOf,
  payloadBytes,
  recordBytes,
  recordFrames,
  recordOfParts,
  writeFrame,
  writeParts,
  type EncodableFrame,
  type Parts,
} from "./frame-codec.ts";
import type { Channel } from "../interface/transport.ts";
import { leastPacked, packedShare, type Window } from "./limits.ts";

/** Bytes in front of each message, in its buffer, that are left to the channel for what it puts there. */
export const roomBytes = 8;

/** What is worth keeping for another batch, in bytes: for less, memory is made as fast as it is found. */
const leastFreeBytes = 4 * 1024;
/**
 * Small messages are slices of memory for many, which is there as long as one of them is kept: memory of their own would cost more than all else of them.
 * In bytes.
 */
const sliceBytes = 512;
const slabBytes = 8 * 1024;

/** Whatever window a reader grants. */
const mostFreeBytes = 4 * 1024 * 1024;

/**
 * The largest message of several frames, in bytes: their reader copies each into memory of its own, and in larger ones that costs more than the
 * messages that it saves. A frame alone may have a larger one.
 */
const mostJointBytes = 130 * 1024;

/** Records one behind another, as many as a message takes; or one frame alone, however large. */
export interface Batch {
  /** `roomBytes` that are free, the records, and what is free behind them. */
  bytes: Uint8Array;
  view: DataView;
  /** Where the records end. */
  end: number;
  /** Of a frame that stands there as the messages that it goes in, each with `roomBytes` in front. */
  parts?: Parts | undefined;
  frames: number;
}

/**
 * What a stream has to say while its channel has no room: as many whole frames to a message as fit, and large ones in
 * parts. An engine takes as long for a small message as for a large one, so those that have to wait anyway go together,
 * and they are written where they will be sent from.
 */
export class Packer {
  /** The largest message, and how many frames wait at most; both may be changed while some wait. */
  messageBytes: number;
  maxFrames: number;
  readonly #batches: Batch[] = [];
  #frames = 0;
  #bytes = 0;
  /** Of the first batch: where the next record begins, and how much of its payload has gone in parts. */
  #at = roomBytes;
  #sent = 0;
  /** The last batch takes no more. */
  #sealed = true;
  /** Of the messages before: the next one may well be as large as those. */
  #before = 0;
  /** Memory that is free again. */
  readonly #free: Uint8Array[] = [];
  #freeBytes = 0;
  /** Of which small messages have slices. */
  #slab: Uint8Array = new Uint8Array(0);
  #slabAt = 0;

  constructor(messageBytes: number, maxFrames: number) {
    this.messageBytes = messageBytes;
    this.maxFrames = maxFrames;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** False while a message full of frames waits. */
  get hasRoom(): boolean {
    return this.#frames < this.maxFrames && this.#bytes < this.messageBytes;
  }

  /** What waits is one message with room for another frame like those in it. */
  get mayGrow(): boolean {
    const [first] = this.#batches;
    if (first === undefined || this.#batches.length > 1 || this.#sealed || this.#at > roomBytes || !this.hasRoom)
      return false;
    const size = (first.end - roomBytes) / first.frames;
    return first.end + size <= this.#jointEnd;
  }

  /** Where a message of several frames ends at most. */
  get #jointEnd(): number {
    return roomBytes + Math.min(this.messageBytes, mostJointBytes);
  }

  /** @returns where the frame was put: with others that may be there already, and that may follow */
  add(frame: EncodableFrame): Batch {
    const size = encodedBytes(frame);
    const batch = size > this.messageBytes ? this.#inParts(frame, size) : this.#batchFor(size);
    if (batch.parts === undefined) writeFrame(batch.view, batch.bytes, batch.end - size, frame);
    batch.frames += 1;
    this.#frames += 1;
    return batch;
  }

  /** Takes the record of a frame that was sent before. */
  addAgain(record: Uint8Array): Batch {
    const batch = this.#batchFor(record.length);
    batch.bytes.set(record, batch.end - record.length);
    batch.frames += 1;
    this.#frames += 1;
    return batch;
  }

  /** A record that is no frame and need not be kept. */
  record(bytes: Uint8Array): void {
    const batch = this.#batchFor(bytes.length);
    batch.bytes.set(bytes, batch.end - bytes.length);
  }

  /** @param position number that the next frame would have had */
  end(position: number): void {
    this.record(encodeEnd(position));
  }

  /** What is added from now on does not stand in a batch that was given out before. */
  seal(): void {
    this.#sealed = true;
  }

  /** The next message, with `roomBytes` that are free in front of it; undefined when nothing waits. */
  take(): Uint8Array | undefined {
    const [first] = this.#batches;
    if (first === undefined) return undefined;
    if (first.parts !== undefined) {
      const message = this.#nextPart(first, first.parts);
      if (message !== undefined) return message;
    }
    if (this.#at > roomBytes || this.#sent > 0 || first.end - roomBytes > this.messageBytes) return this.#cut(first);
    this.#drop(first);
    this.#bytes -= first.end - roomBytes;
    // A burst is told by its largest messages, and forgotten when there have been small ones for a while.
    this.#before = Math.max(first.end, this.#before - (this.#before >> 3));
    return first.bytes.subarray(roomBytes, first.end);
  }

  /**
   * Of a batch that has been read, and that nobody will send again: its memory is there for another.
   * @param most bytes of all such memory: with what is under way as much as may be. Less, and each credit for some large frames gives memory
   * away that the next ones need; V8 looks through the whole heap as often as so much has been made anew.
   */
  reuse({ bytes }: Batch, most: number): void {
    if (bytes.length < leastFreeBytes || this.#freeBytes + bytes.length > Math.min(most, mostFreeBytes)) return;
    this.#free.push(bytes);
    this.#freeBytes += bytes.length;
  }

  clear(): void {
    this.#batches.length = 0;
    this.#frames = 0;
    this.#bytes = 0;
    this.#at = roomBytes;
    this.#sent = 0;
    this.#sealed = true;
  }

  /** A batch whose last `size` bytes are to be written. */
  #batchFor(size: number): Batch {
    this.#bytes += size;
    const last = this.#sealed ? undefined : this.#batches[this.#batches.length - 1];
    if (last !== undefined && last.end + size <= this.#jointEnd) {
      last.end += size;
      if (last.end > last.bytes.length) this.#grow(last, Math.min(this.#jointEnd, last.end * 4));
      return last;
    }
    const end = roomBytes + size;
    // What goes in parts stands alone.
    return this.#begun(end, Math.min(this.#before, this.#jointEnd), size > this.messageBytes);
  }

  /** A frame that is written as the messages that it will go in, so that it is copied once. */
  #inParts(frame: EncodableFrame, size: number): Batch {
    this.#bytes += size;
    const parts = partsOf(frame, this.messageBytes, roomBytes);
    const batch = this.#begun(parts.bytes, 0, true);
    batch.parts = parts;
    writeParts(batch.view, batch.bytes, frame, parts, roomBytes);
    return batch;
  }

  /** A batch of its own. @param least how much memory it should have */
  #begun(end: number, least: number, sealed: boolean): Batch {
    const bytes = this.#memory(Math.max(end, least));
    const batch: Batch = { bytes, view: viewOf(bytes), end, frames: 0 };
    this.#batches.push(batch);
    this.#sealed = sealed;
    return batch;
  }

  /** The next message of a frame that stands in parts; undefined when messages have become smaller, and it stands as a record now. */
  #nextPart(batch: Batch, { first, further, payloadStart }: Parts): Uint8Array | undefined {
    const from = this.#at;
    const isFirst = this.#sent === 0;
    const end = Math.min(batch.end, from + (isFirst ? payloadStart + first : partHeaderBytes + further));
    if (end - from > this.messageBytes) {
      toRecord(batch);
      this.#at = roomBytes;
      return undefined;
    }
    const payload = end - from - (isFirst ? payloadStart : partHeaderBytes);
    const isLast = end === batch.end;
    this.#bytes -= payload + (isLast ? payloadStart : 0);
    this.#sent += payload;
    this.#at = end + roomBytes;
    if (isLast) {
      this.#sent = 0;
      this.#drop(batch);
    }
    return batch.bytes.subarray(from, end);
  }

  #memory(size: number): Uint8Array {
    if (size <= sliceBytes) return this.#slice(size);
    const free = this.#free;
    const fitting = free.findLastIndex(({ length }) => length >= size && length <= 2 * size);
    // Where none fits, one is let go of: sizes have changed, and those of before would take the place of others for ever.
    const [found] = free.splice(fitting, 1);
    if (found !== undefined) this.#freeBytes -= found.length;
    return fitting >= 0 && found !== undefined ? found : new Uint8Array(roomFor(size));
  }

  #slice(size: number): Uint8Array {
    if (this.#slab.length - this.#slabAt < size) {
      this.#slab = new Uint8Array(slabBytes);
      this.#slabAt = 0;
    }
    const at = this.#slabAt;
    // Each begins where it would in memory of its own.
    this.#slabAt += (size + 7) & ~7;
    return this.#slab.subarray(at, at + size);
  }

  #grow(batch: Batch, size: number): void {
    const before = batch.bytes;
    batch.bytes = this.#memory(size);
    batch.bytes.set(before);
    batch.view = viewOf(batch.bytes);
    if (before.length <= sliceBytes) return;
    this.#free.push(before);
    this.#freeBytes += before.length;
  }

  /** A message from a batch that is larger than one: those of its records that fit, or a part of one that never does. */
  #cut(batch: Batch): Uint8Array {
    const from = this.#at;
    if (this.#sent === 0) {
      let end = from;
      for (let next = end; end < batch.end; end = next) {
        next += recordBytes(batch.view, end);
        if (next - from > this.messageBytes) break;
      }
      if (end > from) {
        const message = withRoom(batch.bytes.subarray(from, end));
        this.#advance(batch, end, end - from);
        return message;
      }
    }
    const end = from + recordBytes(batch.view, from);
    const part = encodePart(batch.bytes.subarray(from, end), this.#sent, this.messageBytes, roomBytes);
    const payload = payloadBytes(batch.view, from);
    const done = part.sent === payload;
    this.#advance(batch, done ? end : from, part.sent - this.#sent + (done ? end - from - payload : 0));
    this.#sent = done ? 0 : part.sent;
    return part.message;
  }

  /** @param taken bytes that wait no more */
  #advance(batch: Batch, at: number, taken: number): void {
    this.#bytes -= taken;
    this.#at = at;
    // What follows must not move the records that are being sent.
    if (batch === this.#batches[this.#batches.length - 1]) this.#sealed = true;
    if (at === batch.end) this.#drop(batch);
  }

  /** The first has been sent. */
  #drop(batch: Batch): void {
    this.#batches.shift();
    this.#frames -= batch.frames;
    this.#at = roomBytes;
    if (this.#batches.length === 0) this.#sealed = true;
  }
}

/** The frames of batches as records, one by one. */
export function* framesOf(batches: readonly Batch[]): Generator<Uint8Array> {
  for (const { bytes, view, end, parts } of batches) {
    if (parts !== undefined) {
      yield recordOfParts(bytes, parts, roomBytes);
      continue;
    }
    for (let at = roomBytes; at < end;) {
      const next = at + recordBytes(view, at);
      if (recordFrames(view, at) === 1) yield bytes.subarray(at, next);
      at = next;
    }
  }
}

/** At most a quarter more, so that messages that are not quite alike can use the same memory. */
function roomFor(size: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(size)) - 2);
  return Math.ceil(size / step) * step;
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

function toRecord(batch: Batch): void {
  const record = withRoom(recordOfParts(batch.bytes, batch.parts as Parts, roomBytes));
  batch.bytes = new Uint8Array(record.buffer);
  batch.view = new DataView(batch.bytes.buffer);
  batch.end = batch.bytes.length;
  batch.parts = undefined;
}

function withRoom(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(roomBytes + message.length);
  bytes.set(message, roomBytes);
  return bytes.subarray(roomBytes);
}

/** The largest message that a channel would have now. */
export function messageBytesOf({ messageBytes, maxMessageBytes }: Channel): number {
  return messageBytes ?? maxMessageBytes;
}

/** How many frames of a stream with that window wait at most. */
export function packedFrames({ frames }: Window): number {
  return Math.max(leastPacked, Math.floor(frames * packedShare));
}
