import { Socket } from "node:dgram";
import * as library from "node-datachannel";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { loneLoopback, type Interfaces } from "../../../runtime/transports/webrtc/engines/networks.nodejs.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { proveSocket } from "../../../runtime/transports/webrtc/engines/sockets.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** The process has `count` UDP sockets left. */
function leave(count: number): void {
  let left = count;
  const bind = Socket.prototype.bind;
  vi.spyOn(Socket.prototype, "bind").mockImplementation(function (this: Socket, ...given: unknown[]) {
    left--;
    if (left >= 0) return Reflect.apply(bind, this, given) as Socket;
    setImmediate(() => this.emit("error", Object.assign(new Error("bind EMFILE"), { code: "EMFILE" })));
    return this;
  });
}

describe.each([
  ["werift", () => weriftEngine()],
  ["node-datachannel", () => nodeDatachannelEngine({ library })],
])("%s in a process that may open no more sockets", (_, engine) => {
  it("says so to who dials, and connects again when it may (R5.3)", async () => {
    const transport = weriftTransport({ engine: engine(), share: false });
    const listener = await transport.listen("webrtc://127.0.0.1:0", () => undefined);
    cleanUps.push(() => listener.close());
    const dial = () => transport.dial(`${listener.address}/P`, { signal: new AbortController().signal });
    leave(0);
    const said = "This process has as many files and sockets open as it may.";
    await expect(dial()).rejects.toMatchObject({ code: "resource-exhausted", message: said });
    vi.restoreAllMocks();
    const connection = await dial();
    cleanUps.push(() => connection.close());
    expect(connection.describe().state).toBe("connected");
  });
});

describe("werift, of whose sockets some cannot be opened", () => {
  it("goes on with those that can, and has no error that nobody catches", async () => {
    leave(1);
    const engine = weriftEngine();
    const peer = engine.createPeerConnection();
    cleanUps.push(() => engine.close(peer));
    peer.createDataChannel("control", { negotiated: true, id: 0 });
    engine.tune(peer);
    // The first one is that which was tried; all of werift's own fail.
    await peer.setLocalDescription(await peer.createOffer());
    expect(peer.localDescription?.sdp).not.toContain("a=candidate:");
  });
});

describe("trying a socket", () => {
  it("fails at an address that is not there", async () => {
    const failed = await proveSocket("192.0.2.1").catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(MeshError);
    expect(failed).toMatchObject({
      code: "peer-unreachable",
      message: expect.stringMatching(/^No UDP socket can be opened: /),
    });
  });
});

describe("the address of a machine without a network", () => {
  const base = { netmask: "", mac: "00:00:00:00:00:00", cidr: null };
  const at = (address: string, internal = false): Interfaces[string] => [
    address.includes(":")
      ? { ...base, address, internal, family: "IPv6", scopeid: 0 }
      : { ...base, address, internal, family: "IPv4" },
  ];
  const lo = [...(at("127.0.0.1", true) ?? []), ...(at("::1", true) ?? [])];

  it.each<[string, Interfaces, string | undefined]>([
    ["there is a network", { lo, eth0: at("192.168.1.5") }, undefined],
    ["there is one of IPv6 alone", { lo, eth0: at("fd00::1") }, undefined],
    ["there is only loopback", { lo }, "127.0.0.1"],
    ["loopback has IPv6 alone", { lo: at("::1", true) }, "::1"],
    ["nothing is up", {}, undefined],
    ["interfaces gave themselves addresses of IPv4", { lo, eth0: at("169.254.7.7") }, "127.0.0.1"],
    ["interfaces gave themselves addresses of IPv6", { lo, utun0: at("fe80::1") }, "::1"],
    ["one of them is on loopback", { lo0: [...(at("fe80::1", true) ?? []), ...lo], en0: at("fe80::2") }, "::1"],
  ])("where %s", (_, interfaces, expected) => {
    expect(loneLoopback(interfaces)).toBe(expected);
  });
});
