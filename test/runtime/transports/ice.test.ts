import { describe, expect, it } from "vitest";
import { checkIce, parseIceServer } from "../../../runtime/transports/webrtc/ice.ts";
import { whyNoPath } from "../../../runtime/transports/webrtc/paths.ts";

describe("a STUN or TURN server", () => {
  it.each([
    ["stun:stun.example.org", { urls: "stun:stun.example.org" }],
    ["stun:[fd00::2]:3478", { urls: "stun:[fd00::2]:3478" }],
    [
      "turn:ann:secret@10.0.0.1:3478?transport=tcp",
      { urls: "turn:10.0.0.1:3478?transport=tcp", username: "ann", credential: "secret" },
    ],
    ["turns:a%3Ab:p%40ss@turn.example.org", { urls: "turns:turn.example.org", username: "a:b", credential: "p@ss" }],
  ])("is read from %s", (text, server) => {
    expect(parseIceServer(text)).toEqual(server);
  });

  it.each([
    ["stun", /`stun` is no address/],
    ["http://turn.example.org", /is no address of a STUN or TURN server/],
    ["turn:10.0.0.1", /has no name and password/],
    ["turn:ann:@10.0.0.1", /has no name and password/],
    ["stun:host:port", /is no address/],
    ["turn:ann:%zz@10.0.0.1", /begins no percent-encoding/],
    ["turn:10.0.0.1?transport=sctp", /is no address/],
  ])("is refused as %s", (text, message) => {
    expect(() => parseIceServer(text)).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringMatching(message) }),
    );
  });

  it("is refused without its password in the message", () => {
    expect(() => parseIceServer("turn:ann:secret@host:x")).toThrow(/^(?!.*secret)/);
  });

  it("has to be there where everything is relayed, and there are at most eight", () => {
    expect(() => checkIce({ transportPolicy: "relay", servers: [{ urls: "stun:a" }] })).toThrow(
      /no TURN server is named/,
    );
    expect(() => checkIce({ servers: Array.from({ length: 9 }, () => ({ urls: "stun:a" })) })).toThrow(/at most 8/);
  });
});

describe("why no path was found", () => {
  const host = (address: string): string => `candidate:1 1 udp 1 ${address} 5000 typ host generation 0`;
  const relay = "candidate:1 1 udp 1 198.51.100.7 49152 typ relay raddr 0.0.0.0 rport 0";
  const none = { local: [host("10.0.0.1")], remote: [host("10.0.1.1")], pairs: [], relayOnly: false };
  const end = (address: string) => ({ address, port: 5000, type: "host", protocol: "udp" });

  it("names what was found on each side and what was tried, each once", () => {
    const pairs = [{ local: end("10.0.0.1"), remote: end("fd00::2"), state: "failed" as const, selected: false }];
    const { reason } = whyNoPath({ ...none, local: [...none.local, ...none.local, "no candidate"], pairs });
    expect(reason.split("\n  ")).toEqual([
      "found here: host 10.0.0.1:5000/udp",
      "found there: host 10.0.1.1:5000/udp",
      "tried: host 10.0.0.1:5000/udp to host [fd00::2]:5000/udp: failed",
    ]);
  });

  it.each([
    ["only their own addresses are known", none, /a STUN or TURN server helps/],
    ["the relay gave nothing", { ...none, local: [], relayOnly: true }, /The TURN server gave no address/],
    ["this side has no network", { ...none, local: [] }, /This machine has no address/],
    ["the other side has none", { ...none, remote: [] }, /The other side told of no address/],
    ["the other side hides its own", { ...none, remote: [host("3f.local")] }, /multicast DNS/],
    ["a relay did not help", { ...none, local: [relay] }, /TURN server over TCP/],
    [
      "a path was found",
      { ...none, pairs: [{ local: end("a"), remote: end("b"), state: "succeeded" as const, selected: true }] },
      /no channel opened over it in time .*--engine/,
    ],
  ])("says what to try where %s", (_, search, hint) => {
    expect(whyNoPath(search).hint).toMatch(hint);
  });

  it("keeps long lists short", () => {
    const local = Array.from({ length: 20 }, (_, at) => host(`10.0.0.${at}`));
    expect(whyNoPath({ ...none, local }).reason).toContain("10.0.0.5:5000/udp, and 14 more\n");
  });
});
