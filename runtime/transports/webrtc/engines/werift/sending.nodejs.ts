import type { PathUse } from "../engine.ts";
import { DelayWindow, type Mark } from "../../delay-window.ts";
import { chunkHeaderBytes, dataPacket, newPacket, packetHeaderBytes, seal } from "./packets.nodejs.ts";
import { Rack } from "./rack.ts";
import {
  chunkTypes,
  dataFlags,
  isAfter,
  type OutgoingChunk,
  type OutgoingMessage,
  type SackChunk,
  type Sctp,
} from "./sctp.ts";
import { SpuriousLoss, type Before } from "./spurious-loss.ts";

export interface SendingInit {
  /** User data that a packet takes wherever there is a path, in bytes. */
  readonly base: number;
  /** User data that a packet takes on this path now, in bytes. */
  readonly size: () => number;
  /** The SACK chunk that is due, if it has no more bytes than these; to be sent along with data. */
  readonly takeSack: (room: number) => Buffer | undefined;
  /** When large packets seemed to be lost the last time, they were not. */
  readonly wasFalseAlarm: () => boolean;
  /** Large packets seem to be lost: from now on `size` is the base. */
  readonly onBlackHole: () => void;
  readonly use: PathUse;
  /** Seconds that a timeout is doubled up to at most (RFC 9260 section 6.3.3). */
  readonly maxRtoSeconds: number;
}

/** Packets in one go without an answer: the initial window of RFC 6928 and of QUIC (RFC 9002 section 7.2). */
const burstPackets = 10;
/** Packets that may be on their way however slow the path is. */
const leastPackets = 4;

/**
 * Does the sending half of an association again. Messages are cut as the path takes them; a loss is judged by what was sent when, so that
 * a chunk that is lost twice needs no timeout, and the window is given back where nothing was lost; timeouts are doubled; and when large
 * packets stop arriving, what is under way is cut anew: the old chunks are given up with FORWARD TSN (RFC 3758), without giving up the message.
 * @returns false when it has another shape, and is left alone
 */
export function correctSending(sctp: Sctp, init: SendingInit): boolean {
  const usable =
    typeof sctp.send === "function" &&
    typeof sctp.transmitOnce === "function" &&
    typeof sctp.receiveSackChunk === "function" &&
    typeof sctp.timer3Expired === "function" &&
    typeof sctp.timer3Restart === "function" &&
    typeof sctp.onSackReceived === "function" &&
    Array.isArray(sctp.outboundQueue) &&
    Array.isArray(sctp.sentQueue) &&
    typeof sctp.cwnd === "number";
  if (usable) new Sending(sctp, init).begin();
  return usable;
}

class Sending {
  readonly #sctp: Sctp;
  readonly #init: SendingInit;
  readonly #delay: DelayWindow;
  readonly #rack = new Rack();
  readonly #spurious = new SpuriousLoss();
  /** Looks again for what is lost once it has been waited for. */
  #overdue: NodeJS.Timeout | undefined;
  /** Some of what was sent has to go again. */
  #hasLost = false;
  #fastRetransmit = false;
  /** Until then slow start goes on: what a reader granted in the beginning, where werift would end it, may be less than it grants later. */
  #hasEverLost = false;
  /** The other side is to be told that some TSNs will not come. */
  #owesForward = false;
  #order = 0;
  /** Timeouts without an answer between them. */
  #timeouts = 0;

  constructor(sctp: Sctp, init: SendingInit) {
    this.#sctp = sctp;
    this.#init = init;
    this.#delay = new DelayWindow(leastPackets * init.base);
  }

  begin(): void {
    const sctp = this.#sctp;
    sctp.cwnd = burstPackets * this.#init.base;
    sctp.send = (streamId, protocol, bytes, { ordered = true } = {}) => this.#send(streamId, protocol, bytes, ordered);
    sctp.receiveSackChunk = (sack) => this.#onSack(sack);
    sctp.transmitOnce = async () => this.#transmit();
    sctp.timer3Expired = () => this.#onExpiry();
  }

  async #send(streamId: number, protocol: number, bytes: Buffer, isOrdered: boolean): Promise<void> {
    const sctp = this.#sctp;
    const streamSeqNum = isOrdered ? (sctp.outboundStreamSeq[streamId] ?? 0) : 0;
    if (isOrdered) sctp.outboundStreamSeq[streamId] = (streamSeqNum + 1) & 0xffff;
    const sent = new Promise<void>((resolve) => {
      const message = { streamId, streamSeqNum, protocol, isOrdered, bytes, onSent: resolve };
      for (const chunk of this.#cut(message)) sctp.outboundQueue.push(chunk);
    });
    await sctp.transmit();
    await sent;
  }

