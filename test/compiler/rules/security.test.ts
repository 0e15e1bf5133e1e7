import { describe, expect, it } from "vitest";
import { spiffeProblem } from "../../../compiler/check/rules/spiffe-pattern.rule.ts";
import { readPlan } from "../../../runtime/interface/plan.ts";
import { compileText, expectOnly } from "../support/marked.ts";

const peer = (members: string): string => `
pipeline Q { in t: text
 out u: text
 t -> u }
peer box { runs Q
 ${members} }`;

const remote = (target: string, allows: string, auth = 'auth mtls "spiffe://example.com/gpu"'): string => `
interface Talks { in t: text
 out u: text }
pipeline Q: Talks { in t: text
 out u: text
 t -> u }
peer gpu { runs Q
 listens "webrtc://127.0.0.1:7443"
 ${allows} }
policy safe { ${auth} }
pipeline P { in t: text
 out u: text
 remote r: Talks with safe { ${target} }
 t -> r -> u }`;

describe("a peer that listens", () => {
  it.each([
    ["on every network", 'listens «"webrtc://0.0.0.0:7443"»'],
    ["on every network, IPv6", 'listens «"webrtc://[::]:7443"»'],
    ["at an address of the network", 'listens «"grpc://192.168.1.4:7443"»'],
    ["at a name", 'listens «"webrtc://edge.example.com"»'],
    [
      "at one that is not loopback, said once",
      'listens "webrtc://127.0.0.1:1", «"webrtc://0.0.0.0:2"», "grpc://0.0.0.0:3"',
    ],
    ["by default of a variable", 'listens env("AT", «"webrtc://0.0.0.0:7443"»)'],
    ["with an admin only", 'admin "spiffe://example.com/admin"\n listens «"webrtc://0.0.0.0:7443"»'],
  ])("%s without allows", (_, members) => {
    expectOnly("MESH7001", peer(members));
  });

  it.each([
    ["at loopback", 'listens "webrtc://127.0.0.1:7443", "grpc://[::1]:7444", "webrtc://localhost:7445"'],
    ["with TLS", 'listens "webrtc+wss://127.0.0.1:7443"'],
    ["with allows", 'listens "webrtc://0.0.0.0:7443"\n allows "spiffe://example.com/client"'],
    ["at what only the environment knows", 'listens env("AT")'],
    ["nowhere", ""],
  ])("is fine %s", (_, members) => {
    expectOnly(undefined, peer(members));
  });

  it.each([
    ["what is no address", 'listens «"everywhere"»'],
    ["with a peer before the @", 'listens «"webrtc://edge@127.0.0.1:80"»'],
    ["gRPC with TLS", 'listens «"grpc+wss://127.0.0.1:80"»'],
    ["with a scheme that is none of ours", 'listens «"http://127.0.0.1:80"»'],
    ["signaling over another scheme", 'registers «"https://signal.example.com"»'],
  ])("refuses %s", (_, members) => {
    expectOnly("MESH3003", peer(members));
  });
});

describe("addresses", () => {
  it("are listened at once", () => {
    expectOnly("MESH2003", peer('listens "webrtc://127.0.0.1:7443", «"webrtc://127.0.0.1:7443"»'));
    expectOnly(undefined, peer('listens "webrtc://127.0.0.1:0", "webrtc://127.0.0.1:0", "grpc://127.0.0.1:7443"'));
  });
});

describe("auth mtls", () => {
  it.each([
    ["a peer that allows nobody", "«at gpu.Q»"],
    ["a peer that allows nobody, by its address", '«at "webrtc://127.0.0.1:7443/Q"»'],
    ["a plain address", 'at «"ws://far.example.com/Q"»'],
  ])("refuses %s", (_, target) => {
    expectOnly("MESH7002", remote(target, ""));
  });

  it("accepts a peer that allows somebody, an address and a local target", () => {
    expectOnly(undefined, remote('at gpu.Q else "webrtc://far/Q" else Q()', 'allows "spiffe://example.com/edge"'));
  });

  it("is told to the runtime with the access rules", () => {
    const text = remote("at gpu.Q", 'allows "spiffe://example.com/edge"\n admin "spiffe://example.com/admin/*"');
    const plan = readPlan(JSON.parse(JSON.stringify(compileText(text).plan)));
    expect(plan.pipelines["P"]?.remotes[0]?.policy.auth).toEqual({
      method: "mtls",
      identity: "spiffe://example.com/gpu",
    });
    expect(plan.peers["gpu"]).toMatchObject({
      allows: [{ literal: "spiffe://example.com/edge" }],
      admin: [{ literal: "spiffe://example.com/admin/*" }],
    });
  });

  it("refuses an identity that is none", () => {
    expectOnly("MESH7003", remote("at gpu.Q", 'allows "spiffe://a/b"', 'auth mtls «"gpu"»'));
  });
});

describe("SPIFFE patterns", () => {
  it.each([
    "spiffe://example.com/edge",
    "spiffe://example.com/ns/prod/sa/*",
    "spiffe://example.com/*/gpu",
    "spiffe://example.com/**",
    "spiffe://example.com/edge-*",
    "spiffe://example.com",
    "spiffe://a_b-c.d/E.f_g-1",
  ])("takes %s", (text) => {
    expect(spiffeProblem(text)).toBeUndefined();
    expectOnly(undefined, peer(`allows "${text}"`));
  });

  it.each([
    ["example.com/edge", "spiffe://example.com/edge"],
    ["SPIFFE://example.com/edge", "spiffe://example.com/edge"],
    ["spiffe://Example.com/edge", "spiffe://example.com/edge"],
    ["spiffe://example.com/edge/", "spiffe://example.com/edge"],
    ["https://example.com/edge", undefined],
    ["spiffe:///edge", undefined],
    ["spiffe://example.com:7443/edge", undefined],
    ["spiffe://user@example.com/edge", undefined],
    ["spiffe://*/edge", undefined],
    ["spiffe://example.com//edge", undefined],
    ["spiffe://example.com/../edge", undefined],
    ["spiffe://example.com/**/edge", undefined],
    ["spiffe://example.com/a**", undefined],
    ["spiffe://example.com/edge?x=1", undefined],
    ["spiffe://example.com/ed ge", undefined],
    ["*", undefined],
    ["", undefined],
    [`spiffe://example.com/${"a".repeat(2048)}`, undefined],
  ])("refuses %s", (text, better) => {
    const found = expectOnly("MESH7003", peer(`allows «"${text}"»`));
    expect(found.fixes[0]?.edits[0]?.newText).toBe(better === undefined ? undefined : JSON.stringify(better));
  });

  it("refuses them for admins too", () => {
    expectOnly("MESH7003", peer('admin «"root"»'));
  });
});
