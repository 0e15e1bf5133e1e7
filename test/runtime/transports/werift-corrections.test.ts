import { readFileSync } from "node:fs";
import { crc32c } from "werift";
import { afterEach, describe, expect, test } from "vitest";
import type { Connection } from "../../../runtime/interface/transport.ts";
import type { EnginePeer } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { tuneWerift } from "../../../runtime/transports/webrtc/engines/werift/corrections.nodejs.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { collect, patterned, sendWhenReady } from "../../conformance/messages.ts";
import { spiedEngine } from "./spied-engine.ts";

/** The unpublished parts of werift that the corrections go by. */
interface Sctp {
  advertisedRwnd: number;
  peerAdvertisedRwnd: number;
  rto: number;
  localTsn: number;
  lastSackedTsn: number;
  advancedPeerAckTsn: number;
  lastReceivedTsn: number;
  sackNeeded: boolean;
  markReceived(tsn: number): boolean;
  sendSack(): Promise<void>;
  readonly remoteVerificationTag: number;
  readonly transport: { send(packet: Buffer): Promise<void> };
  sendChunk(chunk: { gaps: number[][]; cumulativeTsn: number } | undefined): Promise<void>;
}
interface Internals {
  readonly sctp: { readonly sctp: Sctp };
  readonly dtlsTransports: readonly { dataReceiver: (data: Buffer) => void }[];
  readonly iceTransports: readonly {
    readonly connection: {
      readonly protocols: readonly { readonly transport: { readonly socket: { getRecvBufferSize(): number } } }[];
    };
  }[];
}
const inside = (peer: EnginePeer): Internals => peer as unknown as Internals;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

function freshPeer(tuned: boolean): EnginePeer {
  const engine = weriftEngine();
  const peer = engine.createPeerConnection();
  peer.createDataChannel("control", { negotiated: true, id: 0 });
  if (tuned) tuneWerift(peer);
  cleanUps.push(() => engine.close(peer));
  return peer;
}

async function connected(callerEngine = spiedEngine(), calleeEngine = spiedEngine()) {
  const accepted: Connection[] = [];
  const listener = await weriftTransport({ engine: calleeEngine }).listen("webrtc://127.0.0.1:0", (connection) => {
    accepted.push(connection);
  });
  const signal = new AbortController().signal;
  const caller = await weriftTransport({ engine: callerEngine }).dial(`${listener.address}/Any`, { signal });
  cleanUps.push(
    () => caller.close(),
    () => listener.close(),
  );
  await expect.poll(() => accepted.length).toBe(1);
  return {
    caller,
    callee: accepted[0] as Connection,
    callerPeer: callerEngine.peers[0] as EnginePeer,
    calleePeer: calleeEngine.peers[0] as EnginePeer,
  };
}

