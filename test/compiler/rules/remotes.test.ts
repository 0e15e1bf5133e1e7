import { describe, expect, it } from "vitest";
import { readPlan } from "../../../runtime/interface/plan.ts";
import { compileText, expectOnly } from "../support/marked.ts";

/** A remote of a stream of text, with these lines in it, beside these declarations. */
const remote = (lines: string, more = ""): string => `
interface Talks { in t: text
 out u: text }
pipeline Local: Talks { in t: text
 out u: text
 t -> u }
pipeline Far: Talks { in t: text
 out u: text
 t -> u }
peer gpu { runs Far as "far"
 runs Local
 listens "webrtc://127.0.0.1:7443" }
peer old { runs Far
 listens "grpc://127.0.0.1:7445" }
pipeline P { in t: text
 out u: text
 remote r: Talks { ${lines} }
 t -> r -> u }
${more}`;

const withPolicy = (policy: string, lines = "at gpu.Far"): string =>
  remote(lines, `policy some { ${policy} }`).replace("remote r: Talks {", "remote r: Talks with some {");

const shapes = (
  target: string,
  at: string,
  wanted = "in speech: audio<opus, 48kHz, mono>\n out words: text",
): string => `
interface Hears { ${wanted} }
${target}
peer gpu { runs Q }
pipeline P { in a: audio<opus, 48kHz, mono>
 out w: text
 remote r: Hears { ${at} }
 a -> r -> w }`;

const node = (ports: string): string => `node Q { ${ports}\n from "./x.ts" }`;

const asking = (word: string, at: string): string => `
batch interface Asks { in t: text
 out u: text }
${word}pipeline Q { in t: text
 out u: text
 t -> u }
pipeline P { in t: text
 out u: text
 remote r: Asks { ${at} }
 t -> r -> u }`;

const mixing = (shared: string, at: string): string => `
interface Left { in a: text
 out u: text }
node Both { in a: text
 in b: text
 out u: text
 from "./x.ts" }
pipeline Mixer { in a: text
 in b: text
 out u: text
 let m = Both()
 a -> m.a
 b -> m.b
 m -> u }
peer hub { runs Mixer${shared} }
pipeline P { in a: text
 out u: text
 remote r: Left { ${at} }
 a -> r -> u }`;

const two = (a: string, b: string, runsA = "runs A", runsB = "runs B"): string => `
interface Talks { in t: text
 out u: text }
pipeline A: Talks { in t: text
 out u: text
 remote r: Talks { ${a} }
 t -> r -> u }
pipeline B: Talks { in t: text
 out u: text
 remote r: Talks { ${b} }
 t -> r -> u }
pipeline End: Talks { in t: text
 out u: text
 t -> u }
peer one { ${runsA}
 runs End }
peer two { ${runsB} }`;