  /** The message in chunks of about the same size, with the next TSNs. */
  #cut(message: OutgoingMessage): Chunk[] {
    const { bytes } = message;
    const kind = message.isOrdered ? 0 : dataFlags.unordered;
    const count = Math.ceil(bytes.length / this.#init.size());
    const size = Math.ceil(bytes.length / count);
    const chunks: Chunk[] = [];
    for (let index = 0; index < count; index += 1) {
      const place = (index === 0 ? dataFlags.first : 0) | (index === count - 1 ? dataFlags.last : 0);
      chunks.push(new Chunk(message, this.#sctp.localTsn, kind | place, index * size, (index + 1) * size));
      this.#sctp.localTsn = (this.#sctp.localTsn + 1) >>> 0;
    }
    return chunks;
  }

  #transmit(): void {
    const sctp = this.#sctp;
    if (sctp.isStopped) return;
    if (this.#owesForward) this.#sendForward();
    const size = this.#init.size();
    const burst = burstPackets * Math.max(this.#init.base, size >> 2);
    const nowMs = performance.now();
    const window = Math.min(sctp.flightSize + burst, sctp.cwnd, this.#delay.bytesFor(this.#init.use.mayWaitMs, nowMs));
    if (this.#hasLost) this.#retransmit(window);
    while (sctp.flightSize < window) {
      const chunk = sctp.outboundQueue[0];
      if (chunk === undefined || !this.#hasRoom(chunk)) break;
      sctp.outboundQueue.shift();
      sctp.sentQueue.push(chunk);
      // Others may take their time to answer, up to 200 ms; that would look like a loss.
      if (sctp.outboundQueue.length === 0) chunk.flags |= dataFlags.immediate;
      this.#sendData(chunk);
      if ((chunk.flags & dataFlags.last) !== 0) {
        chunk.message.onSent?.();
        chunk.message.onSent = undefined;
      }
    }
    if (sctp.outboundQueue.length > 0) this.#delay.wasFull(nowMs);
    if (sctp.sentQueue.length > 0 && sctp.timer3Handle === undefined) sctp.timer3Start();
    sctp.flush.execute();
  }

  /** The window of the receiver; one chunk may always be on its way, for it brings an answer (RFC 9260 section 6.1). */
  #hasRoom({ bookSize }: OutgoingChunk): boolean {
    const { flightSize, peerAdvertisedRwnd } = this.#sctp;
    return flightSize === 0 || flightSize + bookSize <= peerAdvertisedRwnd;
  }

  #retransmit(window: number): void {
    const sctp = this.#sctp;
    let isFirst = true;
    for (const chunk of sctp.sentQueue) {
      if (!chunk.retransmit) {
        isFirst = false;
        continue;
      }
      // The first of a fast retransmission goes whatever the window is (RFC 9260 section 7.2.4).
      if (sctp.flightSize >= window && !this.#fastRetransmit) return;
      this.#fastRetransmit = false;
      chunk.retransmit = false;
      this.#sendData(chunk);
      this.#spurious.sentAgain(chunk.tsn, chunk.sentMs);
      if (isFirst) sctp.timer3Restart();
      isFirst = false;
    }
    this.#hasLost = false;
  }

  #sendData(chunk: OutgoingChunk): void {
    const sctp = this.#sctp;
    chunk.sentMs = performance.now();
    chunk.mark = this.#delay.sent(sctp.flightSize === 0, chunk.sentMs);
    sctp.flightSize += chunk.bookSize;
    chunk.sentCount += 1;
    this.#order += 1;
    chunk.order = this.#order;
    const sack = this.#init.takeSack(this.#init.size() - chunk.bookSize);
    this.#sendPacket(dataPacket(sctp, chunk, sack));
  }

  #sendPacket(packet: Buffer): void {
    // Without a path it is as if it were lost on it.
    this.#sctp.transport.send(packet).catch(() => undefined);
  }

  async #onSack({ cumulativeTsn, advertisedRwnd, gaps, duplicates }: SackChunk): Promise<void> {
    const sctp = this.#sctp;
    // What was never sent cannot have come.
    if (isAfter(cumulativeTsn, (sctp.localTsn - 1) >>> 0)) return;
    for (const tsn of duplicates) if (this.#spurious.cameTwice(tsn)) this.#noteInVain();
    // Of an answer that was overtaken by others nothing else is new.
    if (isAfter(sctp.lastSackedTsn, cumulativeTsn)) return;
    const wasFull = sctp.flightSize >= sctp.cwnd;
    sctp.lastSackedTsn = cumulativeTsn;
    let count = 0;
    while (count < sctp.sentQueue.length && !isAfter((sctp.sentQueue[count] as OutgoingChunk).tsn, cumulativeTsn))
      count += 1;
    const confirmed = sctp.sentQueue.splice(0, count);
    const news = confirmed.filter(({ acked }) => !acked);
    if (gaps.length > 0) news.push(...this.#confirmBlocks(cumulativeTsn, gaps));
    const bytes = news.reduce((sum, chunk) => sum + (chunk.retransmit || chunk.abandoned ? 0 : chunk.bookSize), 0);
    sctp.flightSize = Math.max(0, sctp.flightSize - bytes);
    const measured = news.findLast(({ sentCount, abandoned }) => sentCount === 1 && !abandoned);
    const nowMs = performance.now();
    for (const chunk of news) this.#noteArrival(chunk, nowMs);
    this.#giveBack(this.#spurious.take());
    if (measured?.mark !== undefined) sctp.updateRto((nowMs - measured.mark.sentMs) / 1000);
    this.#delay.arrived(bytes, measured?.mark, nowMs, this.#init.use.mayWaitMs);
    this.#init.use.rate = this.#delay.rate;
    if (news.length > 0) this.#timeouts = 0;
    this.#adjustWindow(bytes, wasFull, this.#findLost(nowMs));
    if (sctp.sentQueue.length === 0) sctp.timer3Cancel();
    else if (count > 0) sctp.timer3Restart();
    sctp.peerAdvertisedRwnd = advertisedRwnd;
    this.#advance();
    await sctp.onSackReceived();
    await sctp.transmit();
  }

  /** Marks what came although something before it is missing. @returns what is new of it */
  #confirmBlocks(cumulativeTsn: number, gaps: SackChunk["gaps"]): OutgoingChunk[] {
    const news: OutgoingChunk[] = [];
    let at = 0;
    for (const chunk of this.#sctp.sentQueue) {
      const offset = (chunk.tsn - cumulativeTsn) >>> 0;
      while (at < gaps.length && (gaps[at]?.[1] ?? 0) < offset) at += 1;
      const block = gaps[at];
      if (block === undefined) break;
      if (chunk.acked || offset < (block[0] ?? 0)) continue;
      chunk.acked = true;
      news.push(chunk);
    }
    return news;
  }

  #noteArrival(chunk: OutgoingChunk, nowMs: number): void {
    const isInVain = this.#spurious.arrived(chunk, this.#sctp.lastSackedTsn, nowMs, this.#rack.shortestMs);
    this.#rack.arrived(chunk, nowMs);
    // What had been taken for lost was only late.
    if (isInVain || chunk.retransmit) this.#noteInVain();
    chunk.retransmit = false;
  }

  /** A timeout says nothing about the order of packets. */
  #noteInVain(): void {
    const { sentQueue, lastSackedTsn } = this.#sctp;
    if (!this.#spurious.isTimeout) this.#rack.wasInVain(lastSackedTsn, sentQueue.at(-1)?.tsn ?? lastSackedTsn);
  }

  /** Finds what should have come by now. @returns it, to be sent again */
  #findLost(nowMs: number): OutgoingChunk[] {
    const sctp = this.#sctp;
    const srttMs = (sctp.srtt ?? sctp.rto) * 1_000;
    const lost: OutgoingChunk[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const chunk of sctp.sentQueue) {
      if (chunk.acked || chunk.abandoned || chunk.retransmit) continue;
      const ms = this.#rack.lostInMs(chunk, srttMs, nowMs);
      if (ms === undefined) {
        // What follows was sent later still.
        if (chunk.sentCount === 1) break;
      } else if (ms > 0) nextMs = Math.min(nextMs, ms);
      else lost.push(chunk);
    }
    for (const chunk of lost) {
      chunk.retransmit = true;
      sctp.flightSize = Math.max(0, sctp.flightSize - chunk.bookSize);
    }
    clearTimeout(this.#overdue);
    if (nextMs < Number.POSITIVE_INFINITY) this.#overdue = setTimeout(() => this.#onOverdue(), nextMs).unref();
    if (lost.length > 0) this.#hasLost = true;
    if (lost.some(({ sentCount, bookSize }) => sentCount > 1 && bookSize > this.#init.base)) this.#fallBack();
    return lost;
  }

  #onOverdue(): void {
    // As with a timeout, the answers may be there.
    setImmediate(() => {
      if (this.#sctp.isStopped) return;
      this.#adjustWindow(0, false, this.#findLost(performance.now()));
      void this.#sctp.transmit();
    });
  }

  /** RFC 9260 section 7.2; in slow start all that has come counts, as in RFC 9002 section 7.3.1. */
  #adjustWindow(bytes: number, wasFull: boolean, lost: readonly OutgoingChunk[]): void {
    const sctp = this.#sctp;
    const size = this.#init.size();
    const isRecovering = sctp.fastRecoveryExit !== undefined;
    if (!isRecovering && lost.length > 0) {
      this.#reduce(false);
      sctp.cwnd = sctp.ssthresh ?? sctp.cwnd;
      sctp.fastRecoveryExit = sctp.sentQueue.at(-1)?.tsn;
      this.#fastRetransmit = true;
    }
    for (const { tsn } of lost) this.#spurious.takenForLost(tsn);
    if (sctp.fastRecoveryExit !== undefined) {
      if (!isRecovering || isAfter(sctp.fastRecoveryExit, sctp.lastSackedTsn)) return;
      sctp.fastRecoveryExit = undefined;
      this.#rack.recovered();
    } else if (bytes > 0 && wasFull) {
      if (!this.#hasEverLost || sctp.cwnd <= (sctp.ssthresh ?? Infinity)) {
        sctp.cwnd += bytes;
        return;
      }
      sctp.partialBytesAcked += bytes;
      if (sctp.partialBytesAcked < sctp.cwnd) return;
      sctp.partialBytesAcked -= sctp.cwnd;
      sctp.cwnd += size;
    }
  }

  #reduce(isTimeout: boolean): void {
    const sctp = this.#sctp;
    const { cwnd, ssthresh, rto } = sctp;
    this.#spurious.begin(isTimeout, { cwnd, ssthresh, hasEverLost: this.#hasEverLost, ...(isTimeout && { rto }) });
    this.#hasEverLost = true;
    sctp.ssthresh = Math.max(cwnd >> 1, 4 * this.#init.base, this.#init.size());
    sctp.partialBytesAcked = 0;
  }

  /** Nothing was lost: the window and the timeout are what they were (RFC 4015 section 3), and what is on its way has not to go again. */
  #giveBack(before: Before | undefined): void {
    if (before === undefined) return;
    const sctp = this.#sctp;
    sctp.cwnd = Math.max(sctp.cwnd, before.cwnd);
    sctp.ssthresh = before.ssthresh;
    sctp.rto = before.rto ?? sctp.rto;
    sctp.fastRecoveryExit = undefined;
    this.#hasEverLost = before.hasEverLost;
    for (const chunk of sctp.sentQueue) {
      if (!chunk.retransmit) continue;
      chunk.retransmit = false;
      sctp.flightSize += chunk.bookSize;
    }
  }

  /** Where this process was held up, the answers are there and have only not been read; a turn of the event loop reads them. */
  #onExpiry(): void {
    const expired = this.#sctp.timer3Handle;
    setImmediate(() => {
      if (this.#sctp.timer3Handle === expired) this.#onTimeout();
    });
  }

  /** T3-rtx, RFC 9260 section 6.3.3. */
  #onTimeout(): void {
    const sctp = this.#sctp as Sctp & { timer3Handle: unknown };
    if (sctp.isStopped) return;
    sctp.timer3Handle = undefined;
    this.#timeouts += 1;
    // Where timeouts have had other reasons, the answers may only be late after the first.
    const tells = this.#timeouts > 1 || !this.#init.wasFalseAlarm();
    if (tells && sctp.sentQueue.some((chunk) => !chunk.acked && chunk.bookSize > this.#init.base)) this.#fallBack();
    for (const chunk of sctp.sentQueue) {
      // What came out of order may have been forgotten again by a receiver in need; that shows when nothing else helps.
      if (chunk.acked && this.#timeouts < 2) continue;
      chunk.acked = false;
      if (!chunk.abandoned) chunk.retransmit = true;
    }
    this.#hasLost = true;
    sctp.fastRecoveryExit = undefined;
    sctp.flightSize = 0;
    // One that follows on another is one with it.
    if (this.#timeouts === 1 || !this.#spurious.isTimeout) this.#reduce(true);
    sctp.rto = Math.min(sctp.rto * 2, Math.max(this.#init.maxRtoSeconds, sctp.rto));
    for (const { tsn, retransmit } of sctp.sentQueue) if (retransmit) this.#spurious.takenForLost(tsn);
    sctp.cwnd = this.#init.size();
    this.#advance();
    void sctp.transmit();
  }

  /** Small packets from now on, also for what was sent in large ones. */
  #fallBack(): void {
    this.#init.onBlackHole();
    // Only who announces PAD is known to keep messages that are whole when a FORWARD TSN passes them.
    if (!this.#sctp.remoteExtensions.includes(chunkTypes.pad)) return;
    const sctp = this.#sctp;
    const waiting = sctp.outboundQueue.splice(0);
    const [next] = waiting;
    if (next !== undefined) sctp.localTsn = next.tsn;
    const again = new Set<OutgoingMessage>();
    for (const { message, acked, abandoned, bookSize } of sctp.sentQueue) {
      if (!acked && !abandoned && bookSize > this.#init.base) again.add(message);
    }
    for (const chunk of sctp.sentQueue) {
      if (!again.has(chunk.message) || chunk.abandoned) continue;
      if (!chunk.acked && !chunk.retransmit) sctp.flightSize = Math.max(0, sctp.flightSize - chunk.bookSize);
      chunk.abandoned = true;
      chunk.retransmit = false;
    }
    // A message of which nothing was sent yet is cut anew as well; one of which some was goes as it is.
    const sent = new Set(sctp.sentQueue.map(({ message }) => message));
    const begun = waiting.filter(({ message }) => sent.has(message) && !again.has(message));
    for (const chunk of begun) {
      sctp.outboundQueue.push(chunk);
      sctp.localTsn = (chunk.tsn + 1) >>> 0;
    }
    const whole = new Set(waiting.filter(({ message }) => !sent.has(message)).map(({ message }) => message));
    for (const message of [...again, ...whole]) sctp.outboundQueue.push(...this.#cut(message));
  }

  /** The point up to which the other side is to wait for nothing (RFC 3758 section 3.5). */
  #advance(): void {
    const sctp = this.#sctp;
    if (isAfter(sctp.lastSackedTsn, sctp.advancedPeerAckTsn)) sctp.advancedPeerAckTsn = sctp.lastSackedTsn;
    if (sctp.sentQueue.every(({ abandoned }) => !abandoned)) {
      this.#owesForward = isAfter(sctp.advancedPeerAckTsn, sctp.lastSackedTsn);
      return;
    }
    for (let [head] = sctp.sentQueue; head !== undefined && isDone(head); [head] = sctp.sentQueue) {
      sctp.advancedPeerAckTsn = head.tsn;
      sctp.sentQueue.shift();
    }
    this.#owesForward = isAfter(sctp.advancedPeerAckTsn, sctp.lastSackedTsn);
  }

  /** Names no stream: all messages come, some by other TSNs. */
  #sendForward(): void {
    const sctp = this.#sctp;
    this.#owesForward = false;
    const packet = newPacket(sctp, chunkTypes.forwardTsn, 0, 4);
    packet.writeUInt32BE(sctp.advancedPeerAckTsn, packetHeaderBytes + chunkHeaderBytes);
    this.#sendPacket(seal(packet));
    if (sctp.timer3Handle === undefined) sctp.timer3Start();
  }
}

/** Nothing is lost when the other side waits for it no more. Parts of a message that has not come as a whole would be. */
function isDone({ abandoned, acked, flags }: OutgoingChunk): boolean {
  const isWhole = (flags & dataFlags.first) !== 0 && (flags & dataFlags.last) !== 0;
  return abandoned || (acked && isWhole);
}

class Chunk implements OutgoingChunk {
  readonly type = chunkTypes.data;
  acked = false;
  abandoned = false;
  retransmit = false;
  sentCount = 0;
  mark: Mark | undefined;
  order = 0;
  sentMs = 0;
  readonly message: OutgoingMessage;
  readonly tsn: number;
  flags: number;
  readonly userData: Buffer;

  constructor(message: OutgoingMessage, tsn: number, flags: number, from: number, until: number) {
    this.message = message;
    this.tsn = tsn;
    this.flags = flags;
    this.userData = message.bytes.subarray(from, until);
  }

  get bookSize(): number {
    return this.userData.length;
  }

  get streamId(): number {
    return this.message.streamId;
  }

  get streamSeqNum(): number {
    return this.message.streamSeqNum;
  }

  get protocol(): number {
    return this.message.protocol;
  }
}