describe("corrections to werift", () => {
  test("are for the version that is installed", () => {
    const path = new URL("../../../node_modules/werift/package.json", import.meta.url);
    expect(JSON.parse(readFileSync(path, "utf8")).version).toMatch(/^0\.24\./);
  });

  test("apply, all of them, to a connection", async () => {
    const { callerPeer, calleePeer } = await connected();
    for (const peer of [callerPeer, calleePeer]) {
      const { receiveBuffers, ...rest } = tuneWerift(peer);
      expect(receiveBuffers).toBeGreaterThan(0);
      const association = { receiverWindow: true, rtoFloor: true, firstTsn: true, receiving: true, sending: true };
      expect(rest).toEqual({ silent: 1, dtls: 1, association });
    }
  });

  test("bear that the chunk of a timer is taken away before it is sent", async () => {
    const { sctp } = inside(freshPeer(true)).sctp;
    await expect(sctp.sendChunk(undefined)).resolves.toBeUndefined();
  });

  test("leave alone what has another shape", () => {
    const association = { receiverWindow: false, rtoFloor: false, firstTsn: false, receiving: false, sending: false };
    const none = { receiveBuffers: 0, silent: 0, dtls: 0, association };
    expect(tuneWerift({} as EnginePeer)).toEqual(none);
    expect(
      tuneWerift({ iceTransports: [{}], dtlsTransports: [{}, undefined], sctp: { sctp: {} } } as unknown as EnginePeer),
    ).toEqual(none);
  });

  test("give the sockets a larger receive buffer", async () => {
    const { callerPeer } = await connected();
    const sizes = inside(callerPeer).iceTransports.flatMap((ice) =>
      ice.connection.protocols.map((protocol) => protocol.transport.socket.getRecvBufferSize()),
    );
    const plain = (await import("node:dgram")).createSocket("udp4");
    await new Promise<void>((resolve) => plain.bind(0, resolve));
    const usual = plain.getRecvBufferSize();
    plain.close();
    // The system may allow less than what is asked for, but never less than it gives anyway.
    for (const size of sizes) expect(size).toBeGreaterThanOrEqual(usual);
    expect(sizes.length).toBeGreaterThan(0);
  });

  test("announce a receiver window of 128 KiB", async () => {
    const { callerPeer, calleePeer } = await connected();
    for (const peer of [callerPeer, calleePeer]) {
      expect(inside(peer).sctp.sctp.advertisedRwnd).toBe(128 * 1024);
      expect(inside(peer).sctp.sctp.peerAdvertisedRwnd).toBe(128 * 1024);
    }
    expect(inside(freshPeer(false)).sctp.sctp.advertisedRwnd).toBe(1024 * 1024);
  });

  test("lower the retransmission timeout to what the path needs, not below 100 ms", async () => {
    expect(inside(freshPeer(true)).sctp.sctp.rto).toBe(1);
    const { caller, callee, callerPeer } = await connected();
    const received = collect(callee.control, 20);
    for (let index = 0; index < 20; index++) await sendWhenReady(caller.control, patterned(100, index));
    await received;
    await expect.poll(() => inside(callerPeer).sctp.sctp.rto).toBeLessThan(1);
    expect(inside(callerPeer).sctp.sctp.rto).toBeGreaterThanOrEqual(0.1);
  });

  test.for([
    ["where numbers grow a digit", 999_999_998],
    ["where numbers wrap", 4_294_967_294],
    ["anywhere else", 3_000_000_000],
  ] as const)("order TSNs by value %s", async ([, last]) => {
    const at = (offset: number): number => (last + offset) >>> 0;
    const { sctp } = inside(freshPeer(true)).sctp;
    const packets: Buffer[] = [];
    Object.assign(sctp, { remotePort: 5000, transport: { send: async (packet: Buffer) => void packets.push(packet) } });
    sctp.lastReceivedTsn = last;
    for (const offset of [2, 3, 5, 2]) sctp.markReceived(at(offset));
    expect(sctp.lastReceivedTsn).toBe(last);
    sctp.sackNeeded = true;
    await sctp.sendSack();
    const sack = packets[0]?.subarray(12) as Buffer;
    const [blocks, duplicates] = [sack.readUInt16BE(12), sack.readUInt16BE(14)];
    expect([sack.readUInt8(0), sack.readUInt32BE(4), blocks, duplicates]).toEqual([3, last, 2, 1]);
    expect([16, 18, 20, 22].map((offset) => sack.readUInt16BE(offset))).toEqual([2, 3, 5, 5]);
    expect(sack.readUInt32BE(24)).toBe(at(2));
    expect(sctp.markReceived(at(1))).toBe(false);
    expect(sctp.lastReceivedTsn).toBe(at(3));
    expect(sctp.markReceived(at(3))).toBe(true);
    expect(sctp.markReceived(at(4))).toBe(false);
    expect(sctp.lastReceivedTsn).toBe(at(5));
  });

  test("are needed: uncorrected, a gap stalls where numbers grow a digit", () => {
    const { sctp } = inside(freshPeer(false)).sctp;
    sctp.lastReceivedTsn = 999_999_998;
    for (const tsn of [1_000_000_000, 1_000_000_001, 999_999_999]) sctp.markReceived(tsn);
    expect(sctp.lastReceivedTsn).not.toBe(1_000_000_001);
  });

  test("begin with TSNs that an uncorrected receiver sorts right for 2 TB", () => {
    for (let count = 0; count < 20; count++) {
      const { localTsn } = inside(freshPeer(true)).sctp.sctp;
      expect(localTsn).toBeGreaterThanOrEqual(1_000_000_000);
      expect(localTsn).toBeLessThan(2_000_000_000);
    }
  });

  test.for([
    ["where numbers grow a digit", 999_999_600],
    ["where numbers wrap", 4_294_966_896],
  ] as const)("bring everything through in order, %s, with one packet in 40 lost", async ([, start]) => {
    let moved = false;
    const callerEngine = spiedEngine((peer) => {
      if (moved) return;
      moved = true;
      const { sctp } = inside(peer).sctp;
      sctp.localTsn = start;
      sctp.lastSackedTsn = start - 1;
      sctp.advancedPeerAckTsn = start - 1;
    });
    const { caller, callee, calleePeer } = await connected(callerEngine);
    expect(moved).toBe(true);
    const dtls = inside(calleePeer).dtlsTransports[0] as { dataReceiver: (data: Buffer) => void };
    const receive = dtls.dataReceiver;
    let packets = 0;
    dtls.dataReceiver = (data) => {
      if (++packets % 40 !== 0) receive(data);
    };
    const [out, back] = [caller.channel(1, "data"), callee.channel(1, "data")];
    const total = 1200;
    const received = collect(back, total);
    for (let index = 0; index < total; index++) await sendWhenReady(out, patterned(1000, index));
    const messages = await received;
    expect(messages.map((message) => message[0])).toEqual(Array.from({ length: total }, (_, index) => index % 251));
    const { localTsn } = inside(callerEngine.peers[0] as EnginePeer).sctp.sctp;
    expect((localTsn - start) >>> 0).toBeGreaterThanOrEqual(total);
  });

  test.for([
    ["one to skip", [0x84], true],
    ["one that ends the packet", [0x3f], false],
  ] as const)("pass over chunks that are not known: %s", async ([, [type], goesOn]) => {
    const { caller, callee, callerPeer, calleePeer } = await connected();
    const { sctp } = inside(callerPeer).sctp;
    const heard: Buffer[] = [];
    const calleeSctp = inside(calleePeer).sctp.sctp;
    const send = calleeSctp.transport.send.bind(calleeSctp.transport);
    calleeSctp.transport.send = (packet) => {
      heard.push(packet);
      return send(packet);
    };
    await sctp.transport.send(sealed(sctp, [chunkOf(type, 8), chunkOf(4, 12)]));
    // Comes behind it.
    const received = collect(callee.control, 1);
    await sendWhenReady(caller.control, patterned(100, 0));
    await received;
    // The answers to those that look for the size of the path are larger.
    expect(heard.filter((packet) => packet[12] === 5 && packet.length < 100).length).toBe(goesOn ? 1 : 0);
  });

  test("drop packets that are cut short or have a wrong checksum", async () => {
    const { caller, callee, callerPeer } = await connected();
    const { sctp } = inside(callerPeer).sctp;
    const whole = sealed(sctp, [chunkOf(4, 12)]);
    const received = collect(callee.control, 1);
    await sctp.transport.send(whole.subarray(0, 9));
    await sctp.transport.send(Buffer.from(whole).fill(1, 20));
    await sctp.transport.send(sealed(sctp, [chunkOf(0, 3)]));
    await sctp.transport.send(sealed(sctp, [chunkOf(3, 2)]));
    await sctp.transport.send(sealed(sctp, [chunkOf(192, 1)]));
    await sendWhenReady(caller.control, patterned(100, 0));
    expect(await received).toHaveLength(1);
  });
});

/** A chunk of a type, with so many bytes of zeros; those of a HEARTBEAT are a parameter of another kind. */
function chunkOf(type: number, bytes: number): Buffer {
  const chunk = Buffer.alloc((4 + bytes + 3) & ~3);
  chunk.writeUInt8(type, 0);
  chunk.writeUInt16BE(4 + bytes, 2);
  if (type === 4) chunk.writeUInt16BE(bytes, 6);
  return chunk;
}

function sealed(sctp: Sctp, chunks: readonly Buffer[]): Buffer {
  const packet = Buffer.concat([Buffer.alloc(12), ...chunks]);
  packet.writeUInt16BE(5000, 0);
  packet.writeUInt16BE(5000, 2);
  packet.writeUInt32BE(sctp.remoteVerificationTag, 4);
  packet.writeUInt32LE(crc32c(packet), 8);
  return packet;
}