describe("targets", () => {
  it.each([
    ["a peer's pipeline", "at gpu.Far"],
    ["a peer's pipeline by its name there", "at gpu.far"],
    ["an address", 'at "webrtc://far.example.com/talker"'],
    ["an address with a port", 'at "grpc://[::1]:7443/talker"'],
    ["a peer behind a service", 'at "webrtc://tts-1@signal.example.com:7440/talker"'],
    ["a peer behind a service with TLS", 'at "webrtc+wss://tts-1@signal.example.com/talker"'],
    ["two peers behind one service", 'at "webrtc://a@signal/talker" else "webrtc://b@signal/talker"'],
    ["an address from the environment", 'at env("FAR", "webrtc://far:7443/talker")'],
    ["a service", 'at service "talker"'],
    [
      "a service with a filter",
      'at service "talker" where voice == "anna" or voice == "bob", slots >= 2, prefer fastest',
    ],
    ["a service by load", 'at service "talker", prefer least_loaded'],
    ["a service by session", 'at service "talker", prefer hash'],
    ["a service, adapting", 'at service "talker", prefer adaptive'],
    ["a local pipeline", "at Local()"],
    ["all of them, the local one last", 'at gpu.Far else service "talker" else "webrtc://far/talker" else Local()'],
  ])("accepts %s", (_, lines) => {
    expectOnly(undefined, remote(lines));
  });

  it.each([
    ["an unknown peer", "MESH2001", "at «gpuu».Far"],
    ["a pipeline as a peer", "MESH2007", "at «Local».Far"],
    ["a peer without one of its pipelines", "MESH2007", "at «gpu»"],
    ["what the peer does not run", "MESH2001", "at gpu.«Fur»"],
    ["an address without a scheme", "MESH3003", 'at «"far.example.com/talker"»'],
    ["an address with another scheme", "MESH3003", 'at «"https://far.example.com/talker"»'],
    ["an address that names no pipeline", "MESH3003", 'at «"webrtc://far.example.com"»'],
    ["an address with too large a port", "MESH3003", 'at «"webrtc://far:74430/talker"»'],
    ["a password", "MESH3003", 'at «"webrtc://me:secret@far/talker"»'],
    ["no id before the @", "MESH3003", 'at «"webrtc://@signal/talker"»'],
    ["no host behind the @", "MESH3003", 'at «"webrtc://tts@/talker"»'],
    ["an id that is none", "MESH3003", 'at «"webrtc://-tts@signal/talker"»'],
    ["a peer behind a service by gRPC", "MESH3003", 'at «"grpc://tts-1@signal/talker"»'],
    ["gRPC with the encryption of signaling", "MESH3003", 'at «"grpc+wss://far/talker"»'],
    ["an address from the environment that is none", "MESH3003", 'at env("FAR", «"far"»)'],
    ["an unknown preference", "MESH2010", 'at service "talker", prefer «quickest»'],
    ["a misspelt preference", "MESH2010", 'at service "talker", prefer «round_robbin»'],
    ["an unknown parameter in a filter", "MESH2001", 'at service "talker" where voice == «accent»'],
    ["a service without a name", "MESH3003", 'at service «""»'],
    ["an unknown local pipeline", "MESH2001", "at «Locall»()"],
    ["a record as a target", "MESH2007", "at «Talks»()"],
  ])("refuses %s", (_, code, lines) => {
    expectOnly(code, remote(lines));
  });

  it("does not repeat what may be a password", () => {
    const found = expectOnly("MESH3003", remote('at «"webrtc://me:secret@far/talker"»'));
    expect(JSON.stringify([found.message, found.hint])).not.toContain("secret");
  });

  it("knows a peer behind a service again, and tells it from another", () => {
    expectOnly("MESH6001", remote('at "webrtc://a@signal/talker" «else "webrtc://a@signal:7443/talker"»'));
  });

  it("offers the near name of a preference as a fix", () => {
    const found = expectOnly("MESH2010", remote('at service "talker", prefer «round_robbin»'));
    expect(found.fixes[0]).toMatchObject({ applicability: "suggested", edits: [{ newText: "round_robin" }] });
  });

  it("lowers services, filters and parameters", () => {
    const { plan } = compileText(
      remote('at service "talker" where voice == v, prefer fastest').replace(
        "pipeline P {",
        'pipeline P(v: text = "x") {',
      ),
    );
    expect(readPlan(JSON.parse(JSON.stringify(plan))).pipelines["P"]?.remotes[0]?.targets).toEqual([
      {
        kind: "service",
        service: "talker",
        prefer: "fastest",
        text: 'service "talker" where voice == v, prefer fastest',
        where: [
          {
            text: "voice == v",
            anyOf: [{ kind: "compare", path: ["voice"], operator: "==", value: { param: "v" } }],
          },
        ],
      },
    ]);
  });
});

describe("the order of targets", () => {
  it.each([
    ["an `else` at first", "«else» gpu.Far"],
    ["a second `at`", "at gpu.Far «at» old.Far"],
    ["an `else` before the `at`", "«else» gpu.Far at old.Far"],
  ])("refuses %s", (_, lines) => {
    expectOnly("MESH6007", remote(lines));
  });

  it("is put right by a fix", () => {
    const found = expectOnly("MESH6007", remote("at gpu.Far «at» old.Far"));
    expect(found.fixes[0]?.edits[0]?.newText).toBe("else");
  });
});

