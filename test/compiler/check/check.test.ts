import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { readPlan } from "../../../runtime/interface/plan.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const standard = { "std/audio": read("stdlib/audio/audio.mesh"), "std/speech": read("stdlib/speech/speech.mesh") };

const prelude = `
import { Resample, Gain } from "std/audio"
import { Vad, Recognise, Transcript } from "std/speech"
interface Hears { in speech: audio<opus, 48kHz, mono>
 out words: Transcript }
node Source { out audio<pcm_f32, 16kHz, mono>
 from "./x.ts" }
node Sink { in audio<pcm_f32, 48kHz, stereo>
 from "./x.ts" }
node Texts(n: int in 1..9 = 3, tag: text = "") { in text
 out text
 from "./x.ts" }
`;

function check(text: string, files: Record<string, string> = {}) {
  const host = memoryHost({ "main.mesh": text, ...files }, standard);
  return compile("main.mesh", host, { compilerVersion: "test" });
}

/** Codes of errors, and the text that each underlines. */
function errors(text: string, files?: Record<string, string>): string[] {
  return check(text, files)
    .diagnostics.filter((one) => one.severity === "error")
    .map((one) => `${one.code} ${one.place.source.text.slice(one.place.span.start, one.place.span.end)}`);
}

describe("the checker", () => {
  it("accepts the voice assistant and gives a plan that the runtime reads", () => {
    const result = check(read("examples/voice-assistant/main.mesh"));
    expect(result.diagnostics).toEqual([]);
    expect(readPlan(JSON.parse(JSON.stringify(result.plan)))).toBeDefined();
  });

  it("inserts the cheapest converters, in order, with their parameters solved", () => {
    const { plan } = check(read("examples/voice-assistant/main.mesh"));
    const client = plan?.pipelines["Client"];
    const path = client?.links.map((link) => `${link.from.node ?? link.from.port} ${link.to.node ?? link.to.port}`);
    expect(path?.slice(0, 4)).toEqual([
      "mic ToFloat",
      "ToFloat Resample",
      "Resample OpusEncode",
      "OpusEncode assistant",
    ]);
    const resample = client?.nodes.find((node) => node.id === "Resample");
    expect(resample).toMatchObject({ inserted: true, params: { to: { literal: 48_000 } } });
  });

  it("leaves a border open that nothing inside narrows, and shares it between ports that must agree", () => {
    const { plan, diagnostics } = check(`${prelude}pipeline P {
      in a: audio<pcm_f32, 8kHz..48kHz, mono>
      out b: audio<pcm_f32>
      a -> Gain() -> b
    }`);
    expect(diagnostics.filter((one) => one.severity === "error")).toEqual([]);
    const pipeline = plan?.pipelines["P"];
    expect(pipeline?.cells).toEqual([{ dimension: "rate", allowed: [{ min: 8000, max: 48_000 }] }]);
    const rate = { cell: 0 };
    expect(pipeline?.inputs["a"]?.type).toMatchObject({ dims: { rate } });
    expect(pipeline?.outputs["b"]?.type).toMatchObject({ dims: { rate, channels: [1] } });
  });

  it("explains a mismatch by who narrowed the dimension, and offers ~>", () => {
    const { diagnostics } = check(`${prelude}pipeline P {\n  Source() -> Sink()\n}`);
    const [found] = diagnostics.filter((one) => one.severity === "error");
    expect(found).toMatchObject({ code: "MESH3001" });
    expect(found?.message).toContain("16kHz is not 48kHz");
    expect(found?.related.map((one) => one.message)).toEqual(["`Source` gives 16kHz", "`Sink` takes 48kHz"]);
    expect(found?.fixes[0]?.edits[0]?.newText).toBe("~>");
  });

  it("compares records by their fields across files", () => {
    const files = { "other.mesh": 'record Small { text: text }\nnode Eats { in Small\n from "./x.ts" }' };
    const program = (record: string): string =>
      `import { Eats } from "./other.mesh"\nrecord Big { ${record} }\nnode Gives { out Big\n from "./x.ts" }\npipeline P { Gives() -> Eats() }`;
    expect(errors(program("text: text, more: int"), files)).toEqual([]);
    expect(errors(program("words: text"), files)).toEqual(["MESH3001 ->"]);
  });
});

