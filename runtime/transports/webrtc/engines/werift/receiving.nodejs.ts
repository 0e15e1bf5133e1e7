import {
  packetHeaderBytes,
  packetOf,
  packetWith,
  readData,
  readForwardTsn,
  readPacket,
  readSack,
  type RawChunk,
} from "./packets.nodejs.ts";
import { Reassembly } from "./reassembly.ts";
import { ReceiverWindow } from "./receiver-window.ts";
import { chunkTypes, isAfter, type DataChunk, type ForwardTsnChunk, type Sctp } from "./sctp.ts";

/** Chunks that werift knows; of any other it throws, where nobody catches it, and the process ends. */
const known: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 130, 192]);
/** Those that are read here. */
const readHere: ReadonlySet<number> = new Set([
  chunkTypes.data,
  chunkTypes.sack,
  chunkTypes.heartbeatAck,
  chunkTypes.forwardTsn,
]);
/** The two highest bits of a type tell what to do with a chunk that is not known (RFC 9260 section 3.2): this one means to go on. */
const skipBit = 0x80;

/** The parameter of INIT that lists chunk types, RFC 5061 section 4.2.7. */
const supportedExtensions = 0x8008;

/** Packets of data that may go unanswered while others come in the same turn. A sender that waits for one hears of it sooner. */
const mostPerSack = 8;
const sackHeaderBytes = 16;
/** Of each kind, so that a SACK fits everywhere. */
const mostBlocks = 128;
const mostDuplicates = 64;

/**
 * Does the receiving half of an association again: chunks that are not known are passed over, TSNs are numbers (werift sorts them as
 * text), packets that come together are answered together, and messages that were cut anew find their place.
 * @param windowBytes that it lets be under way in the beginning
 * @param onHeartbeatAck told what a HEARTBEAT ACK says (RFC 9260 section 3.3.6)
 * @returns undefined when it has another shape, and is left alone
 */
export function correctReceiving(
  sctp: Sctp,
  windowBytes: number,
  onHeartbeatAck: (body: Buffer) => void,
): Receiving | undefined {
  const usable =
    typeof sctp.handleData === "function" &&
    typeof sctp.receiveDataChunk === "function" &&
    typeof sctp.getInboundStream === "function" &&
    typeof sctp.receive === "function" &&
    typeof sctp.sendSack === "function" &&
    typeof sctp.setExtensions === "function" &&
    typeof sctp.inboundStreams === "object" &&
    sctp.sackMisOrdered instanceof Set &&
    Array.isArray(sctp.sackDuplicates);
  if (!usable) return undefined;
  const receiving = new Receiving(sctp, windowBytes, onHeartbeatAck);
  receiving.begin();
  return receiving;
}

class Receiving {
  readonly #sctp: Sctp;
  readonly #window: ReceiverWindow;
  readonly #onHeartbeatAck: (body: Buffer) => void;
  /** Werift's own, for what is not read here. */
  readonly #handle: (data: Buffer) => Promise<void>;
  readonly #extend: (params: [number, Buffer][]) => void;
  readonly #streams = new Map<number, Reassembly>();
  #isDue = false;
  /** Those that have come and were not read yet, oldest first. */
  readonly #sacks: RawChunk[] = [];
  #unanswered = 0;

  constructor(sctp: Sctp, windowBytes: number, onHeartbeatAck: (body: Buffer) => void) {
    this.#sctp = sctp;
    this.#window = new ReceiverWindow(windowBytes);
    this.#onHeartbeatAck = onHeartbeatAck;
    this.#handle = sctp.handleData.bind(sctp);
    this.#extend = sctp.setExtensions.bind(sctp);
  }

  begin(): void {
    const sctp = this.#sctp;
    sctp.handleData = (data) => this.#onPacket(data);
    sctp.receiveDataChunk = (chunk) => this.#onData(chunk);
    sctp.receiveForwardTsnChunk = (chunk) => this.#onForwardTsn(chunk);
    sctp.markReceived = (tsn) => this.#mark(tsn);
    sctp.getInboundStream = (id) => this.#stream(id);
    sctp.scheduleSack = async () => this.#scheduleSack();
    sctp.sendSack = () => this.#sendSack();
    sctp.setExtensions = (params) => {
      this.#extend(params);
      // A peer that knows PAD passes over what it does not know; one that does not may be a werift that ends at it.
      for (const param of params) {
        if (param[0] === supportedExtensions) param[1] = Buffer.from([...param[1], chunkTypes.pad]);
      }
    };
  }

