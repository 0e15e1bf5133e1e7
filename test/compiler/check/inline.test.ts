import { describe, expect, it } from "vitest";
import { readPlan, type PipelinePlan } from "../../../runtime/interface/plan.ts";
import { compileText, expectOnly } from "../support/marked.ts";

const nodes = `
node T(tag: text = "") { in text
 out text }
node Pair { in a: text
 in b: text
 out x: text
 out y: text }
node Same<R: rate> { in audio<pcm_f32, R, mono>
 out audio<pcm_f32, R, mono> }
node In16 { in audio<pcm_f32, 16kHz, mono> }
node In48 { in audio<pcm_f32, 48kHz, mono> }
node Src16 { out audio<pcm_f32, 16kHz, mono> }
interface Talks { in t: text
 out u: text }
node SrcFlac { out audio<flac, 16kHz, mono> }
node InFlac { in audio<flac, 16kHz, mono> }
interface Far { in s: audio<flac, 8kHz..48kHz, mono>
 out u: audio<flac, 8kHz..48kHz, mono> }
pipeline One(tag: text = "one") { in t: text
 out u: text
 t -> T(tag: tag) -> u }
pipeline Two(tag: text) { in t: text
 out u: text
 let first_one = One(tag: tag)
 t -> first_one -> One() -> u }
pipeline Nothing { in t: text
 out u: text
 t -> u }
pipeline Fork { in t: text
 out u: text
 out v: text
 t -> [T() -> u, v] }
pipeline Louder { in s: audio<pcm_f32>
 out u: audio<pcm_f32>
 s -> Same() -> u }
pipeline Away(place: text = "far") { in t: text
 out u: text
 remote r: Talks { at service "talker" where voice == place
   else One(tag: place) }
 t -> r -> u }
pipeline OpenAway { in s: audio<flac>
 out u: audio<flac>
 remote r: Far { at "webrtc://far/x" }
 s -> r -> u }
`;

function planOf(lines: string, head = "in t: text\n out u: text"): PipelinePlan {
  const { plan, diagnostics } = compileText(`${nodes}pipeline P(word: text = "w") { ${head}\n ${lines} }`);
  expect(diagnostics.map((one) => one.message)).toEqual([]);
  const read = readPlan(JSON.parse(JSON.stringify(plan)));
  const pipeline = read.pipelines["P"];
  if (pipeline === undefined) throw new Error("no pipeline");
  return pipeline;
}

const wires = (plan: PipelinePlan): string[] =>
  plan.links.map(({ from, to }) => `${from.node ?? ""}.${from.port} ${to.node ?? ""}.${to.port}`).toSorted();

