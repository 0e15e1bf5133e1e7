import { describe, expect, it } from "vitest";
import { compileText, expectOnly } from "../support/marked.ts";

const nodes = `
node T { in text
 out text }
node Same<C: codec, R: rate, N: channels> { in audio<C, R, N>
 out audio<C, R, N> }
node In16 { in audio<pcm_f32, 16kHz, mono> }
node Out16 { out audio<pcm_f32, 16kHz, mono> }
node OutAny { out audio<opus | flac, 48kHz, mono> }
record Full { a: text, b: int, c: text? }
record Less { a: text }
record More { a: text, b: int, d: text }
node OutFull { out Full }
node InLess { in Less }
node InMore { in More }
`;
const program = (contract: string, pipeline: string): string =>
  `${nodes}interface I { ${contract} }\npipeline Q: I { ${pipeline} }`;
const marked = (contract: string, pipeline: string): string => program(contract, pipeline).replace("Q: I", "Q: «I»");

describe("a pipeline conforms", () => {
  it.each([
    ["with the same ports", "in a: text\n out b: text", "in a: text\n out b: text\n a -> T() -> b"],
    ["with a sole port of another name", "in a: text\n out b: text", "in x: text\n out y: text\n x -> T() -> y"],
    ["with unnamed ports", "in text\n out text", "in text\n out text\n in -> T() -> out"],
    [
      "with more outputs",
      "in a: text\n out b: text",
      "in a: text\n out b: text\n out c: text\n a -> [T() -> b, T() -> c]",
    ],
    [
      "with more inputs that are optional",
      "in a: text\n out b: text",
      "in a: text\n in o: text?\n out b: text\n [a, o] -> T() -> b",
    ],
    [
      "with more inputs that are signals",
      "in a: text\n out b: text",
      "in a: text\n in o: signal\n out b: text\n let t = T()\n a -> t -> b\n o -> flush t",
    ],
    [
      "without the optional ports of the interface",
      "in a: text\n in o: text?\n out b: text\n out p: text?",
      "in a: text\n out b: text\n a -> T() -> b",
    ],
    [
      "with an optional port where the interface has one",
      "in a: text\n in o: text?\n out b: text",
      "in a: text\n in o: text?\n out b: text\n [a, o] -> T() -> b",
    ],
    [
      "with an input that need not be fed where the interface feeds it",
      "in a: text\n in o: text\n out b: text",
      "in a: text\n in o: text?\n out b: text\n [a, o] -> T() -> b",
    ],
  ])("%s", (_, contract, pipeline) => {
    expectOnly(undefined, program(contract, pipeline));
  });

  it.each([
    ["an input that accepts more codecs", "in a: audio<opus, 48kHz, mono>", "in a: audio<opus | flac>"],
    ["an input that accepts more rates", "in a: audio<opus, 48kHz, mono>", "in a: audio<opus, 8kHz..48kHz>"],
    ["an input that is open", "in a: audio<opus | flac, 8kHz..48kHz>", "in a: audio"],
    ["an output that gives less", "out b: audio<opus | flac>", "out b: audio<flac>\n OutAny() -> b"],
    ["an output that what is inside narrows", "out b: audio<pcm_f32, 8kHz..16kHz>", "out b: audio\n Out16() -> b"],
    [
      "an open output that the input settles",
      "in a: audio<opus, 48kHz, mono>\n out b: audio<opus, 48kHz, mono>",
      "in a: audio\n out b: audio\n a -> Same() -> b",
    ],
    [
      "an output that is open alike",
      "in a: audio<opus, 8kHz..48kHz>\n out b: audio<opus, 8kHz..48kHz>",
      "in a: audio\n out b: audio\n a -> Same() -> b",
    ],
    ["a record with more fields", "out b: Less", "out b: Full\n OutFull() -> b"],
    ["an input that asks for fewer fields", "in a: Full", "in a: Less\n a -> InLess()"],
    ["an enum where the interface says text", "out b: text", "out b: Kind\n K() -> b"],
  ])("with %s", (_, contract, pipeline) => {
    expectOnly(undefined, `enum Kind { x, y }\nnode K { out Kind }\n${program(contract, pipeline)}`);
  });

  it("as batch where the interface is batch", () => {
    const batch = (contract: string, pipeline: string): string =>
      `batch node B { in text\n out text }\n${contract} I { in a: text\n out b: text }\n${pipeline} Q: I { in a: text\n out b: text\n a -> B() -> b }`;
    expectOnly(undefined, batch("batch interface", "batch pipeline"));
    expectOnly(undefined, batch("interface", "batch pipeline"));
    expectOnly("MESH3006", batch("batch interface", "pipeline").replace("Q: I", "Q: «I»"));
  });
});

