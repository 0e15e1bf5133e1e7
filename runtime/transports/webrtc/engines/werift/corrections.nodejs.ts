import type { EnginePeer, PathUse } from "../engine.ts";
import { guardTimers, setFirstTsn, setRtoFloor, setWindow } from "./association.nodejs.ts";
import { correctDtls } from "./dtls.nodejs.ts";
import { fieldOf, listOf, tuned } from "./fields.nodejs.ts";
import { bearSockets, silenceIce, tuneSockets, waitForNoServer } from "./ice.nodejs.ts";
import { baseBytes, PathSize } from "./path-size.nodejs.ts";
import { correctReceiving } from "./receiving.nodejs.ts";
import type { Sctp } from "./sctp.ts";
import { correctSending } from "./sending.nodejs.ts";

export { hopeOn, proveSocketsOf } from "./ice.nodejs.ts";
export { correctReport } from "./reports.nodejs.ts";

/**
 * The door to all corrections of werift 0.24, which are reached through fields that it does not publish. Each field is looked for
 * before it is used: with another version the correction is left out, and the tests of this module say so.
 */
export interface WeriftTuning {
  /** Bytes; the system's default of about 208 KiB overflows under a burst, which costs a retransmission timeout. */
  readonly receiveBufferBytes: number;
  /** Bytes of SCTP receiver window, which is larger on long paths; the 1 MiB of werift lets a sender overrun the socket buffer of the receiver. */
  readonly receiverWindowBytes: number;
  /** Whether a STUN server was asked for; werift turns to one of Google's where none is named. */
  readonly stun: boolean;
  /** The other side has said that it is on this machine. */
  readonly sameMachine: boolean;
  /** Seconds; the floor of 1 s in RFC 9260 section 16 turns each tail loss into a second of silence. */
  readonly minRtoSeconds: number;
  /** Seconds that a timeout is doubled up to at most; after an outage nothing waits longer than that. */
  readonly maxRtoSeconds: number;
}

const defaults: WeriftTuning = {
  receiveBufferBytes: 4 * 1024 * 1024,
  receiverWindowBytes: 128 * 1024,
  stun: false,
  sameMachine: false,
  minRtoSeconds: 0.1,
  maxRtoSeconds: 1,
};

/** What has been applied to the SCTP of a connection. */
interface WeriftAssociation {
  readonly receiverWindow: boolean;
  readonly rtoFloor: boolean;
  readonly firstTsn: boolean;
  readonly receiving: boolean;
  readonly sending: boolean;
}

const none: WeriftAssociation = {
  receiverWindow: false,
  rtoFloor: false,
  firstTsn: false,
  receiving: false,
  sending: false,
};

/** What has been applied; for tests and for `describe`. */
export interface WeriftTuned {
  readonly receiveBuffers: number;
  /** How many ICE transports ask no STUN server that was not named. */
  readonly silent: number;
  readonly association: WeriftAssociation;
  /** How many DTLS transports begin at once and check who is at the other end. */
  readonly dtls: number;
}

/**
 * Applies what is not applied yet to the parts of the connection that are there by now.
 * @param use of the path by the connection; left out, nobody else waits for what it sends
 */
export function tuneWerift(
  peer: EnginePeer,
  tuning: Partial<WeriftTuning> = {},
  use: PathUse = { mayWaitMs: Number.POSITIVE_INFINITY, rate: undefined },
): WeriftTuned {
  const wanted = { ...defaults, ...tuning };
  const receiveBuffers = tuneSockets(peer, wanted.receiveBufferBytes);
  const silent = wanted.stun ? 0 : silenceIce(peer);
  waitForNoServer(peer);
  bearSockets(peer);
  const dtls = tuneDtls(peer);
  return { receiveBuffers, silent, dtls, association: tuneSctp(peer, wanted, use) };
}

function tuneSctp(peer: EnginePeer, wanted: WeriftTuning, use: PathUse): WeriftAssociation {
  const sctp: (Sctp & { [tuned]?: WeriftAssociation }) | undefined = sctpOf(peer);
  if (sctp === undefined) return none;
  sctp[tuned] ??= correctAssociation(peer, sctp, wanted, use);
  return sctp[tuned];
}

function correctAssociation(peer: EnginePeer, sctp: Sctp, wanted: WeriftTuning, use: PathUse): WeriftAssociation {
  const receiverWindow = setWindow(sctp, wanted.receiverWindowBytes);
  const rtoFloor = setRtoFloor(sctp, wanted.minRtoSeconds);
  const firstTsn = setFirstTsn(sctp);
  guardTimers(sctp);
  if (!PathSize.fits(sctp)) return { ...none, receiverWindow, rtoFloor, firstTsn };
  const path = new PathSize(peer, sctp, wanted.sameMachine);
  const receiving = correctReceiving(sctp, wanted.receiverWindowBytes, (body) => path.onHeartbeatAck(body));
  const sending =
    receiving !== undefined &&
    correctSending(sctp, {
      base: baseBytes,
      takeSack: (room) => receiving.takeSack(room),
      size: () => path.bytes,
      wasFalseAlarm: () => path.wasFalseAlarm,
      onBlackHole: () => path.blackHole(),
      use,
      maxRtoSeconds: wanted.maxRtoSeconds,
    });
  return { receiverWindow, rtoFloor, firstTsn, receiving: receiving !== undefined, sending };
}

/** Sends the SCTP ABORT that `close()` of werift cannot send any more, because it closes the ICE transport first. */
export async function stopSctp(peer: EnginePeer): Promise<void> {
  const sctp = sctpOf(peer);
  if (typeof sctp?.stop === "function") await sctp.stop();
}

function sctpOf(peer: EnginePeer): Sctp | undefined {
  return fieldOf(fieldOf(peer, "sctp"), "sctp") as Sctp | undefined;
}

function tuneDtls(peer: EnginePeer): number {
  let count = 0;
  for (const transport of listOf(fieldOf(peer, "dtlsTransports"))) {
    if (typeof transport !== "object" || transport === null) continue;
    const marked = transport as { [tuned]?: boolean };
    marked[tuned] ??= correctDtls(transport);
    if (marked[tuned]) count++;
  }
  return count;
}
