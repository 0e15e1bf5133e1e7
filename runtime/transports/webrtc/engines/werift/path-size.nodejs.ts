import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { EnginePeer } from "../engine.ts";
import { fieldOf, listOf } from "./fields.nodejs.ts";
import { chunkHeaderBytes, dataHeaderBytes, newPacket, packetHeaderBytes, seal } from "./packets.nodejs.ts";
import { PathMtu } from "./path-mtu.ts";
import { chunkTypes, type Sctp } from "./sctp.ts";

/**
 * User data that a packet takes wherever there is a path, in bytes. IPv6 asks every path to take packets of 1,280 bytes (RFC 8200
 * section 5); of these IP takes 40, UDP 8, a TURN server's wrapping up to 36 (RFC 8656 section 11.4), DTLS 37 and SCTP 28. Werift itself
 * cuts at 1,200 bytes, which makes packets of 1,293: behind a tunnel they are lost without a word, and the stream stands still.
 */
export const baseBytes = 1_120;
const overheadBytes = 149;

/** Of a record of DTLS (RFC 6347 section 4.1), without the header of SCTP and of the chunk. */
const recordBytes = 16_384 - packetHeaderBytes - dataHeaderBytes;
/** What is taken for the MTU of an interface that does not tell. */
const usualMtu = 1_500;

/**
 * Where paths and peers end, as user data: an Ethernet; the 2,048 bytes of a record that Chromium reads; the 4,096 bytes of a packet that
 * libdatachannel reads; an Ethernet with jumbo frames.
 */
const ethernetBytes = 1_348;
const steps = [ethernetBytes, 1_980, 4_028, 8_848] as const;

/** The parameter of a HEARTBEAT that comes back as it was sent (RFC 9260 section 3.3.5): a secret (8 bytes), the size (4), when (8). */
const heartbeatInfo = 1;
const infoHeaderBytes = 4;
const secretBytes = 8;
const infoBytes = infoHeaderBytes + secretBytes + 4 + 8;

/** Finds out how much of a message a packet of this association takes, and keeps to it. */
export class PathSize {
  readonly #peer: EnginePeer;
  readonly #sctp: Sctp;
  readonly #sameMachine: boolean;
  readonly #secret = randomBytes(secretBytes);
  #search: PathMtu | undefined;

  /** @param sameMachine the other side has said that it is on this one, and so that it takes large packets */
  constructor(peer: EnginePeer, sctp: Sctp, sameMachine: boolean) {
    this.#peer = peer;
    this.#sctp = sctp;
    this.#sameMachine = sameMachine;
    sctp.stateChanged.connected.once(() => this.#begin());
    sctp.stateChanged.closed.once(() => this.#search?.stop());
  }

  /** Whether an association has the shape that is needed here. */
  static fits({ stateChanged, transport, updateRto }: Sctp): boolean {
    return (
      typeof stateChanged?.connected?.once === "function" &&
      typeof stateChanged.closed?.once === "function" &&
      typeof transport?.send === "function" &&
      typeof updateRto === "function"
    );
  }

  get bytes(): number {
    return this.#search?.size ?? baseBytes;
  }

  /** A timeout says little about it. */
  get wasFalseAlarm(): boolean {
    return this.#search?.wasFalseAlarm === true;
  }

  blackHole(): void {
    this.#search?.blackHole();
  }

  /** @param body of a HEARTBEAT ACK */
  onHeartbeatAck(body: Buffer): void {
    const at = infoHeaderBytes;
    if (body.length < infoBytes || body.readUInt16BE(0) !== heartbeatInfo) return;
    if (!timingSafeEqual(body.subarray(at, at + secretBytes), this.#secret)) return;
    // RFC 9260 section 8.3.
    this.#sctp.updateRto((performance.now() - body.readDoubleBE(at + secretBytes + 4)) / 1000);
    this.#search?.acknowledged(body.readUInt32BE(at + secretBytes));
  }

  #begin(): void {
    // So that the first data does not have to wait for a second where it is lost.
    this.#probe(baseBytes);
    const most = this.#most();
    if (most <= baseBytes) return;
    this.#search = new PathMtu({
      clock: { schedule: (delayMs, callback) => this.#later(delayMs, callback) },
      base: baseBytes,
      most,
      steps: steps.filter((bytes) => bytes < most),
      probe: (bytes) => this.#probe(bytes),
    });
    this.#search.start();
  }

  /**
   * A HEARTBEAT with as much in it as a chunk of data would have. RFC 8899 section 6.2.1 pads it with a PAD chunk, so that the answer is
   * small; but a werift that is not corrected ends its process at one, and who sends large packets mostly gets them as well.
   */
  #probe(bytes: number): void {
    const sctp = this.#sctp;
    const body = dataHeaderBytes - chunkHeaderBytes + bytes;
    const packet = newPacket(sctp, chunkTypes.heartbeat, 0, body);
    let at = packetHeaderBytes + chunkHeaderBytes;
    packet.fill(0, at);
    at = packet.writeUInt16BE(heartbeatInfo, at);
    at = packet.writeUInt16BE(body, at);
    packet.set(this.#secret, at);
    packet.writeDoubleBE(performance.now(), packet.writeUInt32BE(bytes, at + secretBytes));
    // One that cannot be sent is lost.
    sctp.transport.send(seal(packet)).catch(() => undefined);
  }

  #later(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  }

  /**
   * No more than the interface sends in one packet: beyond it IP would cut, and one lost part would lose the whole. A path within this
   * machine has no such bound, but its other end may have: aiortc reads 1,500 bytes of a record, takes what is left of it for the next
   * one, and is one packet behind from then on. So who has not said that it is here is sent what an Ethernet takes. On any other path a
   * peer gets no more than the base when what is under way could not be cut again for it.
   */
  #most(): number {
    for (const ice of listOf(fieldOf(this.#peer, "iceTransports"))) {
      const pair = fieldOf(fieldOf(ice, "connection"), "nominated");
      const [local, remote] = [fieldOf(pair, "localCandidate"), fieldOf(pair, "remoteCandidate")];
      const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
      const isRelayed = fieldOf(local, "type") === "relay";
      const isHere = addresses.some(({ address }) => address === fieldOf(remote, "host"));
      if (isHere && !isRelayed) return this.#sameMachine ? recordBytes : ethernetBytes;
      if (!this.#sctp.remoteExtensions.includes(chunkTypes.pad)) return baseBytes;
      const mtu = isRelayed ? usualMtu : mtuOf(String(fieldOf(local, "host")));
      return Math.min(recordBytes, (mtu - overheadBytes) & ~3);
    }
    return baseBytes;
  }
}

/** Of the interface that has an address, in bytes; Linux tells. */
function mtuOf(address: string): number {
  const [name] =
    Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === address)) ?? [];
  if (name === undefined) return usualMtu;
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, "utf8"));
    return Number.isInteger(mtu) && mtu > 0 ? mtu : usualMtu;
  } catch {
    return usualMtu;
  }
}