describe("fallbacks that are never reached", () => {
  it.each([
    ["behind a local pipeline", "at Local() «else gpu.Far»"],
    ["behind a local fallback", 'at gpu.Far else Local() «else service "talker"»'],
    ["only the first of several", "at Local() «else gpu.Far» else old.Far"],
    ["the same peer again", "at gpu.Far else old.Far «else gpu.Far»"],
    ["the same pipeline by its other name", "at gpu.Far «else gpu.far»"],
    ["the same address again", 'at "webrtc://far/t" «else "webrtc://far/t"»'],
    ["the same service again", 'at service "t" where gpu «else service "t" where gpu, prefer fastest»'],
    ["two local ones", "at Local() «else Far()»"],
  ])("%s", (_, lines) => {
    expectOnly("MESH6001", remote(lines));
  });

  it.each([
    ["two pipelines of one peer", "at gpu.Far else gpu.Local"],
    ["one pipeline on two peers", "at gpu.Far else old.Far"],
    ["a service with and without a filter", 'at service "t" where gpu else service "t"'],
  ])("not %s", (_, lines) => {
    expectOnly(undefined, remote(lines));
  });
});

describe("targets and the interface", () => {
  it.each([
    ["a node of the same ports", node("in speech: audio<opus, 48kHz, mono>\n out words: text")],
    ["a node whose sole ports have other names", node("in audio<opus, 48kHz, mono>\n out text")],
    ["a node that takes more", node("in audio<opus | pcmu, 8kHz..48kHz, mono>\n out text")],
    ["a node with further outputs", node("in speech: audio<opus>\n out words: text\n out started: signal")],
    ["a node with optional inputs", node("in speech: audio<opus>\n in hint: text?\n out words: text")],
  ])("accepts %s", (_, q) => {
    expectOnly(undefined, shapes(q.replace("peer", ""), "at Q()").replace("peer gpu { runs Q }", ""));
  });

  it.each([
    ["a node of another input", node("in speech: audio<opus, 48kHz, stereo>\n out words: text")],
    ["a node that gives something else", node("in speech: audio<opus, 48kHz, mono>\n out words: int")],
    ["a node that gives more kinds", node("in audio<opus>\n out audio<opus>")],
    ["a node that lacks an output", node("in speech: audio<opus, 48kHz, mono>")],
    ["a node with other names for several", node("in one: audio<opus>\n in two: text\n out words: text")],
    ["a node that needs more", node("in speech: audio<opus>\n in hint: text\n out words: text")],
  ])("refuses %s", (_, q) => {
    expectOnly("MESH6003", shapes(q, "«at Q()»").replace("peer gpu { runs Q }", ""));
  });

  const q = "pipeline Q { in speech: audio<opus, 48kHz, stereo>\n out words: text\n speech -> Hear() -> words }";
  const hear = '\nnode Hear { in audio<opus>\n out text\n from "./x.ts" }';

  it("refuses a pipeline of a peer whose inside narrows it too far", () => {
    expectOnly("MESH6003", shapes(q + hear, "«at gpu.Q»"));
    expectOnly(undefined, shapes(q.replace(", stereo", "") + hear, "at gpu.Q"));
  });

  it("lets a format that the target leaves open follow from what it is sent", () => {
    const open = "pipeline Q { in x: audio<opus>\n out y: audio<opus>\n x -> y }";
    const wanted = "in x: audio<opus, 48kHz, mono>\n out y: audio<opus, 48kHz, mono>";
    expectOnly(undefined, shapes(open, "at gpu.Q", wanted).replace("out w: text", "out w: audio<opus, 48kHz, mono>"));
  });

  it("holds what a parameter fixes by default against the interface, and tells who narrowed it", () => {
    const fixed = "pipeline Q(r: frequency = 16kHz) { in x: audio<opus, r>\n out y: audio<opus>\n x -> y }";
    const wanted = "in x: audio<opus, 48kHz, mono>\n out y: audio<opus, 48kHz, mono>";
    const text = shapes(fixed, "«at gpu.Q»", wanted).replace("out w: text", "out w: audio<opus, 48kHz, mono>");
    const found = expectOnly("MESH6003", text);
    expect(found.message).toContain("takes audio<opus, 16kHz>");
    expectOnly(undefined, text.replace("r: frequency = 16kHz", "r: frequency = 48kHz").replace(/[«»]/g, ""));
  });

  it("refuses one that the default of a parameter around the remote leaves no format, and tells which", () => {
    const text = (fallback: string): string => `
interface Speaks { in text: text
 out speech: audio<48kHz, mono> }
node Say { in text
 out audio<pcm_s16, 48kHz, mono>
 from "./x.ts" }
node Play(codec: text) { in audio<codec, 48kHz, mono>
 from "./x.ts" }
pipeline Q { in text: text
 out speech: audio<pcm_s16, 48kHz, mono>
 text -> Say() -> speech }
peer gpu { runs Q }
pipeline P(spoken: text = "${fallback}") { in a: text
 remote r: Speaks { «at gpu.Q» }
 a -> r -> Play(codec: spoken) }`;
    const found = expectOnly("MESH6003", text("opus"));
    expect(found.related.map(({ message }) => message)).toContain("by default, `spoken` is opus");
    expectOnly(undefined, text("pcm_s16").replace(/[«»]/g, ""));
  });

  it("refuses a stream where requests are answered", () => {
    expectOnly("MESH6003", asking("", "«at Q()»"));
    expectOnly(undefined, asking("batch ", "at Q()"));
  });

  it("lets other callers feed the rest of a shared pipeline", () => {
    expectOnly(undefined, mixing(" shared", "at hub.Mixer"));
    expectOnly("MESH6003", mixing("", "«at hub.Mixer»"));
  });
});

