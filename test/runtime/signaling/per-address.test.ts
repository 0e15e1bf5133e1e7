import { PassThrough } from "node:stream";
import type { Socket } from "node:net";
import { describe, expect, it, test } from "vitest";
import type { IncomingCall } from "../../../runtime/interface/signaling.ts";
import { Crowd } from "../../../runtime/signaling/crowd.nodejs.ts";
import { signalLimits, serviceLimits } from "../../../runtime/signaling/limits.ts";
import { addressKey, AddressRate, PerAddress } from "../../../runtime/signaling/per-address.ts";
import { Refusals } from "../../../runtime/signaling/refusals.ts";
import { serveSockets } from "../../../runtime/signaling/server.ts";
import { serveService } from "../../../runtime/signaling/service/serve.ts";
import type { SignalServerFactory, SignalSocket } from "../../../runtime/signaling/socket.ts";
import { seededRandom } from "../../../runtime/testing/seeded-random.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { socketPair, turn, type TestSocket } from "./pipe.ts";
import { peer } from "./registry/support.ts";

describe("an address", () => {
  test.each([
    ["203.0.113.9", "203.0.113.9"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["2001:0DB8:0000:0000:1:2:3:4", "2001:db8:0:0"],
    ["2001:db8:1:2::", "2001:db8:1:2"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["::", "0:0:0:0"],
    ["::1", undefined],
    ["127.3.2.1", undefined],
    ["localhost", undefined],
    [undefined, undefined],
  ])("%s counts as %s", (host, key) => {
    expect(addressKey(host)).toBe(key);
  });

  it("has so much of something and no more, and leaves nothing behind", () => {
    const places = new PerAddress(2);
    expect(["a", "a", "a", "b"].map((host) => places.take(host))).toEqual([true, true, false, true]);
    places.release("a");
    expect(places.take("a")).toBe(true);
    for (const host of ["a", "a", "b"]) places.release(host);
    expect(places.size).toBe(0);
    expect(Array.from({ length: 99 }, () => places.take("127.0.0.1"))).not.toContain(false);
    expect(places.size).toBe(0);
  });

  it("has so much of it in a second", () => {
    const clock = virtualClock();
    const rate = new AddressRate(clock, 2);
    const takes = (): boolean[] => ["a", "a", "a", "b"].map((host) => rate.take(host));
    expect(takes()).toEqual([true, true, false, true]);
    clock.advance(999);
    expect(rate.take("a")).toBe(false);
    clock.advance(1);
    expect(takes()).toEqual([true, true, false, true]);
  });
});

describe("a crowd at a port", () => {
  const from = (remoteAddress: string): Socket => Object.assign(new PassThrough(), { remoteAddress }) as never;

  it("has so many connections of an address, and tells those beyond", () => {
    const refusals = new Refusals();
    const crowd = new Crowd({ connections: 2, socketsPerSecond: 9 }, (reason) => refusals.count(reason));
    const all = Array.from({ length: 3 }, () => from("::ffff:203.0.113.9"));
    for (const socket of all) crowd.enter(socket);
    const other = from("203.0.113.10");
    crowd.enter(other);
    expect([...all, other].map((socket) => crowd.isTurnedAway(socket))).toEqual([false, false, true, false]);
    expect(String(all[2]?.read())).toMatch(/^HTTP\/1\.1 429 [^]*Too many connections of this address are open\.\n$/);
    expect(refusals.figures).toEqual({ "address-connections": 1 });
    all[0]?.emit("close");
    const next = from("203.0.113.9");
    crowd.enter(next);
    expect(crowd.isTurnedAway(next)).toBe(false);
  });

  it("opens so many WebSockets for an address in a second", () => {
    const refusals = new Refusals();
    const crowd = new Crowd({ connections: 9, socketsPerSecond: 2 }, (reason) => refusals.count(reason));
    const open = (address: string): boolean => crowd.mayOpen(from(address), address);
    expect(["203.0.113.9", "203.0.113.9", "203.0.113.9", "203.0.113.10"].map(open)).toEqual([true, true, false, true]);
    expect(Array.from({ length: 9 }, () => open("127.0.0.1"))).not.toContain(false);
    expect(refusals.figures).toEqual({ "address-rate": 1 });
  });
});

/** Sockets that come in from whatever address. */
function doors(): { readonly listen: SignalServerFactory; readonly open: (remoteHost: string) => TestSocket } {
  let accept: (socket: SignalSocket) => void = () => undefined;
  return {
    listen: async (at, onSocket) => {
      accept = onSocket;
      return { host: at.host, port: at.port, close: async () => undefined };
    },
    open: (remoteHost) => {
      const { a, b } = socketPair();
      a.onMessage(() => undefined);
      a.onClose(() => undefined);
      // Methods of the pair go by `this`.
      accept(Object.assign(Object.create(b) as TestSocket, { remoteHost }));
      return a;
    },
  };
}

const at = { host: "peer", port: 7443 };
const hello = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "hello", params: { versions: [1], pipeline: "A" } });
const greeting = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "hello", params: { versions: [1] } });