describe("one mistake gives one diagnostic, at its place", () => {
  const pipeline = (body: string): string => `${prelude}pipeline P {\n in t: text\n out u: text\n${body}\n}`;

  it.each([
    ["an unknown node", pipeline(" t -> Textz() -> u"), "MESH2001 Textz"],
    ["an unknown name in a flow", pipeline(" t -> nothing\n t -> Texts() -> u"), "MESH2001 nothing"],
    ["an unknown port", pipeline(" let x = Texts()\n t -> x.inn\n x -> u"), "MESH2002 inn"],
    ["a record used as a node", pipeline(" t -> Transcript() -> u"), "MESH2007 Transcript"],
    ["a node without a use", pipeline(" t -> Texts -> u"), "MESH2007 Texts"],
    ["two lets of one name", pipeline(" let x = Texts()\n let x = Texts()\n t -> x -> u"), "MESH2003 x"],
    ["an unknown parameter", pipeline(" t -> Texts(m: 3) -> u"), "MESH2008 m"],
    [
      "a missing argument",
      `${prelude}pipeline P { in a: audio<pcm_f32, 48kHz, mono>\n out b: audio<pcm_f32, 16kHz, mono>\n a -> Resample() -> b }`,
      "MESH2009 Resample",
    ],
    ["a value of the wrong kind", pipeline(" t -> Texts(n: 48kHz) -> u"), "MESH3003 48kHz"],
    ["a value out of range", pipeline(" t -> Texts(n: 12) -> u"), "MESH3005 12"],
    ["an unknown codec", `node N { in audio<opuss>\n from "./x.ts" }`, "MESH3004 opuss"],
    ["a format given twice", `node N { in audio<mono, stereo>\n from "./x.ts" }`, "MESH3004 stereo"],
    ["formats that differ", pipeline(" t -> Sink()\n t -> Texts() -> u"), "MESH3001 ->"],
    ["no converter", pipeline(" t ~> Sink()\n t -> Texts() -> u"), "MESH3002 ~>"],
    [
      "an input that nothing feeds",
      pipeline(" let s = Texts()\n t -> Texts() -> u\n s -> Texts()"),
      "MESH5001 Texts()",
    ],
    ["two sources for one input", pipeline(" let x = Texts()\n t -> x -> u\n t -> x"), "MESH5002 x"],
    ["an output that is never given", pipeline(" t -> Texts()"), "MESH5004 u"],
    ["sending into an input of the pipeline", pipeline(" t -> Texts() -> [t, u]"), "MESH5006 t"],
    ["a missing file", 'import { A } from "./nowhere.mesh"', 'MESH2004 "./nowhere.mesh"'],
    ["a path out of the project", 'import { A } from "../../etc/passwd"', 'MESH2004 "../../etc/passwd"'],
    ["an unknown standard module", 'import { A } from "std/audo"', 'MESH2004 "std/audo"'],
    ["an unknown import", 'import { Gainn } from "std/audio"', "MESH2005 Gainn"],
    [
      "a remote without a target",
      `${prelude}pipeline P { in a: audio<opus, 48kHz, mono>\n out w: Transcript\n remote r: Hears { retry 2 times }\n a -> r -> w }`,
      "MESH6002 r",
    ],
    [
      "a target that nobody runs",
      `${prelude}peer g { runs Q }\npipeline Q { in t: text\n out u: text\n t -> u }\npipeline P { in a: audio<opus, 48kHz, mono>\n out w: Transcript\n remote r: Hears { at g.R }\n a -> r -> w }`,
      "MESH2001 R",
    ],
    [
      "a target of another shape",
      `${prelude}peer g { runs Q }\npipeline Q { in t: text\n out u: text\n t -> u }\npipeline P { in a: audio<opus, 48kHz, mono>\n out w: Transcript\n remote r: Hears { at g.Q }\n a -> r -> w }`,
      "MESH6003 at g.Q",
    ],
    [
      "a pipeline that does not conform",
      `${prelude}pipeline Q: Hears { in speech: audio<opus, 48kHz, stereo>\n out words: Transcript\n speech ~> Recognise() -> words }`,
      "MESH3006 speech",
    ],
  ])("%s", (_, text, expected) => {
    expect(errors(text)).toEqual([expected]);
  });

  it("finds a circle of streams", () => {
    const text = pipeline(" let a = Texts()\n let b = Texts()\n [t, b] -> a -> b\n a -> u");
    expect(errors(text)).toHaveLength(1);
    expect(errors(text)[0]).toContain("MESH5003");
  });

  it("warns of what is never used", () => {
    const { diagnostics } = check(pipeline(" let x = Texts()\n t -> Texts() -> u"));
    expect(diagnostics.map((one) => one.message)).toContain("The let `x` is never used.");
  });

  it("suggests the near name, with a fix that puts it right", () => {
    const { diagnostics } = check(pipeline(" t -> Textz() -> u"));
    const found = diagnostics.find((one) => one.severity === "error");
    expect(found?.hint).toBe("Did you mean `Texts`?");
    expect(found?.fixes[0]?.edits[0]?.newText).toBe("Texts");
  });
});