describe("pipelines in a circle", () => {
  it.each([
    ["two that call each other", "MESH5008", two("at two.B", "«at one.A»")],
    ["one that calls itself", "MESH5008", two("«at one.A»", "at one.End")],
    ["one that runs itself as its target", "MESH5008", two("«at A()»", "at one.End")],
    ["a fallback that leads back", "MESH6004", two("at one.End else two.B", "at one.End «else one.A»")],
    ["a fallback into one that calls back", "MESH6004", two("at two.B", "at one.End «else one.A»")],
    ["a fallback on itself", "MESH6004", two("at one.End «else one.A»", "at one.End")],
    [
      "a fallback that leads back to a shared one",
      "MESH6004",
      two("at two.B", "at one.End «else one.A»", "runs A shared"),
    ],
  ])("refuses %s", (_, code, text) => {
    expectOnly(code, text);
  });

  it.each([
    ["a chain", two("at two.B", "at one.End")],
    ["a chain of fallbacks", two("at two.B else one.End", "at one.End")],
    ["a circle through a shared one", two("at two.B", "at one.A", "runs A shared")],
  ])("accepts %s", (_, text) => {
    expectOnly(undefined, text);
  });

  it("shows the way round", () => {
    const found = expectOnly("MESH5008", two("at two.B", "«at one.A»"));
    expect(found.message).toContain("`A` → `B` → `A`");
    expect(found.related.map((one) => one.message)).toEqual(["`A` calls `B`"]);
  });
});