describe("one address", () => {
  it("has half of the calls that a peer takes at a time", async () => {
    const { listen, open } = doors();
    const refusals = new Refusals();
    const calls: IncomingCall[] = [];
    const limits = { halfOpen: 64, halfOpenPerAddress: signalLimits.pendingCallsPerAddress, refusals };
    const options = {
      ...at,
      ...limits,
      http: undefined,
      reception: undefined,
      onCall: (call: IncomingCall) => calls.push(call),
    };
    const clock = virtualClock();
    const server = await serveSockets({ clock, listen }, options);
    const greeted = (host: string): TestSocket => {
      const socket = open(host);
      socket.send(hello);
      return socket;
    };
    const first = Array.from({ length: 40 }, () => greeted("203.0.113.9"));
    await turn();
    expect(first.filter(({ closedWith }) => closedWith === undefined)).toHaveLength(32);
    expect(first.filter(({ closedWith }) => closedWith?.code === 1013)).toHaveLength(8);
    const other = greeted("203.0.113.10");
    await turn();
    expect(other.received).toHaveLength(1);
    expect(refusals.figures).toEqual({ "half-open": 8 });
    // Who goes makes room, for the same address too.
    first[39]?.close(1000, "");
    await turn();
    first.find(({ closedWith }) => closedWith === undefined)?.close(1000, "");
    await turn();
    const again = greeted("203.0.113.9");
    await turn();
    expect(again.received).toHaveLength(1);
    other.send(JSON.stringify({ jsonrpc: "2.0", id: 2, method: "offer", params: { sdp: "x" } }));
    await turn();
    expect(calls.map(({ remoteHost }) => remoteHost)).toEqual(["203.0.113.10"]);
    await server.close();
  });

  it("registers and watches only so much at a service, and all of it again when its connections have gone", async () => {
    const { listen, open } = doors();
    const clock = virtualClock();
    const service = await serveService({ clock, random: seededRandom(1), listen }, at);
    const { watches, watchesPerAddress } = serviceLimits;
    const codes = ({ received }: TestSocket): unknown[] =>
      received.map((text) => (JSON.parse(text) as { error?: { data?: { code: string } } }).error?.data?.code);
    const watching = async (host: string): Promise<TestSocket> => {
      const socket = open(host);
      socket.send(greeting);
      for (let id = 0; id < watches; id += 1) {
        socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "watch", params: { pipeline: "none" } }));
      }
      await turn();
      return socket;
    };
    const sockets: TestSocket[] = [];
    for (let count = 0; count < watchesPerAddress / watches; count += 1) sockets.push(await watching("203.0.113.9"));
    expect(sockets.flatMap(codes)).not.toContain("resource-exhausted");
    expect(codes(await watching("203.0.113.9"))).toContain("resource-exhausted");
    expect(codes(await watching("203.0.113.10"))).not.toContain("resource-exhausted");
    for (const socket of sockets) socket.close(1000, "");
    await turn();
    expect(codes(await watching("203.0.113.9"))).not.toContain("resource-exhausted");
    await service.close();
  });

  it("keeps its place for a peer that registers again, and gives it back with the connection", async () => {
    const { listen, open } = doors();
    const clock = virtualClock();
    const service = await serveService({ clock, random: seededRandom(1), listen }, at);
    for (let round = 0; round < 3; round += 1) {
      const socket = open("203.0.113.9");
      socket.send(greeting);
      for (let id = 1; id < 9; id += 1) {
        socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "register", params: peer("a", { epoch: id }) }));
      }
      await turn();
      expect(socket.received).toHaveLength(9);
      expect(socket.received.join("")).not.toContain("error");
      socket.close(1000, "");
      await turn();
    }
    expect(service.figures()).toMatchObject({ peers: 1, refusals: {} });
    await service.close();
  });
});
