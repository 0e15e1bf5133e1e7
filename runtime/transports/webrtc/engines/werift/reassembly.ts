import { dataFlags, isAfter, type DataChunk, type InboundStream } from "./sctp.ts";

type Message = [stream: number, protocol: number, bytes: Buffer];

/**
 * The messages of a stream from their chunks (RFC 9260 sections 6.5, 6.6 and 6.9). Ordered messages are held by their own numbers:
 * one that its sender has cut anew, and sends again under later TSNs, takes its place among those that were there before it.
 */
export class Reassembly implements InboundStream {
  /** Number of the ordered message whose turn it is, 16 bits. */
  streamSequenceNumber = 0;
  /** Chunks of each ordered message, by TSN. */
  readonly #ordered = new Map<number, DataChunk[]>();
  /** Those of unordered ones, by TSN. */
  readonly #unordered: DataChunk[] = [];
  #ready: Message[] = [];

  /** @returns false for one of a message that was there before, or was given up: it is not held */
  addChunk(chunk: DataChunk): boolean {
    if ((chunk.flags & dataFlags.unordered) !== 0) {
      insert(this.#unordered, chunk);
      const message = takeWhole(this.#unordered);
      if (message !== undefined) this.#ready.push(message);
      return true;
    }
    if (isBefore(chunk.streamSeqNum, this.streamSequenceNumber)) return false;
    const held = this.#ordered.get(chunk.streamSeqNum);
    if (held === undefined) this.#ordered.set(chunk.streamSeqNum, [chunk]);
    else insert(held, chunk);
    return true;
  }

  popMessages(): Message[] {
    const ready = this.#ready;
    this.#ready = [];
    for (;;) {
      const held = this.#ordered.get(this.streamSequenceNumber);
      const message = held === undefined ? undefined : takeWhole(held);
      if (message === undefined) return ready;
      this.#ordered.delete(this.streamSequenceNumber);
      this.streamSequenceNumber = (this.streamSequenceNumber + 1) & 0xffff;
      ready.push(message);
    }
  }

  /** Ordered messages up to this one come now or not at all (RFC 3758 section 3.6). @returns bytes that are held no more */
  skip(streamSeqNum: number): number {
    const next = (streamSeqNum + 1) & 0xffff;
    const due = [...this.#ordered].filter(([number]) => isBefore(number, next));
    let freed = 0;
    for (const [number, chunks] of due.toSorted(([a], [b]) => (isBefore(a, b) ? -1 : 1))) {
      const message = takeWhole(chunks);
      if (message !== undefined) this.#ready.push(message);
      freed += sizeOf(chunks);
      this.#ordered.delete(number);
    }
    if (isBefore(this.streamSequenceNumber, next)) this.streamSequenceNumber = next;
    return freed;
  }

  /** No more chunks come up to this TSN: what of them is no whole message goes. @returns bytes that are held no more */
  prune(tsn: number): number {
    let freed = 0;
    for (const [number, chunks] of this.#ordered) {
      if (findWhole(chunks) !== undefined) continue;
      freed += dropUpTo(chunks, tsn);
      if (chunks.length === 0) this.#ordered.delete(number);
    }
    return freed + dropUpTo(this.#unordered, tsn);
  }
}

/** In serial number arithmetic with 16 bits. */
function isBefore(a: number, b: number): boolean {
  return ((a - b) & 0xffff) >= 0x8000;
}

function insert(chunks: DataChunk[], chunk: DataChunk): void {
  let at = chunks.length;
  while (at > 0 && isAfter((chunks[at - 1] as DataChunk).tsn, chunk.tsn)) at -= 1;
  if (at === chunks.length) chunks.push(chunk);
  else chunks.splice(at, 0, chunk);
}

/** Where a whole message begins and ends: from a first to a last chunk without a gap. */
function findWhole(chunks: readonly DataChunk[]): readonly [from: number, until: number] | undefined {
  let from: number | undefined;
  for (const [index, { flags, tsn }] of chunks.entries()) {
    if ((flags & dataFlags.first) !== 0) from = index;
    else if (from !== undefined && tsn !== ((chunks[index - 1] as DataChunk).tsn + 1) >>> 0) from = undefined;
    if (from !== undefined && (flags & dataFlags.last) !== 0) return [from, index + 1];
  }
  return undefined;
}

function takeWhole(chunks: DataChunk[]): Message | undefined {
  const found = findWhole(chunks);
  if (found === undefined) return undefined;
  const [from, until] = found;
  const whole = chunks.splice(from, until - from);
  const [first] = whole as [DataChunk];
  const bytes = whole.length === 1 ? first.userData : Buffer.concat(whole.map(({ userData }) => userData));
  return [first.streamId, first.protocol, bytes];
}

function dropUpTo(chunks: DataChunk[], tsn: number): number {
  let count = 0;
  while (count < chunks.length && !isAfter((chunks[count] as DataChunk).tsn, tsn)) count += 1;
  return sizeOf(chunks.splice(0, count));
}

function sizeOf(chunks: readonly DataChunk[]): number {
  return chunks.reduce((sum, { userData }) => sum + userData.length, 0);
}