  async #onPacket(data: Buffer): Promise<void> {
    const sctp = this.#sctp;
    if (sctp.isStopped) return;
    const chunks = readPacket(data, sctp.localVerificationTag);
    if (chunks?.every(({ type }) => readHere.has(type)) === true) {
      const hasData = chunks.some(({ type }) => type === chunkTypes.data);
      for (const chunk of chunks) {
        if (hasData && chunk.type === chunkTypes.sack) this.#sackLater(chunk);
        else this.#onChunk(chunk);
      }
      if (sctp.sackNeeded) this.#scheduleSack();
      return;
    }
    // An INIT has no tag. What werift cannot read is not for it.
    const rest = chunks === undefined ? data : packetOf(data, readable(chunks));
    if (rest.length > packetHeaderBytes) await this.#handle(rest).catch(() => undefined);
  }

  #onChunk(chunk: RawChunk): void {
    if (chunk.type === chunkTypes.data) {
      const data = readData(chunk);
      if (data !== undefined) this.#onData(data);
    } else if (chunk.type === chunkTypes.sack) {
      this.#sacks.push(chunk);
      this.#readSacks();
    } else if (chunk.type === chunkTypes.heartbeatAck) {
      this.#onHeartbeatAck(chunk.body);
    } else {
      const forward = readForwardTsn(chunk);
      if (forward !== undefined) this.#onForwardTsn(forward);
    }
  }

  /** An answer that comes with data can wait until what the data brings about has been done: somebody may wait for that. */
  #sackLater(chunk: RawChunk): void {
    if (this.#sacks.push(chunk) > 1) return;
    setImmediate(() => this.#readSacks());
  }

  #readSacks(): void {
    const chunks = this.#sacks.splice(0);
    // What ended meanwhile must start no timer again.
    if (this.#sctp.isStopped) return;
    for (const chunk of chunks) {
      const sack = readSack(chunk);
      if (sack !== undefined) void this.#sctp.receiveSackChunk(sack);
    }
  }

  #onData(chunk: DataChunk): void {
    const sctp = this.#sctp;
    sctp.sackNeeded = true;
    // A sender that does not keep to the window fills no memory; what everything waits for is taken all the same.
    if (sctp.advertisedRwnd <= 0 && chunk.tsn !== (sctp.lastReceivedTsn + 1) >>> 0) return;
    if (this.#mark(chunk.tsn)) return;
    const stream = this.#stream(chunk.streamId);
    if (!stream.addChunk(chunk)) return;
    const { length } = chunk.userData;
    sctp.advertisedRwnd += this.#window.arrived(length, (sctp.srtt ?? 0) * 1_000, performance.now()) - length;
    this.#deliver(stream);
  }

  #deliver(stream: Reassembly): void {
    const sctp = this.#sctp;
    for (const [id, protocol, bytes] of stream.popMessages()) {
      sctp.advertisedRwnd += bytes.length;
      sctp.receive(id, protocol, bytes);
    }
  }

  #stream(id: number): Reassembly {
    // Werift forgets the streams of channels that were closed.
    const held = this.#streams.get(id);
    if (held !== undefined && this.#sctp.inboundStreams[id] === held) return held;
    const made = new Reassembly();
    this.#streams.set(id, made);
    this.#sctp.inboundStreams[id] = made;
    return made;
  }

  /** Notes a TSN as received; true when it had come before. */
  #mark(tsn: number): boolean {
    const sctp = this.#sctp;
    const early = sctp.sackMisOrdered;
    if (!isAfter(tsn, sctp.lastReceivedTsn) || early.has(tsn)) {
      // Duplicates only inform the sender; RFC 9260 section 3.3.4 lets the list be short.
      if (sctp.sackDuplicates.length < mostDuplicates) sctp.sackDuplicates.push(tsn);
      return true;
    }
    early.add(tsn);
    this.#advance(sctp.lastReceivedTsn);
    return false;
  }

  /** The last TSN up to which all have come, from one up to which they have. */
  #advance(from: number): void {
    const early = this.#sctp.sackMisOrdered;
    let last = from;
    for (let next = (last + 1) >>> 0; early.delete(next); next = (next + 1) >>> 0) last = next;
    this.#sctp.lastReceivedTsn = last;
  }

  /** Some will not come (RFC 3758 section 3.6). Messages that are whole stay: those before them may come by other TSNs. */
  #onForwardTsn({ cumulativeTsn, streams }: ForwardTsnChunk): void {
    const sctp = this.#sctp;
    sctp.sackNeeded = true;
    if (!isAfter(cumulativeTsn, sctp.lastReceivedTsn)) return;
    for (const tsn of sctp.sackMisOrdered) if (!isAfter(tsn, cumulativeTsn)) sctp.sackMisOrdered.delete(tsn);
    this.#advance(cumulativeTsn);
    for (const [id = 0, streamSeqNum = 0] of streams) {
      const stream = this.#stream(id);
      sctp.advertisedRwnd += stream.skip(streamSeqNum);
      this.#deliver(stream);
    }
    for (const stream of this.#streams.values()) sctp.advertisedRwnd += stream.prune(cumulativeTsn);
  }

  #scheduleSack(): void {
    this.#unanswered += 1;
    if (this.#unanswered >= mostPerSack) {
      void this.#sendSack();
      return;
    }
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      void this.#sendSack();
    });
  }

  async #sendSack(): Promise<void> {
    const sack = this.takeSack(Infinity);
    // Without a path there is nobody to tell.
    if (sack !== undefined) await this.#sctp.transport.send(packetWith(this.#sctp, sack)).catch(() => undefined);
  }

  /** The SACK chunk that is due, if it has no more bytes than there is room for. Whoever takes it sends it. */
  takeSack(room: number): Buffer | undefined {
    const sctp = this.#sctp;
    if (!sctp.sackNeeded || sctp.isStopped || sctp.remotePort === undefined) return undefined;
    const gaps = this.#gapBlocks();
    const duplicates = sctp.sackDuplicates;
    const length = sackHeaderBytes + 4 * (gaps.length + duplicates.length);
    if (length > room) return undefined;
    sctp.sackDuplicates = [];
    sctp.sackNeeded = false;
    this.#unanswered = 0;
    const chunk = Buffer.allocUnsafe(length);
    let at = chunk.writeUInt8(chunkTypes.sack, 0);
    at = chunk.writeUInt8(0, at);
    at = chunk.writeUInt16BE(length, at);
    at = chunk.writeUInt32BE(sctp.lastReceivedTsn, at);
    at = chunk.writeUInt32BE(Math.max(0, sctp.advertisedRwnd), at);
    at = chunk.writeUInt16BE(gaps.length, at);
    at = chunk.writeUInt16BE(duplicates.length, at);
    for (const [first, last] of gaps) at = chunk.writeUInt16BE(last, chunk.writeUInt16BE(first, at));
    for (const tsn of duplicates) at = chunk.writeUInt32BE(tsn, at);
    return chunk;
  }

  /** Gap ack blocks as offsets from the last TSN received in order. */
  #gapBlocks(): [first: number, last: number][] {
    const { sackMisOrdered, lastReceivedTsn } = this.#sctp;
    if (sackMisOrdered.size === 0) return [];
    const offsets = [...sackMisOrdered].map((tsn) => (tsn - lastReceivedTsn) >>> 0).toSorted((a, b) => a - b);
    const blocks: [number, number][] = [];
    for (const offset of offsets) {
      const open = blocks.at(-1);
      if (offset > 0xffff) break;
      if (open !== undefined && open[1] === offset - 1) open[1] = offset;
      else if (blocks.length === mostBlocks) break;
      else blocks.push([offset, offset]);
    }
    return blocks;
  }
}

/** Those that werift can be given. */
function readable(chunks: readonly RawChunk[]): RawChunk[] {
  const end = chunks.findIndex(({ type }) => !known.has(type) && (type & skipBit) === 0);
  return (end === -1 ? chunks : chunks.slice(0, end)).filter(({ type }) => known.has(type));
}
