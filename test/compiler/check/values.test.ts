import { describe, expect, it } from "vitest";
import { compileText, expectOnly } from "../support/marked.ts";

const scalars: Readonly<Record<string, string>> = {
  text: '"hello"',
  bool: "true",
  int: "3",
  float: "0.5",
  duration: "20ms",
  frequency: "48kHz",
  size: "512MiB",
  bitrate: "64kbps",
  framerate: "30fps",
  resolution: "1280x720",
  decibel: "-6dB",
  percentage: "80%",
  channels: "stereo",
  version: "12.4",
};

/** Pairs that are no mistake: a whole number is a number, and a version may be written as one. */
const kin: Readonly<Record<string, readonly string[]>> = {
  float: ["int", "version"],
  version: ["int", "float"],
  channels: ["int"],
};

const words: Readonly<Record<string, string>> = {
  text: "a text",
  bool: "a truth value",
  int: "a whole number",
  float: "a number",
  duration: "a duration",
  frequency: "a frequency",
  size: "a size",
  bitrate: "a bit rate",
  framerate: "a frame rate",
  resolution: "a resolution",
  decibel: "a gain",
  percentage: "a percentage",
  channels: "a number of channels",
  version: "a version",
};

describe("a quantity where one of a dimension is wanted", () => {
  it.each(Object.entries(scalars))("%s takes its own", (type, value) => {
    expectOnly(undefined, `node N(p: ${type} = ${value}) { in text }`);
    expectOnly(undefined, `record R { f: ${type} = ${value} }`);
    expectOnly(undefined, `node N(p: ${type}) { in text }\npipeline P { in text\n in -> N(p: ${value}) }`);
    expectOnly(undefined, `node N(p: ${type}) { in text }\npipeline P { in text\n in -> N(p: env("P", ${value})) }`);
    expectOnly(undefined, `node N(p: ${type}?) { in text }\npipeline P { in text\n in -> N(p: ${value}) }`);
  });

  const pairs = Object.keys(scalars).flatMap((type) =>
    Object.keys(scalars)
      .filter(
        (other) => other !== type && kin[type]?.includes(other) !== true && !(type === "version" && other === "float"),
      )
      .map((other): [string, string] => [type, other]),
  );

  it.each(pairs)("%s refuses %s, and names both", (type, other) => {
    const value = scalars[other] ?? "";
    // Without a place that asks for a version, 12.4 is a number.
    const found = expectOnly("MESH3003", `node N(p: ${type} = «${value}») { in text }`);
    expect(found.message).toContain(`Expected ${words[type] ?? ""}`);
    expect(found.message).toContain(`found ${value}, ${words[other === "version" ? "float" : other] ?? ""}`);
  });

  it.each([
    ["an argument", "node N(p: duration) { in text }\npipeline P { in text\n in -> N(p: «48kHz») }"],
    ["a default in a record", "record R { f: duration = «48kHz» }"],
    [
      "a default of an environment variable",
      'node N(p: duration) { in text }\npipeline P { in text\n in -> N(p: env("P", «48kHz»)) }',
    ],
    ["an element of a list", "node N(p: [duration]) { in text }\npipeline P { in text\n in -> N(p: [20ms, «48kHz»]) }"],
    ["a value of a peer", "pipeline P(d: duration) { in text }\npeer a { runs P(d: «48kHz») }"],
    ["one end of a range", "node N(p: duration in 1ms..«48kHz») { in text }"],
    ["a latency", "node N { in text\n latency «48kHz» }"],
  ])("says so of %s", (_, text) => {
    expect(expectOnly("MESH3003", text).message).toContain(
      "Expected a duration such as 20ms, found 48kHz, a frequency.",
    );
  });

  it.each([
    ["a list for a value", "node N(p: int) { in text }\npipeline P { in text\n in -> N(p: «[3]») }"],
    ["a value for a list", "node N(p: [int]) { in text }\npipeline P { in text\n in -> N(p: «3») }"],
    ["a range", "node N(p: int) { in text }\npipeline P { in text\n in -> N(p: «1..3») }"],
    ["a value for a record", "record R { a: int }\nnode N(p: R) { in text }\npipeline P { in text\n in -> N(p: «3») }"],
    [
      "a text for a record",
      'record R { a: int }\nnode N(p: R) { in text }\npipeline P { in text\n in -> N(p: «"x"») }',
    ],
    [
      "an unknown value of an enum",
      'enum E { a, b }\nnode N(p: E) { in text }\npipeline P { in text\n in -> N(p: «"c"») }',
    ],
    ["a number for an enum", "enum E { a, b }\nnode N(p: E) { in text }\npipeline P { in text\n in -> N(p: «1») }"],
    ["a variable without a name", "node N(p: int) { in text }\npipeline P { in text\n in -> N(p: «env(3)») }"],
    ["a variable with too much", 'node N(p: int) { in text }\npipeline P { in text\n in -> N(p: «env("A", 1, 2)») }'],
  ])("refuses %s", (_, text) => {
    expectOnly("MESH3003", text);
  });

  it.each([
    ["an unknown parameter", "node N(p: int) { in text }\npipeline P(q: int) { in text\n in -> N(p: «r») }"],
    ["an unknown function", 'node N(p: int) { in text }\npipeline P { in text\n in -> N(p: «config»("A")) }'],
    [
      "a name that is no value of the enum",
      "enum E { a, b }\nnode N(p: E) { in text }\npipeline P { in text\n in -> N(p: «c») }",
    ],
  ])("does not know %s", (_, text) => {
    expectOnly("MESH2001", text);
  });

  it("says what kind of value the text of a variable is", () => {
    const { plan } = compileText(
      'node N(p: duration in 0ms..1s, q: text) { in text }\npipeline P { in text\n in -> N(p: env("P"), q: env("Q", "x")) }',
    );
    expect(plan?.pipelines["P"]?.nodes[0]?.params).toEqual({
      p: { env: "P", type: { kind: "scalar", name: "duration", min: 0, max: 1_000_000 } },
      q: { env: "Q", default: "x" },
    });
  });
});