describe("a pipeline does not conform", () => {
  it.each([
    ["without an input", "in a: text\n in x: text\n out b: text", "in a: text\n out b: text\n a -> T() -> b"],
    ["without an output", "in a: text\n out b: text\n out x: text", "in a: text\n out b: text\n a -> T() -> b"],
    ["without any port", "in a: text", ""],
    [
      "with one of two inputs called otherwise",
      "in a: text\n in x: text\n out b: text",
      "in a: text\n in y: text\n out b: text\n [a, y] -> T() -> b",
    ],
  ])("%s", (_, contract, pipeline) => {
    expectOnly("MESH3006", marked(contract, pipeline));
  });

  it.each([
    [
      "with an input that must be fed besides",
      "in a: text\n out b: text",
      "in a: text\n in «o»: text\n out b: text\n [a, o] -> T() -> b",
    ],
    [
      "with an input that must be fed where the interface leaves that open",
      "in a: text\n in o: text?\n out b: text",
      "in a: text\n in «o»: text\n out b: text\n [a, o] -> T() -> b",
    ],
    [
      "with an output that may not be given where the interface promises it",
      "in a: text\n out b: text",
      "in a: text\n out «b»: text?\n a -> T() -> b",
    ],
    ["with an input of another type", "in a: text", "in «a»: Less\n a -> InLess()"],
    [
      "with a signal for a stream",
      "in a: text\n out b: text",
      "in «a»: signal\n out b: text\n let t = T()\n Text() -> t -> b\n a -> flush t",
    ],
    ["with an input that accepts fewer codecs", "in a: audio<opus | flac>", "in «a»: audio<opus>"],
    ["with an input that accepts fewer rates", "in a: audio<opus>", "in «a»: audio<opus, 48kHz>"],
    [
      "with an input that what is inside narrows",
      "in a: audio<pcm_f32, 8kHz..48kHz, mono>",
      "in «a»: audio\n a -> In16()",
    ],
    ["with an output that gives more codecs", "out b: audio<opus, 48kHz, mono>", "out «b»: audio\n OutAny() -> b"],
    ["with an output that gives another rate", "out b: audio<48kHz>", "out «b»: audio\n Out16() -> b"],
    [
      "with an output that is open",
      "in a: audio<opus>\n out b: audio<opus, 48kHz>",
      "in a: audio<opus>\n out «b»: audio\n a -> Same() -> b",
    ],
    ["with an input that asks for more fields", "in a: Full", "in «a»: More\n a -> InMore()"],
    ["with an output that lacks a field", "out b: More", "out «b»: Full\n OutFull() -> b"],
    ["with text where the interface says an enum", "out b: Kind", "out «b»: text\n Text() -> b"],
  ])("%s", (_, contract, pipeline) => {
    expectOnly("MESH3006", `enum Kind { x, y }\nnode Text { out text }\n${program(contract, pipeline)}`);
  });

  it("with what is no interface", () => {
    expectOnly("MESH2007", `${nodes}pipeline Q: «T» { }`);
    expectOnly("MESH2001", `${nodes}pipeline Q: «J» { }`);
  });

  it("and says for each port what is wrong with it", () => {
    const { diagnostics } = compileText(
      program(
        "in a: audio<opus>\n out b: text\n in c: audio<opus>",
        "in a: audio<flac>\n in c: audio<flac>\n out b: text\n Text() -> b",
      ).concat("\nnode Text { out text }"),
    );
    expect(diagnostics.map((one) => one.code)).toEqual(["MESH3006", "MESH3006"]);
    expect(diagnostics[0]?.related[0]?.message).toBe("what the interface asks for");
  });

  it("is not said of what follows from a mistake inside", () => {
    expectOnly(
      "MESH3001",
      program(
        "in a: audio<opus>\n out b: audio<pcm_f32, 16kHz, mono>",
        "in a: audio<opus>\n out b: audio\n a «->» In16()\n Same() -> b",
      ).replace("Same() -> b", "Out16() -> Same() -> b"),
    );
  });
});