describe("policies", () => {
  it.each([
    ["retry", "retry 5 times, backoff 100ms..5s"],
    ["retry without backoff", "retry 0 times"],
    ["an open range", "retry 2 times, backoff 1s.."],
    ["timeouts", "timeout connect 3s, idle 10s, call 1min"],
    ["timeouts in two lines", "timeout connect 3s\n timeout idle 10s"],
    ["breaker", "breaker 5 failures in 30s, open 10s"],
    ["breaker without open", "breaker 5 failures in 30s"],
    ["via", "via webrtc"],
    ["resume", "resume 10s"],
    ["standby", "standby off"],
    ["failback", "failback after 30s"],
  ])("takes %s", (_, policy) => {
    expectOnly(undefined, withPolicy(policy));
  });

  it.each([
    ["a number of another kind", "MESH3003", "retry «2.5» times"],
    ["too many retries", "MESH3005", "retry «2000» times"],
    ["a backoff that is no range", "MESH3003", "retry 2 times, backoff «100ms»"],
    ["a backoff of frequencies", "MESH3003", "retry 2 times, backoff «8kHz»..5s"],
    ["a backoff that runs backwards", "MESH3005", "retry 2 times, backoff «5s..100ms»"],
    ["a timeout of another kind", "MESH3003", "timeout connect «3kHz»"],
    ["a timeout of no time", "MESH3005", "timeout connect «0ms»"],
    ["an unknown timeout", "MESH2010", "timeout «conect» 3s"],
    ["a breaker without failures", "MESH3005", "breaker «0» failures in 30s"],
    ["a breaker over a size", "MESH3003", "breaker 5 failures in «30MiB»"],
    ["an unknown transport", "MESH2010", "via «quic»"],
    ["an unknown choice of standby", "MESH2010", "standby «maybe»"],
    ["an unknown way to prove identity", "MESH2010", 'auth «tokens» "x"'],
    ["one clause twice", "MESH2003", "resume 10s\n «resume 20s»"],
    ["one timeout twice", "MESH2003", "timeout idle 10s, «idle 20s»"],
  ])("refuses %s", (_, code, policy) => {
    expectOnly(code, withPolicy(policy));
  });

  it("overrides the named policy clause by clause", () => {
    const { plan } = compileText(
      withPolicy(
        "retry 5 times, backoff 100ms..5s\n timeout connect 3s, idle 10s\n breaker 5 failures in 30s, open 10s\n via webrtc\n resume 4s\n standby off",
        "retry 1 times\n timeout idle 2s\n via auto\n failback after 30s\n at gpu.Far",
      ),
    );
    expect(plan?.pipelines["P"]?.remotes[0]?.policy).toEqual({
      retryTimes: 1,
      backoffMinMs: 100,
      backoffMaxMs: 5000,
      connectTimeoutMs: 3000,
      idleTimeoutMs: 2000,
      breaker: { failures: 5, windowMs: 30_000, openMs: 10_000 },
      resumeMs: 4000,
      standby: false,
      failbackAfterMs: 30_000,
    });
  });

  it.each([
    ["in a policy", withPolicy("«retry 10 times, backoff 1s..5s»\n timeout call 2s")],
    ["in a remote", remote("«retry 10 times, backoff 1s..5s»\n timeout call 2s\n at gpu.Far")],
    [
      "with the connect timeouts",
      remote("«retry 4 times, backoff 10ms..20ms»\n timeout connect 3s, call 10s\n at gpu.Far"),
    ],
    ["across both", withPolicy("retry 10 times, backoff 1s..5s", "«timeout call 2s»\n at gpu.Far")],
  ])("warns of retries that outlast the call, %s", (_, text) => {
    expectOnly("MESH6005", text);
  });

  it.each([
    ["short retries", withPolicy("retry 3 times, backoff 100ms..1s\n timeout call 10s")],
    ["no call timeout", withPolicy("retry 100 times, backoff 1s..5s\n timeout idle 2s")],
    ["retries that nobody asked for", withPolicy("timeout call 100ms")],
    ["a remote that gives it more time", withPolicy("retry 3 times, backoff 1s..5s", "timeout call 1min\n at gpu.Far")],
  ])("is silent for %s", (_, text) => {
    expectOnly(undefined, text);
  });

  it.each([
    ["a gRPC address by WebRTC", 'via webrtc\n «at "grpc://far/t"»'],
    ["a WebRTC address by gRPC", 'via grpc\n «at "webrtc://far/t"»'],
    ["a peer that listens otherwise", "via webrtc\n «at old.Far»"],
  ])("refuses %s", (_, lines) => {
    expectOnly("MESH6006", remote(lines));
  });

  it.each([
    ["the transport that is there", "via grpc\n at old.Far"],
    ["auto", "via auto\n at old.Far"],
    ["a local target", "via grpc\n at Local()"],
  ])("accepts %s", (_, lines) => {
    expectOnly(undefined, remote(lines));
  });
});
