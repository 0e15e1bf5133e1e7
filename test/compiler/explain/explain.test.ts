import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { renderPage } from "../../../compiler/explain/render-page.ts";
import { style } from "../../../compiler/diagnostics/style.ts";
import { commandLine, type CommandLine } from "../support/command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = commandLine();
});
afterEach(() => cli[Symbol.dispose]());

const program = `import { Vad } from "std/speech"
interface Hears { in speech: audio<opus, 48kHz, mono>
 out words: text }
node Hear(model: text = "small", level: int = 3) { in audio<pcm_f32, 16kHz, mono>
 out text
 requires memory >= 1GiB }
pipeline Local: Hears { in speech: audio<opus, 48kHz, mono>
 out words: text
 speech ~> Hear(level: 5) -> words }
policy patient { retry 4 times, backoff 100ms..2s
 timeout connect 3s, idle 10s, call 1min
 breaker 5 failures in 30s }
pipeline Main { in mic: audio<pcm_f32, 8kHz..48kHz>
 out words: text
 let vad = Vad(threshold: 0.7)
 remote stt: Hears with patient { at gpu.Local
  else service "ears" where gpu, prefer fastest
  else env("EARS", "webrtc://far:7443/ears")
  else Local() }
 mic -> vad
 vad.speech ~> stt -> words }
peer edge { runs Main shared
 provides memory(2GiB) }
peer gpu { runs Local
 listens "webrtc://127.0.0.1:7443"
 provides memory(2GiB), gpu }
`;

async function line(number: number): Promise<string> {
  cli.write("main.mesh", program);
  const { code, out, err } = await cli.run("explain", `main.mesh:${number}`);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}