describe("a pipeline where a node may stand", () => {
  it("is put in, under the name of the place where it stood", () => {
    const plan = planOf("let one = One()\n t -> one -> u");
    expect(plan.nodes.map((node) => [node.id, node.node, node.location.line])).toEqual([["one/T", "T", 21]]);
    expect(wires(plan)).toEqual([".t one/T.in", "one/T.out .u"]);
    expect(plan.inlined).toMatchObject([{ id: "one", pipeline: "One" }]);
  });

  it("may stand unnamed, several times, and in others", () => {
    expect(planOf("t -> One() -> One() -> u").nodes.map((node) => node.id)).toEqual(["One/T", "One#2/T"]);
    const plan = planOf('let two = Two(tag: "a")\n t -> two -> u');
    expect(plan.nodes.map((node) => node.id)).toEqual(["two/first_one/T", "two/One/T"]);
    expect(wires(plan)).toEqual([".t two/first_one/T.in", "two/One/T.out .u", "two/first_one/T.out two/One/T.in"]);
    expect(plan.inlined?.map((one) => one.id)).toEqual(["two", "two/first_one", "two/One"]);
  });

  it("gets its parameters passed through, or their defaults", () => {
    const tags = (lines: string) => planOf(lines).nodes.map((node) => node.params["tag"]);
    expect(tags("t -> One() -> u")).toEqual([{ literal: "one" }]);
    expect(tags('t -> One(tag: "x") -> u')).toEqual([{ literal: "x" }]);
    expect(tags("t -> Two(tag: word) -> u")).toEqual([{ param: "word" }, { literal: "one" }]);
    expect(tags('t -> Two(tag: env("TAG", "e")) -> u')).toEqual([{ env: "TAG", default: "e" }, { literal: "one" }]);
  });

  it("leaves nothing behind when it only passes on", () => {
    expect(wires(planOf("t -> Nothing() -> u"))).toEqual([".t .u"]);
    expect(wires(planOf("t -> Nothing() -> Nothing() -> T() -> u"))).toEqual([".t T.in", "T.out .u"]);
  });

  it("keeps its own fan-outs and merges, and those around it", () => {
    expect(wires(planOf("let f = Fork()\n t -> f\n f.u -> u\n f.v -> T().in"))).toEqual([
      ".t T.in",
      ".t f/T.in",
      "f/T.out .u",
    ]);
    expect(wires(planOf("let f = Fork()\n t -> f\n [f.u, f.v] -> u"))).toEqual([".t .u", ".t f/T.in", "f/T.out .u"]);
    expect(
      wires(planOf("let a = T()\n let f = Fork()\n t -> a\n [t, a] -> f\n f.u -> u")).filter((one) =>
        one.includes("f/"),
      ),
    ).toEqual([".t f/T.in", "a.out f/T.in", "f/T.out .u"]);
  });

  it("brings its remotes along, with what their targets are told", () => {
    const plan = planOf("let away = Away(place: word)\n t -> away -> u");
    expect(plan.remotes.map((remote) => remote.id)).toEqual(["away/r"]);
    expect(plan.remotes[0]?.targets).toMatchObject([
      { kind: "service", where: [{ anyOf: [{ value: { param: "word" } }] }] },
      { kind: "local", pipeline: "One", params: { tag: { param: "word" } } },
    ]);
    const fixed = planOf("t -> Away() -> u");
    expect(fixed.remotes[0]?.targets).toMatchObject([
      { where: [{ anyOf: [{ value: { value: "far" } }] }] },
      { params: { tag: { literal: "far" } } },
    ]);
  });

  it("is narrowed by the links around it, each use by itself", () => {
    expectOnly(undefined, `${nodes}pipeline P { Src16() -> Louder() -> In16() }`);
    expectOnly("MESH3001", `${nodes}pipeline P { Src16() -> Louder() «->» In48() }`);
    const found = expectOnly("MESH3001", `${nodes}pipeline P { let l = Louder()\n l -> In48()\n Src16() «->» l }`);
    expect(found.related.map((one) => one.message)).toEqual([
      "`Src16` gives 16kHz",
      "`l -> In48` shares it",
      "`In48` takes 48kHz",
    ]);
    const plan = planOf("s -> Louder() -> u", "in s: audio<pcm_f32, 16kHz..32kHz, mono>\n out u: audio<pcm_f32>");
    expect(plan.cells).toEqual([{ dimension: "rate", allowed: [{ min: 16_000, max: 32_000 }] }]);
    expect(plan.nodes[0]?.inputs["in"]?.type).toMatchObject({ dims: { rate: { cell: 0 } } });
  });

  it("keeps open what its remotes leave open, each use by itself", () => {
    const plan = planOf(
      "let a = OpenAway()\n let b = OpenAway()\n s -> a\n SrcFlac() -> b -> InFlac()\n a -> u",
      "in s: audio<flac>\n out u: audio<flac>",
    );
    expect(plan.cells).toEqual([
      { dimension: "rate", allowed: [{ min: 8_000, max: 48_000 }] },
      { dimension: "rate", allowed: [{ min: 8_000, max: 48_000 }] },
    ]);
    expect(plan.remotes.map((remote) => remote.inputs["s"]?.type)).toMatchObject([
      { dims: { rate: { cell: 0 } } },
      { dims: { rate: [16_000] } },
    ]);
  });

  it.each([
    ["an input that nothing feeds", "MESH5001", "let one = «One()»\n one -> u"],
    ["an unknown parameter", "MESH2008", 't -> One(«name»: "x") -> u'],
    ["a missing parameter", "MESH2009", "t -> «Two»() -> u"],
    ["a parameter of the wrong type", "MESH3003", "t -> One(tag: «3») -> u"],
    ["a port it does not have", "MESH2002", "let f = Fork()\n t -> f\n f.«w» -> u"],
    ["an unclear port", "MESH5005", "let f = Fork()\n t -> f\n «f» -> u"],
    ["no parentheses", "MESH2007", "t -> «One» -> u"],
  ])("is checked like a node: %s", (_, code, lines) => {
    expectOnly(code, `${nodes}pipeline P { in t: text\n out u: text\n ${lines} }`);
  });

  it("is checked once, however often it is put in", () => {
    const text = `${nodes}pipeline Bad { in t: text\n out u: text\n t -> «Unknown»() -> u }
pipeline P { in t: text
 out u: text
 t -> Bad() -> Bad() -> u }`;
    expectOnly("MESH2001", text);
  });

  it("may come from another file, with nodes of that file", () => {
    const files = {
      "lib/far.mesh":
        'node Inner { in text\n out text\n from "./inner.ts" }\npipeline Far { in text\n out text\n in -> Inner() -> out }',
    };
    const { plan } = compileText(
      'import { Far } from "./lib/far.mesh"\npipeline P { in text\n out text\n in -> Far() -> out }',
      files,
    );
    expect(plan?.pipelines["P"]?.nodes[0]).toMatchObject({
      id: "Far/Inner",
      implementation: { module: "lib/inner.ts" },
      location: { file: "lib/far.mesh" },
    });
  });
});