describe("the targets of a remote", () => {
  const remote = (contract: string, target: string): string => `${nodes}interface I { ${contract} }\n${target}
pipeline P { in a: text
 out b: text
 remote r: I { at far.Q }
 a -> r -> b }
peer far { runs Q
 listens "webrtc://127.0.0.1:7443" }`;

  it("tell which ports are called otherwise", () => {
    const { plan } = compileText(
      remote("in words: text\n out more: text", "pipeline Q { in x: text\n out more: text\n x -> T() -> more }"),
    );
    expect(plan?.pipelines["P"]?.remotes[0]?.targets).toMatchObject([
      { ports: { inputs: { words: "x" }, outputs: {} } },
    ]);
    const same = compileText(
      remote(
        "in words: text\n out more: text",
        "pipeline Q { in words: text\n out more: text\n words -> T() -> more }",
      ),
    );
    expect(same.plan?.pipelines["P"]?.remotes[0]?.targets[0]).not.toHaveProperty("ports");
  });

  it("may be nodes, which are wrapped with the arguments that are only known later", () => {
    const { plan } = compileText(`node Say(voice: text, volume: int = 3) { in text
 out text }
interface I { in words: text
 out more: text }
pipeline P(accent: text) { in a: text
 out b: text
 remote r: I { at Say(voice: accent, volume: 5) }
 a -> r -> b }`);
    expect(plan?.pipelines["P"]?.remotes[0]?.targets).toMatchObject([
      {
        kind: "local",
        pipeline: "P.r.0",
        params: { voice: { param: "accent" } },
        ports: { inputs: { words: "in" }, outputs: { more: "out" } },
      },
    ]);
    expect(plan?.pipelines["P.r.0"]).toMatchObject({
      params: [{ name: "voice" }],
      nodes: [{ params: { voice: { param: "voice" }, volume: { literal: 5 } } }],
    });
  });
});

describe("a pipeline whose links narrow it", () => {
  it("is told of with what narrows it, and the arrow by which that came there", () => {
    const found = expectOnly(
      "MESH3006",
      program("in a: audio<pcm_f32, 8kHz | 16kHz, mono>", "in «a»: audio<pcm_f32>\n a -> In16()"),
    );
    expect(found.related.map((one) => one.message)).toEqual([
      "what the interface asks for",
      "`a -> In16` shares it",
      "`In16` takes 16kHz",
    ]);
  });

  it("cannot take two values where it takes one twice", () => {
    const square = `node Square<N: side> { in tensor<f32, [N, N]> }
interface I { in a: tensor<f32, [3, 4]> }
pipeline Q: I { in «a»: tensor<f32>
 a -> Square() }`;
    expectOnly("MESH3006", square);
    expectOnly(undefined, square.replace("3, 4", "4, 4").replace("«a»", "a"));
  });
});

describe("a format that is too wide is led to", () => {
  const related = (text: string): (string | undefined)[] =>
    compileText(text).diagnostics.flatMap((one) => one.related.map(({ message }) => message));

  it("the node far away that leaves it so", () => {
    const messages = related(`node Cam { out video<h264 | i420> }
interface Face { out v: video<h264> }
pipeline P: Face { out v: video<i420 | h264>\n Cam() -> v }`);
    expect(messages).toContain("`Cam` gives h264 | i420");
  });

  it("the arrow behind which nobody says anything", () => {
    const messages = related(`node Cam { out video }
interface Face { out v: video<h264> }
pipeline P: Face { out v: video\n Cam() -> v }`);
    expect(messages).toContain("`Cam -> v` leaves it open");
  });

  it("the arrow inside by which a parameter is fixed", () => {
    const messages = related(`node N(c: channels) { in audio<c>\n out audio<c> }
pipeline Inner(q: channels) { in a: audio\n out b: audio<mono>\n a -> N(c: q) -> b }
pipeline P { in a: audio\n out b: audio\n a -> Inner(q: stereo) -> b }`);
    expect(messages).toContain("`N -> b` shares it");
  });
});
