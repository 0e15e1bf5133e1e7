import type { EnginePeer } from "./engine.ts";
import { correctDtls } from "./werift-dtls.nodejs.ts";

/**
 * Corrections to werift 0.24, reached through fields it does not publish. Each field is looked for before it is used:
 * with another version the correction is left out, and the tests of this module say so.
 */
export interface WeriftTuning {
  /** Bytes; the system's default of about 208 KiB overflows under a burst, which costs a retransmission timeout. */
  readonly receiveBufferBytes: number;
  /** Bytes of SCTP receiver window; the 1 MiB of werift lets a sender overrun the socket buffer of the receiver. */
  readonly receiverWindowBytes: number;
  /** Whether a STUN server was asked for; werift turns to one of Google's where none is named. */
  readonly stun: boolean;
  /** Seconds; the floor of 1 s in RFC 9260 section 16 turns each tail loss into a second of silence. */
  readonly minRtoSeconds: number;
}

const defaults: WeriftTuning = {
  receiveBufferBytes: 4 * 1024 * 1024,
  receiverWindowBytes: 128 * 1024,
  stun: false,
  minRtoSeconds: 0.15,
};

/** SCTP's SACK chunk, RFC 9260 section 3.3.4. */
const sackType = 3;
/** Where TSNs of 10 digits begin and, on the sender's side, the first one that a connection may take. */
const tsnRange = { first: 1_000_000_000, span: 1_000_000_000 } as const;

interface Sctp {
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

interface UdpSocket {
  setRecvBufferSize(bytes: number): void;
  on(event: "error", listener: () => void): void;
}

/** What has been applied; for tests and for `describe`. */
export interface WeriftTuned {
  readonly receiveBuffers: number;
  /** How many ICE transports ask no STUN server that was not named. */
  readonly silent: number;
  readonly receiverWindow: boolean;
  readonly rtoFloor: boolean;
  readonly tsnOrder: boolean;
  /** How many DTLS transports begin at once and check who is at the other end. */
  readonly dtls: number;
}

/** Applies what is not applied yet to the parts of the connection that are there by now. */
export function tuneWerift(peer: EnginePeer, tuning: Partial<WeriftTuning> = {}): WeriftTuned {
  const wanted = { ...defaults, ...tuning };
  const receiveBuffers = tuneSockets(peer, wanted.receiveBufferBytes);
  const silent = wanted.stun ? 0 : silenceIce(peer);
  const dtls = tuneDtls(peer);
  const sctp = sctpOf(peer);
  if (sctp === undefined)
    return { receiveBuffers, silent, dtls, receiverWindow: false, rtoFloor: false, tsnOrder: false };
  if (!Object.hasOwn(sctp, tuned)) {
    Object.defineProperty(sctp, tuned, {
      value: {
        receiverWindow: setWindow(sctp, wanted.receiverWindowBytes),
        rtoFloor: setRtoFloor(sctp, wanted.minRtoSeconds),
        tsnOrder: setTsnOrder(sctp),
      },
    });
  }
  const association = (sctp as unknown as { [tuned]: Omit<WeriftTuned, "receiveBuffers" | "silent" | "dtls"> })[tuned];
  return { receiveBuffers, silent, dtls, ...association };
}

/** Marks what has been seen to; symbols of our own cannot collide with a field of werift. */
const tuned = Symbol("tuned");

/** Sends the SCTP ABORT that `close()` of werift cannot send any more, because it closes the ICE transport first. */
export async function stopSctp(peer: EnginePeer): Promise<void> {
  const sctp = sctpOf(peer);
  if (typeof sctp?.stop === "function") await sctp.stop();
}

function sctpOf(peer: EnginePeer): Sctp | undefined {
  return field(field(peer, "sctp"), "sctp") as Sctp | undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function tuneSockets(peer: EnginePeer, bytes: number): number {
  let count = 0;
  for (const ice of list(field(peer, "iceTransports"))) {
    for (const protocol of list(field(field(ice, "connection"), "protocols"))) {
      const socket = field(field(protocol, "transport"), "socket") as (UdpSocket & { [tuned]?: boolean }) | undefined;
      if (typeof socket?.setRecvBufferSize !== "function") continue;
      if (socket[tuned] === undefined) {
        socket[tuned] = setReceiveBuffer(socket, bytes);
        // Werift sends without a callback, so that an unreachable candidate of the other side would be an uncaught error.
        socket.on("error", () => undefined);
      }
      if (socket[tuned]) count++;
    }
  }
  return count;
}

/** Before candidates are gathered. It tells a third party who runs what, and where nothing answers it takes 5 s. */
function silenceIce(peer: EnginePeer): number {
  let count = 0;
  for (const ice of list(field(peer, "iceTransports"))) {
    const connection = field(ice, "connection") as { stunServer?: unknown } | undefined;
    if (connection === undefined || !("stunServer" in connection)) continue;
    connection.stunServer = undefined;
    count++;
  }
  return count;
}

function tuneDtls(peer: EnginePeer): number {
  let count = 0;
  for (const transport of list(field(peer, "dtlsTransports"))) {
    if (typeof transport !== "object" || transport === null) continue;
    const marked = transport as { [tuned]?: boolean };
    marked[tuned] ??= correctDtls(transport);
    if (marked[tuned]) count++;
  }
  return count;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function setReceiveBuffer(socket: UdpSocket, bytes: number): boolean {
  try {
    socket.setRecvBufferSize(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Only before the association starts: later, the field holds what is left of the window. */
function setWindow(sctp: Sctp, bytes: number): boolean {
  if (typeof sctp.advertisedRwnd !== "number" || !isNew(sctp)) return false;
  sctp.advertisedRwnd = bytes;
  return true;
}

function isNew(sctp: Sctp): boolean {
  return field(sctp, "state") === "new";
}

function setRtoFloor(sctp: Sctp, seconds: number): boolean {
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
function setTsnOrder(sctp: Sctp): boolean {
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