describe("parameters of pipelines in formats", () => {
  const library = `
node Resamp<R: rate>(to: frequency) { in audio<pcm_f32, R, mono>
 out audio<pcm_f32, to, mono> }
node In16 { in audio<pcm_f32, 16kHz, mono> }
node Src { out audio<pcm_f32, 44100Hz, mono> }
pipeline To(rate: frequency in 8kHz..48kHz = 16kHz) { in audio<pcm_f32>
 out audio<pcm_f32, rate, mono>
 in -> Resamp(to: rate) -> out }
`;

  it("stay cells that their values fix", () => {
    const plan = compileText(library).plan?.pipelines["To"];
    expect(plan?.cells).toEqual([
      { dimension: "rate", allowed: [{ min: 8_000, max: 48_000 }], params: ["rate"] },
      { dimension: "rate", allowed: null },
    ]);
    expect(plan?.nodes[0]?.params).toEqual({ to: { param: "rate" } });
    expect(plan?.outputs["out"]?.type).toMatchObject({ dims: { rate: { cell: 0 } } });
  });

  it.each([
    ["a value that fits", "pipeline P { Src() -> To(rate: 16kHz) -> In16() }"],
    ["a default that fits", "pipeline P { Src() -> To() -> In16() }"],
    ["a parameter of the pipeline around", "pipeline P(r: frequency) { Src() -> To(rate: r) -> In16() }"],
    [
      "a parameter without a range, which takes on that of its use",
      "pipeline P(r: frequency = 24kHz) { out audio<pcm_f32, r>\n Src() -> To(rate: r) -> out }",
    ],
    [
      "one that a peer gives",
      "pipeline P(r: frequency) { out audio<pcm_f32>\n Src() -> To(rate: r) -> out }\npeer a { runs P(r: 16kHz) }",
    ],
    [
      "one that a peer reads from its environment",
      'pipeline P(r: frequency) { out audio<pcm_f32>\n Src() -> To(rate: r) -> out }\npeer a { runs P(r: env("R", 16kHz)) }',
    ],
  ])("take %s", (_, text) => {
    expectOnly(undefined, `${library}${text}`);
  });

  it.each([
    ["a value that the links outside do not take", "MESH3001", "pipeline P { Src() -> To(rate: 48kHz) «->» In16() }"],
    ["a value out of range", "MESH3005", "pipeline P { Src() -> To(rate: «96kHz») -> In16() }"],
    ["a value of another dimension", "MESH3003", "pipeline P { Src() -> To(rate: «20ms») -> In16() }"],
    ["an environment variable", "MESH3007", 'pipeline P { Src() -> To(rate: «env("R", 16kHz)») -> In16() }'],
    [
      "a parameter with a wider range",
      "MESH3005",
      "pipeline P(r: frequency in 1kHz..96kHz) { Src() -> To(rate: «r») -> In16() }",
    ],
    ["a parameter of another type", "MESH3003", "pipeline P(r: duration) { Src() -> To(rate: «r») -> In16() }"],
    ["a parameter that may be absent", "MESH3003", "pipeline P(r: frequency?) { Src() -> To(rate: «r») -> In16() }"],
    [
      "a value that the links inside do not take",
      "MESH3005",
      "pipeline Narrow(r: frequency) { in audio<pcm_f32, r>\n in -> In16() }\npipeline P { Src() -> Resamp(to: 16kHz) -> Narrow(r: «48kHz») }",
    ],
    [
      "a default that the links inside do not take",
      "MESH3005",
      "pipeline P(«r»: frequency = 48kHz) { in audio<pcm_f32, r>\n in -> In16() }",
    ],
    [
      "a value of a peer that the links inside do not take",
      "MESH3005",
      "pipeline P(r: frequency) { in audio<pcm_f32, r>\n in -> In16() }\npeer a { runs P(r: «48kHz») }",
    ],
    [
      "one parameter for two rates",
      "MESH3001",
      "pipeline P(r: frequency) { in audio<pcm_f32, r, mono>\n out audio<pcm_f32, r, mono>\n in -> In16()\n Src() «->» out }",
    ],
    [
      "a codec that does not exist",
      "MESH3004",
      'node C(c: text) { in audio<c> }\npipeline P { in audio\n in -> C(c: «"opuss"») }',
    ],
  ])("refuse %s", (_, code, text) => {
    expectOnly(code, `${library}${text}`);
  });

  it.each([
    ["channels", "node N(c: channels) { in audio<c> }"],
    ["a picture size", "node N(s: resolution) { in video<s> }"],
    ["frames per second", "node N(f: framerate) { in video<f> }"],
    ["a codec", "node N(c: text) { in audio<c>\n out audio<c> }"],
    ["an element type", "node N(e: text) { in tensor<e> }"],
    ["a side of a shape", "node N(n: int) { in tensor<f32, [1, n]> }"],
    ["what may be absent", "node N(r: frequency?) { in audio<r> }"],
  ])("may be %s", (_, text) => {
    expectOnly(undefined, text);
  });

  it.each([
    ["a time", "node N(t: duration) { in audio<«t»> }"],
    ["a rate of pictures", "node N(r: frequency) { in video<«r»> }"],
    ["a list", "node N(r: [frequency]) { in audio<«r»> }"],
    ["a fraction as a side", "node N(n: float) { in tensor<f32, [«n»]> }"],
    ["one of several", "node N(r: frequency) { in audio<«r» | 48kHz> }"],
  ])("may not be %s", (_, text) => {
    expectOnly("MESH3004", text);
  });
});