describe("`in` and `matches`", () => {
  it.each([
    "int in 1..9",
    "int in 1..",
    "float in ..0.5",
    "duration in 20ms..1h",
    "frequency in 8kHz..48kHz",
    "size in 1KiB..1GiB",
    "bitrate in 6kbps..2.5Mbps",
    "framerate in 1fps..60fps",
    "resolution in 640x360..1920x1080",
    "decibel in -60dB..0dB",
    "percentage in 0%..100%",
    "channels in mono..6ch",
    "version in 12..12.10",
    "version in 12.4.1..",
    "float in 0..1",
    'text matches "[a-z]+"',
    'text matches "(a|b)*\\\\.wav"',
  ])("take %s", (type) => {
    expectOnly(undefined, `node N(p: ${type}) { in text }\nrecord R { f: ${type}, g: ${type}?, h: [${type}] }`);
  });

  it.each([
    ["a text", "MESH3004", "«text in 0..1»"],
    ["a truth value", "MESH3004", "«bool in 0..1»"],
    ["bytes", "MESH3004", "«bytes in 0..1»"],
    ["a list", "MESH3004", "«[int] in 0..1»"],
    ["a record", "MESH3004", "«Some in 0..1»"],
    ["a value for a range", "MESH3004", "int in «3»"],
    ["a range of another dimension", "MESH3003", "int in 0..«3s»"],
    ["a range that is turned round", "MESH3005", "int in «9..1»"],
    ["a range of versions that is turned round", "MESH3005", "version in «12.10..12.4»"],
    ["a range of sizes that is turned round on one side", "MESH3005", "resolution in «640x480..1280x360»"],
    ["two ranges", "MESH3004", "«int in 0..9 in 1..2»"],
    ["a fraction for whole numbers", "MESH3003", "int in «0.5»..3"],
    ["a pattern for a number", "MESH3004", '«int matches "[0-9]"»'],
    ["a pattern that is none", "MESH3004", 'text matches «"["»'],
    ["a pattern with an unknown escape", "MESH3004", 'text matches «"\\\\y"»'],
  ])("refuse %s", (_, code, type) => {
    expectOnly(code, `record Some { a: int }\nnode N(p: ${type}) { in text }`);
    expectOnly(code, `record Some { a: int }\nrecord R { f: ${type} }`);
  });

  it.each([
    ["a number below", "int in 1..9", "0"],
    ["a number above", "int in 1..9", "10"],
    ["a fraction above", "float in 0..1", "1.5"],
    ["a time above", "duration in 0ms..1s", "1001ms"],
    ["a version that only looks smaller", "version in ..12.4", "12.10"],
    ["a version of three parts", "version in 12.4.2..", "12.4.1"],
    ["a picture that is larger on one side", "resolution in ..1280x720", "640x1080"],
    ["a picture that is smaller on one side", "resolution in 640x360..", "1280x240"],
    ["channels above", "channels in mono..stereo", "6ch"],
    ["a text that does not match", 'text matches "[a-z]+"', '"A"'],
    ["a text that matches only in part", 'text matches "[a-z]+"', '"ab1"'],
  ])("hold for values: %s", (_, type, value) => {
    expectOnly("MESH3005", `node N(p: ${type} = «${value}») { in text }`);
    expectOnly("MESH3005", `record R { f: ${type} = «${value}» }`);
    expectOnly("MESH3005", `node N(p: ${type}) { in text }\npipeline P { in text\n in -> N(p: «${value}») }`);
    expectOnly("MESH3005", `node N(p: [${type}]) { in text }\npipeline P { in text\n in -> N(p: [«${value}»]) }`);
  });

  it.each([
    ["version in ..12.10", "12.4"],
    ["version in 12..", "12.4"],
    ["resolution in 640x360..1280x720", "640x720"],
    ["int in 1..9", "9"],
    ['text matches "[a-z]+"', '"abc"'],
  ])("%s takes %s", (type, value) => {
    expectOnly(undefined, `node N(p: ${type} = ${value}) { in text }`);
  });
});

