import { fieldOf } from "./fields.nodejs.ts";

/** SCTP's SACK chunk, RFC 9260 section 3.3.4. */
const sackType = 3;
/** Where TSNs of 10 digits begin and, on the sender's side, the first one that a connection may take. */
const tsnRange = { first: 1_000_000_000, span: 1_000_000_000 } as const;

/** The part of werift's SCTP that is corrected here. It publishes none of this, so what is used is looked for first. */
export interface Sctp {
  advertisedRwnd: number;
  rto: number;
  srtt?: number;
  rttvar?: number;
  localTsn: number;
  lastSackedTsn: number;
  advancedPeerAckTsn: number;
  reconfigRequestSeq: number;
  lastReceivedTsn: number;
  sackMisOrdered: Set<number>;
  sackDuplicates: number[];
  updateRto(seconds: number): void;
  markReceived(tsn: number): boolean;
  sendChunk(chunk: { readonly type: number; gaps?: number[][] } | undefined): Promise<void>;
  stop(): Promise<void>;
}

/** Only before the association starts: later, the field holds what is left of the window. */
export function setWindow(sctp: Sctp, bytes: number): boolean {
  if (typeof sctp.advertisedRwnd !== "number" || !isNew(sctp)) return false;
  sctp.advertisedRwnd = bytes;
  return true;
}

function isNew(sctp: Sctp): boolean {
  return fieldOf(sctp, "state") === "new";
}

export function setRtoFloor(sctp: Sctp, seconds: number): boolean {
  if (typeof sctp.updateRto !== "function" || typeof sctp.rto !== "number") return false;
  const update = sctp.updateRto.bind(sctp);
  // RFC 9260 section 16 recommends 1 s before the first measurement; werift waits 3 s.
  sctp.rto = Math.min(sctp.rto, 1);
  sctp.updateRto = (sample) => {
    update(sample);
    if (sctp.srtt === undefined || sctp.rttvar === undefined) return;
    sctp.rto = Math.max(seconds, Math.min(sctp.srtt + 4 * sctp.rttvar, 60));
  };
  return true;
}

/**
 * Werift sorts TSNs as text, so that a gap stalls where numbers grow a digit (10⁹) or wrap (2³²). The receiving side is
 * done again here with numbers; and our own TSNs start where text and numbers sort alike, for an uncorrected receiver.
 */
export function setTsnOrder(sctp: Sctp): boolean {
  const usable =
    typeof sctp.markReceived === "function" &&
    typeof sctp.sendChunk === "function" &&
    sctp.sackMisOrdered instanceof Set &&
    Array.isArray(sctp.sackDuplicates);
  if (!usable) return false;
  if (isNew(sctp) && Number.isInteger(sctp.localTsn)) startTsnAt(sctp);
  sctp.markReceived = (tsn) => markReceived(sctp, tsn);
  const send = sctp.sendChunk.bind(sctp);
  sctp.sendChunk = async (chunk) => {
    // Werift's timer sends its chunk a turn after it has expired; an answer that comes in between takes the chunk away.
    if (chunk === undefined) return;
    if (chunk.type === sackType && Array.isArray(chunk.gaps)) chunk.gaps = gapBlocks(sctp);
    await send(chunk);
  };
  return true;
}

function startTsnAt(sctp: Sctp): void {
  const start = tsnRange.first + (sctp.localTsn % tsnRange.span);
  sctp.localTsn = start;
  sctp.lastSackedTsn = start - 1;
  sctp.advancedPeerAckTsn = start - 1;
  sctp.reconfigRequestSeq = start;
}

/** True when `a` comes after `b` in serial number arithmetic (RFC 1982 with 32 bits). */
function isAfter(a: number, b: number): boolean {
  const distance = (a - b) >>> 0;
  return distance !== 0 && distance < 0x8000_0000;
}

/** Notes a TSN as received; true when it had come before. */
function markReceived(sctp: Sctp, tsn: number): boolean {
  const early = sctp.sackMisOrdered;
  if (!isAfter(tsn, sctp.lastReceivedTsn) || early.has(tsn)) {
    // Duplicates only inform the sender; RFC 9260 section 3.3.4 lets the list be short.
    if (sctp.sackDuplicates.length < 64) sctp.sackDuplicates.push(tsn);
    return true;
  }
  early.add(tsn);
  let last = sctp.lastReceivedTsn;
  for (let next = (last + 1) >>> 0; early.delete(next); next = (next + 1) >>> 0) last = next;
  sctp.lastReceivedTsn = last;
  return false;
}

/** Gap ack blocks as offsets from the last TSN received in order. */
function gapBlocks(sctp: Sctp): number[][] {
  const offsets = [...sctp.sackMisOrdered].map((tsn) => (tsn - sctp.lastReceivedTsn) >>> 0).toSorted((a, b) => a - b);
  const blocks: number[][] = [];
  for (const offset of offsets) {
    const open = blocks.at(-1);
    if (open !== undefined && open[1] === offset - 1) open[1] = offset;
    else blocks.push([offset, offset]);
  }
  return blocks;
}
