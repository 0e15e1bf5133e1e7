import { describe, expect, it } from "vitest";
import { expectOnly } from "../support/marked.ts";

const flow = (lines: string): string => `
node T { in text
 out text }
node Pair { in left: text
 in right: text
 out sum: text
 out rest: text }
node Extra { in main: text
 in more: text?
 in reset: signal
 out main_out: text
 out late: text?
 out done: signal }
node Tick { out beat: signal }
node Bell { in ring: signal }
node Either { in a: text?
 in b: text? }
node Maybe { in note: text? }
node Only { out text }
node Sink { in text }
node Mixed { in a: signal
 in b: text?
 out c: signal
 out d: signal }
interface Talks { in t: text
 out u: text }
pipeline P { in t: text
 out u: text
 ${lines} }`;

describe("the port that a step without one means", () => {
  it.each([
    ["is the only one", "t -> T() -> u"],
    ["is the only one that is neither a signal nor optional", "t -> Extra() -> u"],
    ["is the only one, a signal", "t -> T() -> u\n Tick() -> Bell()"],
    ["is the only one, though it is optional", "t -> [T() -> u, Maybe()]"],
    ["is that of the interface", 'remote r: Talks { at "webrtc://far/x" }\n t -> r -> u'],
    ["can be named all the same", "let x = T()\n t -> x.in\n x.out -> u"],
    ["can be named behind a node in place", "Only().out -> u\n t -> Sink().in"],
  ])("%s", (_, lines) => {
    expectOnly(undefined, flow(lines));
  });

  it.each([
    ["among several inputs", "MESH5005", "t -> «Pair()»\n Only() -> u"],
    ["among several outputs", "MESH5005", "let p = Pair()\n t -> p.left\n Only() -> p.right\n «p» -> u"],
    ["among several optional inputs", "MESH5005", "t -> T() -> u\n t -> «Either()»"],
    ["among several signals", "MESH5005", "t -> T() -> u\n Tick() -> Mixed().a\n «Mixed()» -> Bell()"],
    ["of a node without inputs", "MESH5006", "t -> «Only()» -> u"],
    ["of a node without outputs", "MESH5006", "t -> «Sink()» -> u"],
  ])("is not clear %s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });
});

describe("the ports of a flow", () => {
  it.each([
    ["an unknown input", "MESH2002", "let x = T()\n t -> x.«inn»\n x -> u"],
    ["an unknown output", "MESH2002", "let x = T()\n t -> x\n x.«oot» -> u"],
    ["an output as a target", "MESH5006", "let x = T()\n t -> x.«out»\n x -> u"],
    ["an input as a source", "MESH5006", "let x = T()\n t -> x\n x.«in» -> u"],
    ["an input of the pipeline as a target", "MESH5006", "t -> T() -> [u, «t»]"],
    ["an output of the pipeline as a source", "MESH5006", "t -> T() -> u\n «u» -> Sink()"],
    ["an output of the pipeline between arrows", "MESH5006", "t -> «u» -> Sink()"],
    ["a port of a port", "MESH2002", "t.«left» -> T() -> u"],
    ["a port of a port that is a target", "MESH2002", "t -> T() -> u.«left»"],
    ["a port between two arrows", "MESH5006", "let x = T()\n t -> x.«in» -> u"],
    ["a port between two arrows, in a branch", "MESH5006", "let x = T()\n t -> [x.«in», T()] -> u"],
    ["a port between two arrows, at the end of a branch", "MESH5006", "let x = T()\n t -> [T() -> x.«in»] -> u"],
    ["an unknown name", "MESH2001", "t -> «nothing» -> u"],
    ["an unknown source", "MESH2001", "«tt» -> T() -> u"],
    ["a node without parentheses", "MESH2007", "t -> «T» -> u"],
    ["an interface as a step", "MESH2007", "t -> «Talks»() -> u"],
    ["an unknown node", "MESH2001", "t -> «Tt»() -> u"],
    ["a group with nothing in it", "MESH5006", "t -> T() -> u\n t -> «[]»"],
    ["a merge of nothing", "MESH5006", "«[]» -> T() -> u"],
  ])("are refused: %s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });

  it("of the pipeline may be taken as often as one likes", () => {
    expectOnly(undefined, flow("t -> T() -> u\n t -> Sink()\n t -> [Sink(), Sink()]"));
  });
});

describe("what must be fed and given", () => {
  it.each([
    ["optional inputs and signals may be left alone", "t -> Extra() -> u"],
    [
      "optional inputs and signals may be connected",
      "let x = Extra()\n t -> [x.main, x.more]\n Tick() -> x.reset\n x -> u",
    ],
    ["a merge feeds one input", "[t, Only()] -> T() -> u"],
    ["a merge of chains", "[t -> T(), Only() -> T()] -> T() -> u"],
    ["a merge of several into several", "[t, Only()] -> [T() -> Sink(), T() -> u]"],
    ["branches merge behind a fan-out", "t -> [T(), T() -> T()] -> u"],
    ["an output that nobody takes", "let p = Pair()\n t -> [p.left, p.right]\n p.sum -> u"],
  ])("%s", (_, lines) => {
    expectOnly(undefined, flow(lines));
  });

  it.each([
    ["an input of a let", "MESH5001", "let x = «T()»\n x -> Sink()\n t -> u"],
    ["an input of a node in place", "MESH5001", "«T()» -> Sink()\n t -> u"],
    ["an input of a remote", "MESH5001", 'remote «r»: Talks { at "webrtc://far/x" }\n r -> Sink()\n t -> u'],
    ["one of two inputs", "MESH5001", "let x = «Pair()»\n t -> x.left\n x.sum -> u"],
    ["both of two inputs", "MESH5001", "let x = «Pair()»\n x.rest -> Sink()\n t -> u"],
    ["the input that is not optional", "MESH5001", "let x = «Extra()»\n t -> x.more\n x -> u"],
  ])("nothing feeds %s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });

  it("an output of the pipeline that nothing gives", () => {
    expectOnly("MESH5004", flow("t -> Sink()").replace("out u: text\n t", "out «u»: text\n t"));
    expectOnly("MESH5004", "pipeline P { out «done»: signal }");
    expectOnly(undefined, "pipeline P { out u: text? }");
  });

  it.each([
    ["from two statements", "MESH5002", "let x = T()\n t -> x\n Only() -> «x»\n x -> u"],
    ["from one statement", "MESH5002", "let x = T()\n t -> [x, «x»]\n x -> u"],
    ["for an output of the pipeline", "MESH5002", "t -> T() -> u\n t -> «u»"],
    ["for an output of the pipeline in one fan-out", "MESH5002", "t -> T() -> [u, «u»]"],
    ["from a chain", "MESH5002", "let x = T()\n t -> x -> u\n Only() -> T() -> «x»"],
    ["with the port named", "MESH5002", "let x = T()\n t -> x.in\n t -> «x»\n x -> u"],
  ])("two sources %s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });

  it("shows both sources, and how to merge them", () => {
    const found = expectOnly("MESH5002", flow("let x = T()\n t -> x\n Only() -> «x»\n x -> u"));
    expect(found.related).toHaveLength(1);
    expect(found.hint).toContain("[a, b]");
  });
});

describe("signals", () => {
  it.each([
    ["a stream into a signal", "MESH3001", "t -> T() -> u\n t «->» Bell()"],
    ["a signal into a stream", "MESH3001", "t -> T() -> u\n Tick() «->» Sink()"],
    ["a signal that should be converted", "MESH3002", "t -> T() -> u\n Tick() «~>» Sink()"],
  ])("are refused: %s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });

  it("are no values", () => {
    expectOnly("MESH3004", "node N { in [«signal»] }");
    expectOnly("MESH3004", "record R { s: «signal» }");
    expectOnly("MESH3004", "node N(s: «signal») { in text }");
    expectOnly(undefined, "node N { in s: signal? }");
  });
});

describe("the ports of a signature", () => {
  it.each([
    ["two inputs of one name", "node N { in a: text\n in «a»: text }"],
    ["an input and an output of one name", "node N { in a: text\n out «a»: text }"],
    ["two inputs without a name", "node N { in text\n «in text» }"],
    ["two outputs of an interface of one name", "interface I { out a: text\n out «a»: text }"],
    ["ports of a pipeline of one name", "node S { out text }\npipeline P { out a: text\n out «a»: text\n S() -> a }"],
    ["parameters of one name", "node N(a: text, «a»: int) { in text }"],
    ["variables of one name", "node N<R: rate, «R»: rate> { in audio<pcm_f32, R> }"],
  ])("may not be %s", (_, text) => {
    expectOnly("MESH2003", text);
  });

  it("may share a name with what is no port", () => {
    expectOnly(undefined, "node N(a: text) { in a: text\n out b: text }");
    expectOnly(undefined, "node N { in in: text\n out out: text }");
    expectOnly(undefined, "node N { in at: text\n out audio: text\n in from: text\n out text: text }");
  });
});

describe("names in a pipeline", () => {
  it.each([
    ["two lets", "let x = T()\n let «x» = T()\n t -> x -> u"],
    ["a let and an input", "let «t» = T()\n t -> T() -> u"],
    ["a let and an output", "let «u» = T()\n t -> T() -> u"],
    ["a remote and a let", 'let x = T()\n remote «x»: Talks { at "webrtc://far/x" }\n t -> x -> u'],
  ])("may not be given twice: %s", (_, lines) => {
    expectOnly("MESH2003", flow(lines));
  });

  it.each(["any", "first", "route", "flush"])("may not be `%s`, which begins a step", (word) => {
    expectOnly("MESH2012", flow(`let «${word}» = T()\n t -> T() -> u`));
    expectOnly("MESH2012", `pipeline P { in «${word}»: text }`);
  });

  it.each(["in", "out", "at", "else", "let", "remote", "with", "budget", "from", "join", "audio", "text", "node"])(
    "may be `%s`",
    (word) => {
      expectOnly(undefined, flow(`let ${word} = T()\n t -> ${word}\n ${word} -> u`));
      expectOnly(
        undefined,
        `node T { in text\n out text }\npipeline P { in ${word}: text\n out o: text\n ${word} -> T() -> o }`,
      );
    },
  );
});

describe("json", () => {
  it.each([
    ["a record", "record R { b: bytes }", "R"],
    ["a record in a record", "record R { s: S }\nrecord S { b: bytes? }", "R"],
    ["a list", "", "[bytes]"],
    ["a map of optionals", "", "map<bytes?>"],
  ])("takes no %s with bytes in it, for there are none in JSON", (_, records, type) => {
    expectOnly("MESH3001", `${records}\nnode A { out ${type} }\nnode B { in json }\npipeline P {\n A() «->» B() }`);
  });

  it("takes a record that holds itself", () => {
    expectOnly(
      undefined,
      "record R { r: R?, t: text }\nnode A { out R }\nnode B { in json }\npipeline P { A() -> B() }",
    );
  });
});
