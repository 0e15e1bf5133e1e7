import { fieldOf } from "./fields.nodejs.ts";
import type { Sctp } from "./sctp.ts";

/** Where TSNs of 10 digits begin and, on the sender's side, the first one that a connection may take. */
const tsnRange = { first: 1_000_000_000, span: 1_000_000_000 } as const;

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

/** Our own TSNs start where text and numbers sort alike: a werift that is not corrected sorts them as text. */
export function setFirstTsn(sctp: Sctp): boolean {
  if (!isNew(sctp) || !Number.isInteger(sctp.localTsn)) return false;
  startTsnAt(sctp);
  return true;
}

/** Werift's timer sends its chunk a turn after it has expired; an answer that comes in between takes the chunk away. */
export function guardTimers(sctp: Sctp): void {
  if (typeof sctp.sendChunk !== "function") return;
  const send = sctp.sendChunk.bind(sctp);
  sctp.sendChunk = async (chunk) => (chunk === undefined ? undefined : send(chunk));
}

function startTsnAt(sctp: Sctp): void {
  const start = tsnRange.first + (sctp.localTsn % tsnRange.span);
  sctp.localTsn = start;
  sctp.lastSackedTsn = start - 1;
  sctp.advancedPeerAckTsn = start - 1;
  sctp.reconfigRequestSeq = start;
}
