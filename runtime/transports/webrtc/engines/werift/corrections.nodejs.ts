import type { EnginePeer } from "../engine.ts";
import { setRtoFloor, setTsnOrder, setWindow, type Sctp } from "./association.nodejs.ts";
import { correctDtls } from "./dtls.nodejs.ts";
import { fieldOf, listOf, tuned } from "./fields.nodejs.ts";
import { cutSmaller } from "./fragments.nodejs.ts";
import { silenceIce, tuneSockets, waitForNoServer } from "./ice.nodejs.ts";

export { hopeOn } from "./ice.nodejs.ts";

/**
 * The door to all corrections of werift 0.24, which are reached through fields that it does not publish. Each field is looked for
 * before it is used: with another version the correction is left out, and the tests of this module say so.
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
  waitForNoServer(peer);
  const dtls = tuneDtls(peer);
  const sctp = sctpOf(peer);
  if (sctp === undefined)
    return { receiveBuffers, silent, dtls, receiverWindow: false, rtoFloor: false, tsnOrder: false };
  cutSmaller(sctp);
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
