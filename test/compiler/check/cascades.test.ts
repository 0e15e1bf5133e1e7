import { describe, expect, it } from "vitest";
import { compileText, expectOnly, summary } from "../support/marked.ts";

const nodes = `
node T(n: int = 3) { in text
 out text }
node Pair { in a: text
 in b: text
 out x: text
 out y: text }
node Vad { in sound: audio<pcm_f32, 16kHz, mono>
 out speech: audio<pcm_f32, 16kHz, mono>
 out started: signal }
interface Talks { in t: text
 out u: text }
record R { a: text }
`;

describe("one mistake gives one diagnostic", () => {
  const flow = (lines: string): string => `${nodes}pipeline P { in t: text\n out u: text\n ${lines} }`;

  it.each([
    [
      "a let of an unknown node, used everywhere",
      "MESH2001",
      "let x = «Tt»()\n let y = T()\n t -> x -> y\n y -> u\n x.done -> flush y",
    ],
    ["a let that is never used of an unknown node", "MESH2001", "let x = «Tt»()\n t -> T() -> u"],
    [
      "a remote of an unknown interface, used everywhere",
      "MESH2001",
      'remote r: «Tolks» { at "webrtc://far/x" }\n t -> r -> T() -> u\n r.other -> T()',
    ],
    ["a misspelt name of a let, which seems unused", "MESH2001", "let answer = T()\n t -> «anwser» -> u"],
    ["a misspelt source, by which an input seems unfed", "MESH2001", "let answer = T()\n t -> answer\n «anwser» -> u"],
    ["a misspelt input, which seems unfed", "MESH2002", "let p = Pair()\n t -> p.a\n t -> p.«c»\n p.x -> u"],
    ["a misspelt output", "MESH2002", "let p = Pair()\n t -> [p.a, p.b]\n p.«z» -> T() -> u"],
    ["a wrong argument", "MESH3003", 't -> T(n: «"x"») -> u'],
    ["an unknown argument", "MESH2008", "t -> T(«m»: 3) -> u"],
    ["a name twice, used as either", "MESH2003", "let x = T()\n let «x» = Pair()\n t -> [x.a, x.b]\n x.y -> u"],
    ["a let named like a port", "MESH2003", "let «t» = Pair()\n t.x -> T()\n t -> T() -> u"],
    ["a mistake in a chain", "MESH2001", "t -> T() -> «Tt»() -> T() -> u"],
    ["a mistake in a branch", "MESH2001", "t -> [«Tt»() -> T(), T()] -> u"],
    ["a mistake in a merge", "MESH2001", "[t, «tt»] -> T() -> u"],
    ["a mistake in a branch of a choice", "MESH2001", "t -> any(round_robin) [«Tt»(), T()] -> u"],
    ["a mismatch, and what follows from it", "MESH3001", "let v = Vad()\n t «->» v\n v.speech -> Vad()\n t -> u"],
    ["a mismatch at a fan-out", "MESH3001", "t «->» [Vad(), Vad()]\n t -> u"],
    [
      "a type that does not exist",
      "MESH2001",
      "let x = Odd()\n t -> x -> u".concat(" }\nnode Odd { in «Sting»\n out text"),
    ],
    [
      "a port type that does not exist, fed and taken",
      "MESH2001",
      "let x = Odd()\n t -> x -> u".concat(" }\nnode Odd { in text\n out «Sting»"),
    ],
    [
      "a format that does not exist",
      "MESH3004",
      "let x = Odd()\n t -> x -> u".concat(" }\nnode Odd { in audio<«opuss»>\n out text"),
    ],
    ["a type variable that is no dimension", "MESH3004", "t -> u }\nnode Odd<R: «rat»> { in audio<R>\n out audio<R>"],
    [
      "a parameter of an unknown type in a format",
      "MESH2001",
      "t -> u }\nnode Odd(r: «frequenzy») { in audio<r>\n out audio<r>",
    ],
    [
      "a parameter of an unknown type, given",
      "MESH2001",
      "t -> Odd(r: 3) -> u }\nnode Odd(r: «innt») { in text\n out text",
    ],
    [
      "a default of the wrong type, and the argument left out",
      "MESH3003",
      't -> Odd() -> u }\nnode Odd(r: int = «"x"») { in text\n out text',
    ],
    [
      "a field of an unknown type, used",
      "MESH2001",
      't -> u }\nrecord Said { lang: «Lang», text: text }\nnode A { out Said }\nnode B { in Said }\npipeline Q { A() -> route text { "x" -> B(), else -> B() }',
    ],
    [
      "a route by an unknown field",
      "MESH2011",
      't -> u }\nrecord Said { lang: text }\nnode A { out Said }\nnode B { in Said }\npipeline Q { A() -> route «lan» { "x" -> B(), "y" -> B() }',
    ],
    ["an unknown policy", "MESH2001", 'remote r: Talks with «patientt» { at "webrtc://far/x" }\n t -> r -> u'],
    [
      "a pipeline that does not conform and is a target",
      "MESH3006",
      "remote r: Talks { at Local() }\n t -> r -> u }\npipeline Local: «Talks» { in x: text\n in y: text\n out u: text\n [x, y] -> T() -> u",
    ],
    [
      "a mismatch in a pipeline that stands in one with an interface",
      "MESH3001",
      `t -> u }
node Mic { out audio<pcm_f32, 16kHz, mono> }
node Same<K: codec in opus | pcm_s16> { in audio<K>\n out audio<K> }
pipeline Inner { out sound: audio<16kHz, mono>\n Mic() «->» Same() -> sound }
pipeline Between { out sound: audio<16kHz, mono>\n Inner() -> sound }
interface Face { out sound: audio<opus> }
pipeline Outer: Face { out sound: audio<16kHz, mono>\n Between() -> sound`,
    ],
    [
      "an input that does not take what its interface says, and so leaves an output open",
      "MESH3006",
      `t -> u }
interface Face { in a: tensor<f32, [2]>\n out b: tensor<f32, [1]> }
pipeline Outer: Face { in «a»: tensor<f32 | i64, [1]>\n out b: tensor<f32 | i64, [1]>\n a -> b`,
    ],
    [
      "a mismatch that leaves open what a converter behind it is chosen by",
      "MESH3001",
      `t -> u }
node Many { out audio<opus> }
node Two { in audio<pcm_f32, 16kHz, stereo>\n out audio<pcm_f32, 16kHz, stereo> }
node Six { in audio<opus, 48kHz, 6ch | stereo> }
pipeline Q { let many = Many()\n let two = Two()\n many «->» two\n [many, two] ~> Six()`,
    ],
    ["an unfed input in front of a mismatch", "MESH5001", "let p = «Pair()»\n t -> p.a\n p.x -> u"],
    ["two inputs that nothing feeds", "MESH5001", "let p = «Pair()»\n p.x -> u"],
    [
      "a pipeline in itself, used",
      "MESH5008",
      "t -> Q() -> u }\npipeline Q { in text\n out text\n let q = «Q»()\n in -> q -> T() -> out",
    ],
    ["a choice of an unknown kind", "MESH2010", "t -> any(«rr») [T(), T()] -> u"],
    ["a join of an unknown kind", "MESH2010", "t -> u }\nnode J { in a: text\n in b: text\n join «tim» within 20ms"],
    [
      "a flush of an unknown node",
      "MESH2001",
      "let v = Vad()\n Sound() -> v\n v.started -> flush «vda»\n t -> u }\nnode Sound { out audio<pcm_f32, 16kHz, mono>",
    ],
  ])("%s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });

  it.each([
    ["an arrow without a step", "let x = T()\n t -> x\n x ->\n"],
    ["half a let", "let x =\n t -> T() -> u"],
    ["half a call", "let x = T(\n t -> x -> u"],
    ["a wrong arrow", "let x = T()\n t => x -> u"],
    ["a unit that does not exist", "t -> T(n: 20mS) -> u"],
  ])("though the text is broken: %s", (_, lines) => {
    const { diagnostics } = compileText(flow(lines));
    expect(diagnostics.map(summary)).toHaveLength(1);
    expect(diagnostics[0]?.code).toMatch(/^MESH1/);
  });

  it("and two mistakes give two", () => {
    const codes = (lines: string): string[] => compileText(flow(lines)).diagnostics.map((one) => one.code);
    expect(codes("let x = T()\n let p = Pair()\n t -> p.a\n p.x -> u\n t -> T(m: 3)")).toEqual([
      "MESH2006",
      "MESH5001",
      "MESH2008",
    ]);
    expect(codes("t -> Tt() -> Uu() -> u")).toEqual(["MESH2001", "MESH2001"]);
    expect(codes("let v = Vad()\n t -> v\n v.speech -> T()\n t -> u")).toEqual(["MESH3001", "MESH3001"]);
    expect(codes("let p = Pair()\n t -> p.a\n p.z -> T()\n let q = Pair()\n t -> q.a\n q.x -> u")).toEqual([
      "MESH2002",
      "MESH5001",
    ]);
  });
});

describe("what is never used", () => {
  const flow = (lines: string): string => `${nodes}pipeline P { in t: text\n out u: text\n ${lines} }`;

  it.each([
    ["a let", "let «x» = T()\n t -> T() -> u"],
    ["a remote", 'remote «r»: Talks { at "webrtc://far/x" }\n t -> T() -> u'],
    ["a let of a pipeline", "let «q» = Q()\n t -> u }\npipeline Q { in text\n out text\n in -> T() -> out"],
  ])("is a warning: %s", (_, lines) => {
    const found = expectOnly("MESH2006", flow(lines));
    expect(found.severity).toBe("warning");
  });

  it("says nothing of outputs, parameters and declarations", () => {
    expectOnly(
      undefined,
      `${flow("let p = Pair()\n t -> [p.a, p.b]\n p.x -> u")}\nnode Alone { in text }\npipeline Free(p: int = 3) { in a: text }`,
    );
  });

  it("counts a flush as a use", () => {
    expectOnly(
      undefined,
      flow(
        "let v = Vad()\n Sound() -> v\n v.started -> flush v\n t -> u }\nnode Sound { out audio<pcm_f32, 16kHz, mono>",
      ),
    );
  });

  it("is said though something else is wrong, where that has nothing to do with it", () => {
    const { diagnostics } = compileText(flow("let x = T()\n t -> Vad()\n t -> u"));
    expect(diagnostics.map((one) => one.code)).toEqual(["MESH2006", "MESH3001"]);
  });
});