describe("meshc explain FILE:LINE", () => {
  it("tells the format of a link, who settled it, and what was put in", async () => {
    const out = await line(21);
    expect(out).toContain("vad.speech ~> stt");
    expect(out).toContain("Resample(to: 48kHz), then OpusEncode");
    expect(out).toContain("at cost 6");
    expect(out).toMatch(/rate 48kHz: .*`stt` takes 48kHz \(main\.mesh:2\)/);
    expect(out).toContain("`Hears` is a stream, and streams go by WebRTC");
    expect(out).toContain("stt -> words");
  });

  it("tells how the links inside narrow a port", async () => {
    const out = await line(13);
    expect(out).toContain("in mic");
    expect(out).toContain("audio<pcm_f32, 16kHz, mono>");
    expect(out).toContain("declared as audio<pcm_f32, 8kHz..48kHz>");
  });

  it("tells parameters with their defaults", async () => {
    expect(await line(15)).toMatch(/threshold = 0\.7\n.*lead = 200000, the default/);
    expect(await line(9)).toMatch(/model = "small", the default\n.*level = 5/);
  });

  it.each([16, 17, 19])("tells the order of targets and the policy on line %i of a remote", async (number) => {
    const out = await line(number);
    expect(out).toContain("1. gpu.Local: `Local` on the peer `gpu` at webrtc://127.0.0.1:7443/Local");
    expect(out).toContain("2. service");
    expect(out).toContain("among those for whom the filter holds, chosen by fastest");
    expect(out).toContain("3. env EARS: from the environment, webrtc://far:7443/ears by default");
    expect(out).toContain("4. Local(): in the same process, always there");
    expect(out).toContain("5 attempts for each target, waiting 100ms to 2s between them, then the next target");
    expect(out).toContain("left alone for 10s after 5 failures in 30s");
  });

  it("R11.3 tells by which transport a remote goes, why, and what it falls to", async () => {
    const remotes = `batch interface Asks { in q: text
 out a: text }
interface Talks { in q: text
 out a: text }
batch pipeline Main { in q: text
 out a: text
 remote ask: Asks { at gpu.Ask
  else cpu.Ask
  else "webrtc://far/x" }
 q -> ask -> a }
pipeline Flow { in q: text
 out a: text
 remote talk: Talks { at "grpc://far/x" }
 remote forced: Talks { at "webrtc://far/x"
  via webrtc }
 q -> [talk, forced] -> a }
batch pipeline Own: Asks { in q: text
 out a: text
 remote r: Asks { at "grpc://far/x" }
 q -> r -> a }
peer gpu { runs Own as "Ask"
 listens "webrtc://127.0.0.1:7443"
 listens "grpc://127.0.0.1:7444" }
peer cpu { runs Own as "Ask"
 listens "webrtc://127.0.0.1:7445" }
`;
    cli.write("main.mesh", remotes);
    const at = async (what: number): Promise<string> => (await cli.run("explain", `main.mesh:${what}`)).out;
    const ask = await at(7);
    expect(ask).toMatch(/transport +gRPC\n/);
    expect(ask).toContain("1. gpu.Ask: `Ask` on the peer `gpu` at grpc://127.0.0.1:7444/Ask");
    expect(ask).toContain("2. cpu.Ask: `Ask` on the peer `cpu` at webrtc://127.0.0.1:7445/Ask");
    expect(ask).toContain("`Asks` is `batch`: requests and responses go by gRPC");
    expect(ask).toContain("`cpu.Ask` by WebRTC, for `cpu` does not listen by gRPC");
    expect(ask).toContain("by WebRTC, for that is its address");
    expect(ask).toContain("a target that has no address of gRPC is asked over a session of WebRTC");
    const talk = await at(13);
    expect(talk).toMatch(/transport +gRPC\n/);
    expect(talk).toContain("`Talks` is a stream, and streams go by WebRTC");
    expect(talk).toContain("a target that has no address of WebRTC is reached by gRPC");
    const forced = await at(14);
    expect(forced).toMatch(/transport +WebRTC\n/);
    expect(forced).toContain("the policy says `via webrtc`, so that no other one is taken");
  });

  it("tells what a peer has to provide for what it runs", async () => {
    const out = await line(22);
    expect(out).toContain("one instance for all callers");
    expect(out).toContain("memory >= 1GiB, by Main → stt → Local → Hear");
  });

  it("tells when frames take a way, what a full queue does and what a flush drops", async () => {
    cli.write(
      "main.mesh",
      `record Line { text: text, lang: text }
node Work { in Line
 out text }
pipeline Main { in line: Line
 in stop: signal
 out a: text
 out b: text
 let work = Work()
 line -> route lang { "en" -> work, else -> Work() } -> a
 line -> any(round_robin) [Work(), Work()] -> b with { buffer: 2, overflow: drop_newest, deadline: 1s }
 stop -> flush work }`,
    );
    const at = async (number: number): Promise<string> => (await cli.run("explain", `main.mesh:${number}`)).out;
    expect(await at(9)).toContain('where lang is "en"');
    expect(await at(9)).toContain("where lang is nothing of the other cases");
    expect(await at(9)).toContain("when it is full: the source waits, as usual");
    expect(await at(10)).toContain("one of 2, chosen for each frame by round_robin");
    expect(await at(10)).toContain("2 frames, reliable");
    expect(await at(10)).toContain("the new frame is dropped and counted");
    expect(await at(10)).toContain("frames that have waited longer than 1s are dropped");
    expect(await at(11)).toContain("what is queued or in work from `work` on");
  });

  it("shows what is wrong on the line", async () => {
    cli.write("main.mesh", program.replace("vad.speech ~> stt", "vad.speech ~> sst"));
    const { out } = await cli.run("explain", "main.mesh:21");
    expect(out).toContain("error[MESH2001]");
  });

  it("says so where nothing was decided", async () => {
    expect(await line(12)).toContain("Nothing was decided on this line.");
  });

  it.each([
    ["a line that is not there", "main.mesh:900", 3],
    ["a file that is not there", "nowhere.mesh:1", 3],
    ["something else", "whatever", 2],
    ["a code that does not exist", "MESH3999", 2],
    ["a path in place of a code", "MESH../../package", 2],
  ])("refuses %s", async (_, what, code) => {
    cli.write("main.mesh", program);
    const result = await cli.run("explain", what);
    expect(result.code).toBe(code);
    expect(result.err).not.toContain("bug in meshc");
  });
});

describe("meshc explain CODE", () => {
  it.each(["MESH3001", "mesh3001", "3001"])("prints the page of %s", async (code) => {
    const result = await cli.run("explain", code);
    expect(result.code).toBe(0);
    expect(result.out).toContain("MESH3001: Formats do not match\n\nError, types, formats and codecs\n");
    expect(result.out).toContain("    Mic() -> Speaker()");
    expect(result.out).not.toContain("```");
  });

  it("sets pages for a terminal", () => {
    const page = "# A: b\n\n*Error, syntax*\n\nWrite `x`.\n\n```mesh\nnode N {\n\n}\n```\n";
    expect(renderPage(page, style({ color: false, hyperlinks: false }))).toBe(
      "A: b\n\nError, syntax\n\nWrite `x`.\n\n    node N {\n\n    }\n",
    );
    expect(renderPage(page, style({ color: true, hyperlinks: false }))).toContain("\u001b[1mA: b");
  });
});