describe("data between nodes", () => {
  const flow = (given: string, taken: string): string => `enum Kind { a, b }
enum More { a, b, c }
record Small { x: int }
record Big { x: int, y: text }
record Loose { x: int, y: text? }
record Defaulted { x: int, y: text = "" }
record Narrow { x: int in 0..1 }
record Nested { inner: Big, list: [Big], more: map<Big> }
record Inside { inner: Small, list: [Small], more: map<Small> }
record Tree { value: int, next: [Tree] }
record Twig { next: [Twig] }
node Give { out ${given} }
node Take { in ${taken} }
pipeline P { Give() «->» Take() }`;
  const plain = (text: string): string => text.replace("«->»", "->");

  it.each([
    ["text", "text"],
    ["int", "float"],
    ["int in 0..1", "int"],
    ["int in 2..3", "int in 1..9"],
    ["version in 12.4..12.6", "version in 12..13"],
    ["resolution in 640x360..1280x720", "resolution in ..1920x1080"],
    ['text matches "a"', "text"],
    ["Big", "Small"],
    ["Small", "Loose"],
    ["Small", "Defaulted"],
    ["Narrow", "Small"],
    ["Nested", "Inside"],
    ["Tree", "Twig"],
    ["[Big]", "[Small]"],
    ["map<Big>", "map<Small>"],
    ["Kind", "More"],
    ["Kind", "text"],
    ["Big", "json"],
    ["[int]", "json"],
    ["bytes", "bytes"],
  ])("%s goes to %s", (given, taken) => {
    expectOnly(undefined, plain(flow(given, taken)));
  });

  it.each([
    ["text", "int"],
    ["float", "int"],
    ["int", "int in 0..9"],
    ["int in 0..9", "int in 1..9"],
    ["version in 12.4..12.10", "version in 12.4..12.9"],
    ["resolution in ..1280x1080", "resolution in ..1280x720"],
    ["text", 'text matches "a"'],
    ['text matches "b"', 'text matches "a"'],
    ["duration", "frequency"],
    ["Small", "Big"],
    ["Loose", "Big"],
    ["Defaulted", "Big"],
    ["Small", "Narrow"],
    ["Inside", "Nested"],
    ["More", "Kind"],
    ["text", "Kind"],
    ["[Small]", "[Big]"],
    ["Big", "[Big]"],
    ["[Big]", "Big"],
    ["map<Big>", "Big"],
    ["json", "Big"],
    ["bytes", "json"],
    ["bytes", "text"],
    ["audio<opus>", "bytes"],
  ])("%s does not go to %s", (given, taken) => {
    expectOnly("MESH3001", flow(given, taken));
  });

  it("names the field at fault, however deep it is", () => {
    expect(expectOnly("MESH3001", flow("Inside", "Nested")).message).toContain(
      "the field `inner.y` is missing or of another type",
    );
  });
});

