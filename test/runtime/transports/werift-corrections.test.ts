import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
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
  await vi.waitFor(() => expect(accepted.length).toBe(1));
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
      expect(rest).toEqual({ silent: 1, dtls: 1, receiverWindow: true, rtoFloor: true, tsnOrder: true });
    }
  });

  test("bear that the chunk of a timer is taken away before it is sent", async () => {
    const { sctp } = inside(freshPeer(true)).sctp;
    await expect(sctp.sendChunk(undefined)).resolves.toBeUndefined();
  });

  test("leave alone what has another shape", () => {
    const none = { receiveBuffers: 0, silent: 0, dtls: 0, receiverWindow: false, rtoFloor: false, tsnOrder: false };
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

  test("lower the retransmission timeout to what the path needs, not below 150 ms", async () => {
    expect(inside(freshPeer(true)).sctp.sctp.rto).toBe(1);
    const { caller, callee, callerPeer } = await connected();
    const received = collect(callee.control, 20);
    for (let index = 0; index < 20; index++) await sendWhenReady(caller.control, patterned(100, index));
    await received;
    await vi.waitFor(() => expect(inside(callerPeer).sctp.sctp.rto).toBeLessThan(1));
    expect(inside(callerPeer).sctp.sctp.rto).toBeGreaterThanOrEqual(0.15);
  });

  test.for([
    ["where numbers grow a digit", 999_999_998],
    ["where numbers wrap", 4_294_967_294],
    ["anywhere else", 3_000_000_000],
  ] as const)("order TSNs by value %s", async ([, last]) => {
    const at = (offset: number): number => (last + offset) >>> 0;
    const { sctp } = inside(freshPeer(true)).sctp;
    sctp.lastReceivedTsn = last;
    const sacks: { gaps: number[][] }[] = [];
    // The wrapper of the correction calls what it found here.
    const peer = freshPeer(false);
    const spied = inside(peer).sctp.sctp;
    spied.sendChunk = async (chunk) => void (chunk !== undefined && sacks.push(chunk));
    tuneWerift(peer);
    for (const sctpUnderTest of [sctp, spied]) {
      sctpUnderTest.lastReceivedTsn = last;
      for (const offset of [2, 3, 5, 2]) sctpUnderTest.markReceived(at(offset));
      expect(sctpUnderTest.lastReceivedTsn).toBe(last);
    }
    spied.sackNeeded = true;
    await spied.sendSack();
    expect(sacks[0]?.gaps).toEqual([
      [2, 3],
      [5, 5],
    ]);
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
});
