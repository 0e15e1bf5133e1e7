import { describe, expect, it } from "vitest";
import { compileText, expectOnly } from "../support/marked.ts";

/** A pipeline from `t` to `u` with these lines in it, beside nodes to choose from. */
const flow = (lines: string, more = ""): string => `
enum Lang { en, de, fr }
record Speaker { name: text, age: int in 0..150 }
record Said { text: text, lang: Lang, user: text, loud: bool, level: float, by: Speaker, maybe: Lang?, tags: [text], spoken: Lang = "en" }
node A { in Said
 out text }
node B { in Said
 out text }
node C { in Said
 out text }
batch node X { in Said
 out text }
batch node Y { in Said
 out text }
batch node Safe { idempotent
 in Said
 out text }
batch interface Safer { idempotent
 in said: Said
 out text }
batch node Z { in text
 out text }
batch node Dumb { in Said }
node Pass { in text
 out text }
interface Talks { in said: Said
 out text }
batch interface Asks { in said: Said
 out text }
pipeline P(wanted: Lang = "en") {
  in t: Said
  out u: text
  ${lines}
}
${more}`;

describe("any", () => {
  it.each([
    ["round robin", "t -> any(round_robin) [A(), B()] -> u"],
    ["the fastest", "t -> any(fastest) [A(), B()] -> u"],
    ["the least loaded", "t -> any(least_loaded) [A(), B()] -> u"],
    ["adaptive", "t -> any(adaptive) [A(), B(), C()] -> u"],
    ["a hash of a text", "t -> any(hash(user)) [A(), B()] -> u"],
    ["a hash of a value of an enum", "t -> any(hash(lang)) [A(), B()] -> u"],
    ["a hash of what may be absent", "t -> any(hash(maybe)) [A(), B()] -> u"],
    ["longer branches", "t -> any(round_robin) [A() -> Pass(), B()] -> u"],
    ["a choice within a branch", "t -> any(round_robin) [any(fastest) [A(), B()], C()] -> u"],
    ["a branch that is a fan-out", "t -> any(round_robin) [[A(), B()], C()] -> u"],
    ["merged sources", "let a = A()\n let b = A()\n t -> [a, b]\n [a, b] -> any(round_robin) [Pass(), Pass()] -> u"],
    ["what a choice gives, converted", "t ~> any(round_robin) [A(), B()] ~> u"],
    ["outputs of the pipeline", "let a = A()\n t -> a -> u\n t -> any(round_robin) [B(), C()]"],
  ])("takes %s", (_, lines) => {
    expectOnly(undefined, flow(lines));
  });

  it.each([
    ["an unknown policy", "MESH2010", "t -> any(«random») [A(), B()] -> u"],
    ["a misspelt policy", "MESH2010", "t -> any(«round_robbin») [A(), B()] -> u"],
    ["a hash without a field", "MESH2009", "t -> any(«hash») [A(), B()] -> u"],
    ["a field for another policy", "MESH2010", "t -> any(fastest(«user»)) [A(), B()] -> u"],
    ["an unknown field", "MESH2011", "t -> any(hash(«usr»)) [A(), B()] -> u"],
    ["a field that is a list", "MESH3008", "t -> any(hash(«tags»)) [A(), B()] -> u"],
    ["a field that is a record", "MESH3008", "t -> any(hash(«by»)) [A(), B()] -> u"],
    ["no branches", "MESH5006", "t -> A() -> u\n t -> any(round_robin) «[]»"],
    ["a branch of another type", "MESH3001", "t «->» any(round_robin) [A(), Pass()] -> u"],
    ["an unknown branch", "MESH2001", "t -> any(round_robin) [A(), «Bb»()] -> u"],
    ["a branch that is a type", "MESH2007", "t -> any(round_robin) [A(), «Said»()] -> u"],
    ["a choice as a source", "MESH5006", "t -> A() -> u\n [«any»(round_robin) [A(), B()]] -> Pass()"],
  ])("refuses %s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });

  it("refuses a hash of a stream that has no fields", () => {
    expectOnly("MESH3008", flow("t -> A() -> any(hash(«user»)) [Pass(), Pass()] -> u"));
  });

  it("chooses for each session for media, for each frame for data", () => {
    const media = `node Cam { out video<vp8> }
node Show { in video<vp8> }
pipeline M { Cam() -> any(fastest) [Show(), Show()] }`;
    const plan = compileText(flow("t -> any(hash(user)) [A(), B()] -> u", media)).plan;
    expect(plan?.pipelines["M"]?.splits).toMatchObject([
      { kind: "any", policy: "fastest", each: "session", branches: 2 },
    ]);
    expect(plan?.pipelines["P"]?.splits).toMatchObject([
      { kind: "any", policy: "hash", field: ["user"], each: "frame", branches: 2 },
    ]);
  });

  it("names the branches on the links, the outermost choice first", () => {
    const plan = compileText(flow("t -> any(round_robin) [any(fastest) [A(), B()], C()] -> u")).plan;
    const links = plan?.pipelines["P"]?.links.filter((link) => link.from.port === "t");
    expect(links?.map((link) => [link.to.node, link.branch?.map(({ branch }) => branch)])).toEqual([
      ["A", [0, 0]],
      ["B", [0, 1]],
      ["C", [1]],
    ]);
    expect(plan?.pipelines["P"]?.splits?.map((one) => one.id)).toEqual(links?.[0]?.branch?.map((one) => one.split));
  });
});

describe("first", () => {
  it.each([
    ["batch nodes", "t -> first(stagger: 50ms) [X(), Y()] -> u"],
    ["no stagger", "t -> first(stagger: 0ms) [X(), Y()] -> u"],
    ["branches of several batch nodes", "t -> first(stagger: 50ms) [X() -> Z(), Y()] -> u"],
    ["a remote of a batch interface", 'remote r: Asks { at "grpc://far/x" }\n t -> first(stagger: 1s) [r, Y()] -> u'],
    ["a batch pipeline", "t -> first(stagger: 50ms) [Q(), Y()] -> u"],
    [
      "what may be asked twice, when most would have answered",
      'remote r: Safer { at "grpc://far/x" }\n t -> first(stagger: auto) [Safe(), r] -> u',
    ],
  ])("takes %s", (_, lines) => {
    expectOnly(undefined, flow(lines, "batch pipeline Q { in Said\n out text\n in -> X() -> out }"));
  });

  it.each([
    ["a stream", "MESH5011", "t -> first(stagger: 50ms) [X(), «A()»] -> u"],
    ["a stream further down", "MESH5011", "t -> first(stagger: 50ms) [X(), Y() -> «Pass()»] -> u"],
    [
      "a remote that is a stream",
      "MESH5011",
      'remote r: Talks { at "webrtc://far/x" }\n t -> first(stagger: 1s) [X(), «r»] -> u',
    ],
    ["an output of the pipeline", "MESH5011", "t -> first(stagger: 1s) [X(), Y()] -> first(stagger: 1s) [Z(), «u»]"],
    ["another parameter", "MESH2008", "t -> first(«stager»: 50ms) [X(), Y()] -> u"],
    ["a stagger that is no duration", "MESH3003", "t -> first(stagger: «48kHz») [X(), Y()] -> u"],
    ["a stagger that is a plain number", "MESH3003", "t -> first(stagger: «50») [X(), Y()] -> u"],
    ["a negative stagger", "MESH3005", "t -> first(stagger: «-5ms») [X(), Y()] -> u"],
    ["the stagger twice", "MESH2003", "t -> first(stagger: 5ms, «stagger»: 6ms) [X(), Y()] -> u"],
    ["what must not be asked twice", "MESH5016", "t -> first(stagger: auto) [Safe(), «Y()»] -> u"],
    ["the same further down", "MESH5016", "t -> first(stagger: auto) [Safe() -> «Z()», Safe()] -> u"],
    ["a stagger of another name", "MESH3003", "t -> first(stagger: «soon») [X(), Y()] -> u"],
    ["a node that answers nothing", "MESH5006", "t -> first(stagger: 5ms) [X(), «Dumb()»] -> u"],
  ])("refuses %s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });

  it("tells the plan that it is hedged, and when before enough is known", () => {
    const plan = compileText(flow("t -> first(stagger: auto) [Safe(), Safe()] -> u")).plan;
    expect(plan?.pipelines["P"]?.splits).toMatchObject([{ kind: "first", staggerMs: 250, hedged: true }]);
  });

  it("marks the links that carry the winning answer", () => {
    const plan = compileText(flow("t -> first(stagger: 50ms) [X() -> Z(), Y()] -> u")).plan;
    const pipeline = plan?.pipelines["P"];
    expect(pipeline?.splits).toMatchObject([{ id: "first#1", kind: "first", staggerMs: 50, branches: 2 }]);
    expect(pipeline?.links.filter((link) => link.to.port === "u").map((link) => [link.from.node, link.won])).toEqual([
      ["Z", [{ split: "first#1", branch: 0 }]],
      ["Y", [{ split: "first#1", branch: 1 }]],
    ]);
    expect(pipeline?.links.find((link) => link.to.node === "Z")).not.toHaveProperty("won");
  });
});

describe("route", () => {
  it.each([
    ["all values of an enum", 't -> route lang { "en" -> A(), "de" -> B(), "fr" -> C() } -> u'],
    ["an else", 't -> route lang { "en" -> A(), else -> B() } -> u'],
    ["a field with a default", 't -> route spoken { "en" -> A(), "de" -> B(), "fr" -> C() } -> u'],
    [
      "what may be absent, with an else",
      't -> route maybe { "en" -> A(), "de" -> B(), "fr" -> C(), else -> A() } -> u',
    ],
    ["truth", "t -> route loud { true -> A(), false -> B() } -> u"],
    ["a text", 't -> route user { "anna" -> A(), else -> B() } -> u'],
    ["a field of a field", 't -> route by.name { "anna" -> A(), else -> B() } -> u'],
    ["ranges", "t -> route by.age { 0..17 -> A(), 18.. -> B(), else -> C() } -> u"],
    ["a number", "t -> route by.age { 18 -> A(), else -> C() } -> u"],
    ["a range of fractions", "t -> route level { ..0.5 -> A(), else -> C() } -> u"],
    ["a parameter", "t -> route lang { wanted -> A(), else -> C() } -> u"],
    ["two cases to one node", 'let a = A()\n t -> route lang { "en" -> a, "de" -> a, else -> C() } -> Pass() -> u'],
    ["longer cases", 't -> route lang { "en" -> A() -> Pass(), else -> B() } -> u'],
    ["a case that converts", 't -> route lang { "en" ~> A(), else -> B() } -> u'],
    ["a case with options", 't -> route lang { "en" -> A() with { buffer: 3 }, else -> B() } -> u'],
    ["a case that is a fan-out", 't -> route lang { "en" -> [A(), B()], else -> C() } -> u'],
    ["a route in a route", 't -> route lang { "en" -> route user { "anna" -> A(), else -> B() }, else -> C() } -> u'],
  ])("takes %s", (_, lines) => {
    expectOnly(undefined, flow(lines));
  });

  it.each([
    ["a missing value of an enum", "MESH5009", 't -> «route lang» { "en" -> A(), "de" -> B() } -> u'],
    ["a text without an else", "MESH5009", 't -> «route user» { "anna" -> A() } -> u'],
    ["a number without an else", "MESH5009", "t -> «route by.age» { 0..150 -> A() } -> u"],
    ["half a truth", "MESH5009", "t -> «route loud» { true -> A() } -> u"],
    [
      "what may be absent without an else",
      "MESH5009",
      't -> «route maybe» { "en" -> A(), "de" -> B(), "fr" -> C() } -> u',
    ],
    ["an unknown field", "MESH2011", 't -> route «language» { "en" -> A(), else -> B() } -> u'],
    ["an unknown field of a field", "MESH2011", 't -> route by.«nam» { "anna" -> A(), else -> B() } -> u'],
    ["a field of what has none", "MESH3008", 't -> route user.«name» { "anna" -> A(), else -> B() } -> u'],
    ["a field that is a record", "MESH3008", 't -> route «by» { "anna" -> A(), else -> B() } -> u'],
    ["a field that is a list", "MESH3008", 't -> route «tags» { "anna" -> A(), else -> B() } -> u'],
    ["a value that the enum does not have", "MESH3003", 't -> route lang { «"it"» -> A(), else -> B() } -> u'],
    ["a number for a text", "MESH3003", "t -> route user { «3» -> A(), else -> B() } -> u"],
    ["a text for a number", "MESH3003", 't -> route by.age { «"3"» -> A(), else -> B() } -> u'],
    ["a duration for a number", "MESH3003", "t -> route by.age { «3s» -> A(), else -> B() } -> u"],
    ["a range of texts", "MESH3003", "t -> route user { «0..3» -> A(), else -> B() } -> u"],
    ["a range of another dimension", "MESH3003", "t -> route by.age { 0..«3s» -> A(), else -> B() } -> u"],
    ["a range that is turned round", "MESH3005", "t -> route by.age { «30..3» -> A(), else -> B() } -> u"],
    ["a number that the field never holds", "MESH3005", "t -> route by.age { «151» -> A(), else -> B() } -> u"],
    ["a value twice", "MESH5010", 't -> route lang { "en" -> A(), «"en"» -> B(), else -> C() } -> u'],
    ["a number in an earlier range", "MESH5010", "t -> route by.age { 0..17 -> A(), «3» -> B(), else -> C() } -> u"],
    ["a range in an earlier one", "MESH5010", "t -> route by.age { 0..17 -> A(), «3..5» -> B(), else -> C() } -> u"],
    ["an unknown parameter", "MESH2001", "t -> route lang { «wantd» -> A(), else -> B() } -> u"],
    ["a case of another type", "MESH3001", 't -> route lang { "en" «->» Pass(), else -> B() } -> u'],
    ["a case to an unknown node", "MESH2001", 't -> route lang { "en" -> «Aa»(), else -> B() } -> u'],
  ])("refuses %s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });

  it("refuses a second else", () => {
    expectOnly("MESH5010", flow('t -> route lang { "en" -> A(), else -> B(), «else» -> C() } -> u'));
  });

  it("takes json, of which nothing is known, with an else", () => {
    const more = `node J { in json
 out text }
pipeline Q { in j: json
 out u: text
 j -> route kind.name { "a" -> J(), 3 -> J(), else -> J() } -> u }`;
    expectOnly(undefined, flow("t -> A() -> u", more));
    expectOnly(
      "MESH5009",
      flow("t -> A() -> u", more.replace("route kind.name", "«route kind.name»").replace(", else -> J()", "")),
    );
  });

  it("takes a value of an enum without quotes as well", () => {
    expectOnly(undefined, flow("t -> route lang { en -> A(), else -> B() } -> u"));
  });

  it("lowers its cases, with values in base units", () => {
    const plan = compileText(flow("t -> route by.age { ..17 -> A(), 18 -> B(), else -> C() } -> u")).plan;
    expect(plan?.pipelines["P"]?.splits).toMatchObject([
      { kind: "route", field: ["by", "age"], cases: [{ max: 17 }, { equals: { literal: 18 } }, { else: true }] },
    ]);
  });
});