describe("records and enums", () => {
  it.each([
    ["fields of one name", "MESH2003", "record R { a: int, «a»: text }"],
    ["values of one name", "MESH2003", "enum E { a, «a» }"],
    ["an unknown type", "MESH2001", "record R { a: «Sting» }"],
    ["a node as a type", "MESH2007", "node N { in text }\nrecord R { a: «N» }"],
    ["a stream", "MESH3004", "record R { a: «audio<opus>» }"],
    ["a stream in a list", "MESH3004", "node N { in [«video»] }"],
    ["itself", "MESH3009", "record R { «again»: R }"],
    ["itself by way of another", "MESH3009", "record A { «b»: B }\nrecord B { a: A }"],
    ["a default of another type", "MESH3003", 'record R { a: int = «"x"» }'],
    ["a default that the enum does not have", "MESH3003", 'enum E { a }\nrecord R { a: E = «"b"» }'],
    ["a default that is a name", "MESH2001", "record R { a: int = «x» }"],
    ["a default from the environment", "MESH3003", 'record R { a: int = «env("A", 3)» }'],
  ])("may not have %s", (_, code, text) => {
    expectOnly(code, text);
  });

  it.each([
    "record R { again: R? }",
    "record R { again: [R] }",
    "record R { again: map<R> }",
    "record A { b: B }\nrecord B { a: A? }",
    'record R { a: [int] = [1, 2], b: text = "x", c: [text] = [] }',
    'record R { a: E = "x" }\nenum E { x, y }',
    "record R { in: text, at: int, audio: bool }",
    "record R { }",
  ])("may be: %s", (text) => {
    expectOnly(undefined, text);
  });

  it("carry their defaults into the plan", () => {
    const { plan } = compileText('record R { a: int = 3, b: E = "x", c: text? }\nenum E { x }');
    expect(plan?.schemas["R"]).toMatchObject({
      fields: [
        { name: "a", optional: true, default: 3 },
        { name: "b", default: "x" },
        { name: "c", optional: true },
      ],
    });
  });
});

describe("batch", () => {
  it.each([
    [
      "a batch node in a stream",
      "batch node B { in text\n out text }\npipeline P { in text\n out text\n in -> B() -> out }",
    ],
    [
      "a batch pipeline",
      "batch node B { in text\n out text }\nbatch pipeline P { in text\n out text\n in -> B() -> out }",
    ],
    [
      "a batch pipeline in a stream",
      "batch node B { in text\n out text }\nbatch pipeline Q { in text\n out text\n in -> B() -> out }\npipeline P { in text\n out text\n in -> Q() -> out }",
    ],
    [
      "a batch interface",
      'batch interface I { in text\n out text }\npipeline P { in text\n out text\n remote r: I { at "grpc://far/x" }\n in -> r -> out }',
    ],
    ["a list as a request", "batch node B { in [text]\n out text }"],
    ["a call that may be repeated", "batch node B { in text\n out text\n idempotent }"],
  ])("takes %s", (_, text) => {
    expectOnly(undefined, text);
  });

  it("stands in the plan", () => {
    const { plan } = compileText(`batch node B { in text
 out text
 idempotent
 latency 20ms }
batch interface I { in text
 out text }
batch pipeline P { in text
 out text
 remote r: I { at "grpc://far/x" }
 in -> B() -> r -> out }`);
    expect(plan?.pipelines["P"]).toMatchObject({
      batch: true,
      nodes: [{ batch: true, idempotent: true, latencyMs: 20 }],
      remotes: [{ batch: true }],
    });
  });
});