describe("limits of parameters", () => {
  const library = `
node N(n: int in 1..9 = 3, word: text matches "[a-z]+" = "a", ratio: float in 0..1 = 0.5) { in text
 out text }
pipeline Free(n: int = 3) { in text
 out text
 in -> N(n: n) -> out }
`;

  it("go out through parameters that say none themselves", () => {
    expect(compileText(library).plan?.pipelines["Free"]?.params[0]?.type).toEqual({
      kind: "scalar",
      name: "int",
      min: 1,
      max: 9,
    });
    expectOnly("MESH3005", `${library}pipeline P { in text\n out text\n in -> Free(n: «12») -> out }`);
    expectOnly("MESH3005", `${library}peer a { runs Free(n: «12») }`);
    expectOnly(
      undefined,
      `${library}pipeline P(n: int) { in text\n out text\n in -> Free(n: n) -> N(ratio: 0.2) -> out }`,
    );
  });

  it.each([
    ["a range that is wider", "pipeline P(n: int in 0..100) { in text\n out text\n in -> N(n: «n») -> out }"],
    ["another pattern", 'pipeline P(w: text matches "[0-9]+") { in text\n out text\n in -> N(word: «w») -> out }'],
    ["a default out of the range", "pipeline P(«n»: int = 12) { in text\n out text\n in -> N(n: n) -> out }"],
    ["a default that is no match", 'pipeline P(«w»: text = "A") { in text\n out text\n in -> N(word: w) -> out }'],
    [
      "two uses that have nothing in common",
      "node M(n: int in 20..30) { in text\n out text }\npipeline P(n: int) { in text\n out text\n in -> N(n: n) -> M(n: «n») -> out }",
    ],
  ])("refuse %s", (_, text) => {
    expectOnly("MESH3005", `${library}${text}`);
  });

  it("take what lies within", () => {
    expectOnly(
      undefined,
      `${library}pipeline P(n: int in 2..3, r: float in 0..0.1) { in text\n out text\n in -> N(n: n, ratio: r) -> out }`,
    );
    expectOnly(
      undefined,
      `${library}node M(n: int in 5..30) { in text\n out text }\npipeline P(n: int) { in text\n out text\n in -> N(n: n) -> M(n: n) -> out }`,
    );
  });
});

describe("a record that passes the border of an inlined pipeline", () => {
  it("has the type of the border in the plan, so that nothing undeclared passes it", () => {
    const { plan } = compileText(`
record Full { a: text, x: int }
record Less { a: text }
record Asks { a: text, x: text? }
node Src { out Full }
node Sink { in Asks }
pipeline Inner { in a: Less
 a -> Sink() }
pipeline P { let inner = Inner()
 Src() -> inner }`);
    expect(plan?.pipelines["P"]?.links).toMatchObject([
      { type: { name: "Full" }, through: [{ kind: "named", name: "Less" }], to: { node: "inner/Sink" } },
    ]);
  });
});
