import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interfaceText, UnwritableError, type LiveInterface } from "../../../compiler/pull/interface-text.ts";
import { fillCells, isCell, type FlowType, type Schemas } from "../../../runtime/interface/caps.ts";
import type { PipelinePlan } from "../../../runtime/interface/plan.ts";
import { compileText, summary } from "../support/marked.ts";

const text: FlowType = { kind: "scalar", name: "text" };

function live(change: Partial<LiveInterface> = {}): LiveInterface {
  return {
    pipeline: "Hearing",
    batch: false,
    inputs: {
      speech: {
        type: { kind: "audio", dims: { codec: ["opus", "pcmu"], rate: [{ min: 8000, max: 48_000 }] } },
        optional: false,
      },
    },
    outputs: { words: { type: { kind: "named", name: "Transcript" }, optional: false } },
    schemas: {
      Transcript: {
        kind: "record",
        fields: [
          { name: "text", type: text, optional: false },
          { name: "confidence", type: { kind: "scalar", name: "float", min: 0, max: 1 }, optional: false },
          { name: "took", type: { kind: "scalar", name: "duration" }, optional: true, default: 20_000 },
          { name: "mood", type: { kind: "named", name: "Mood" }, optional: true, default: "calm" },
          { name: "words", type: { kind: "optional", element: { kind: "list", element: text } }, optional: true },
        ],
      },
      Mood: { kind: "enum", values: ["calm", "loud"] },
    },
    ...change,
  };
}

/** The types that a program with this interface sees at a remote of it. */
function seen(body: string): PipelinePlan["remotes"][number] {
  const [, name = ""] = /interface (\w+)/.exec(body) ?? [];
  const ports = [...body.slice(0, body.indexOf("\n}")).matchAll(/^ {2}(in|out) +(\w+): (.*)$/gm)];
  const flows = ports.map(([, way, port]) => (way === "in" ? `  ${port} -> far.${port}` : `  far.${port} -> ${port}`));
  const user = [
    `${body.includes("batch interface") ? "batch " : ""}pipeline User {`,
    ...ports.map(([, way, port, type]) => `  ${way} ${port}: ${type}`),
    `  remote far: ${name} { at "webrtc://far.example.com/P" }`,
    ...flows,
    "}",
  ].join("\n");
  const { plan, diagnostics } = compileText(`${body}\n${user}\n`);
  const errors = diagnostics.filter((one) => one.severity === "error");
  expect(errors.map(summary), `${body}\n${errors.map((one) => one.message).join("\n")}`).toEqual([]);
  const pipeline = plan?.pipelines["User"] as PipelinePlan;
  const cells = pipeline.cells.map(({ allowed }) => (allowed === null || isCell(allowed) ? undefined : allowed));
  const [remote] = pipeline.remotes;
  const filled = (side: PipelinePlan["inputs"]): PipelinePlan["inputs"] =>
    Object.fromEntries(Object.entries(side).map(([port, one]) => [port, { ...one, type: fillCells(one.type, cells) }]));
  return { ...remote!, inputs: filled(remote!.inputs), outputs: filled(remote!.outputs) };
}

describe("an interface that was pulled", () => {
  it("is a program in the canonical layout, with the records that it needs", () => {
    expect(interfaceText(live())).toBe(`interface Hearing {
  in  speech: audio<opus | pcmu, 8kHz..48kHz>
  out words: Transcript
}

record Transcript {
  text: text
  confidence: float in 0..1
  took: duration = 20ms
  mood: Mood = "calm"
  words: [text]?
}

enum Mood { calm, loud }
`);
  });

  it("gets a name that a program can have, or the one that is asked for", () => {
    expect(interfaceText(live({ pipeline: "speech-to-text" }))).toContain("interface SpeechToText {");
    expect(interfaceText(live({ pipeline: "2fast" }))).toContain("interface Pulled2fast {");
    expect(interfaceText(live({ batch: true }), "Transcriber")).toContain("batch interface Transcriber {");
  });

  it("keeps records apart that two modules of the peer call the same, and from the interface itself", () => {
    const body = interfaceText(
      live({
        inputs: { a: { type: { kind: "named", name: "Hearing" }, optional: false } },
        outputs: { b: { type: { kind: "named", name: "Hearing (b.mesh)" }, optional: true } },
        schemas: { Hearing: { kind: "enum", values: ["x"] }, "Hearing (b.mesh)": { kind: "enum", values: ["y"] } },
      }),
    );
    expect(body).toContain("in  a: Hearing2\n  out b: Hearing3?\n");
    expect(body).toContain("enum Hearing2 { x }\n\nenum Hearing3 { y }\n");
  });

  it("leaves open what only a variable could say", () => {
    const open: FlowType = { kind: "tensor", dims: { element: ["f32"], rank: [3], side0: [1], side2: [224] } };
    const whole: FlowType = { kind: "tensor", dims: { element: ["f32"], rank: [2], side0: [1], side1: [224] } };
    const outputs = { a: { type: open, optional: false }, b: { type: whole, optional: false } };
    expect(interfaceText(live({ inputs: {}, outputs }))).toContain(
      "out a: tensor<f32>\n  out b: tensor<f32, [1, 224]>\n",
    );
  });

  it.each([
    [
      "a port that no program can name",
      live({ inputs: { "a b": { type: text, optional: false } } }),
      /port named "a b"/,
    ],
    ["a reserved word", live({ inputs: { map: { type: text, optional: false } } }), /port named "map"/],
    [
      "a value that ends the program",
      live({ schemas: { Transcript: { kind: "enum", values: ["a } node X {"] } } }),
      /enum value named/,
    ],
    ["a record that is not told", live({ schemas: {} }), /does not say what `Transcript` is/],
    [
      "a cell of the peer",
      live({ inputs: { a: { type: { kind: "audio", dims: { rate: { cell: 0 } } }, optional: false } } }),
      /port `a`/,
    ],
    [
      "a type without end",
      live({
        inputs: {
          a: {
            type: Array.from({ length: 40 }).reduce<FlowType>((element) => ({ kind: "list", element }), text),
            optional: false,
          },
        },
      }),
      /nested too deep/,
    ],
  ])("is refused for %s", (_, one, message) => {
    expect(() => interfaceText(one)).toThrow(UnwritableError);
    expect(() => interfaceText(one)).toThrow(message);
  });

  it("means to a program what the peer has told, whatever the types", () => {
    fc.assert(
      fc.property(liveInterfaces, (one) => {
        const remote = seen(interfaceText(one));
        for (const side of ["inputs", "outputs"] as const) {
          const told = Object.entries(one[side]).map(([port, { type, optional }]) => [port, { type, optional }]);
          const read = Object.entries(remote[side]).map(([port, { type, optional }]) => [
            port,
            { type, optional: optional ?? false },
          ]);
          expect(read).toEqual(told);
        }
      }),
      { numRuns: 150 },
    );
  });
});

const number = (
  name: "int" | "float" | "duration" | "frequency" | "size" | "bitrate" | "decibel",
): fc.Arbitrary<FlowType> =>
  fc
    .record({
      low: fc.integer({ min: 1, max: 1000 }),
      more: fc.integer({ min: 1, max: 1000 }),
      ends: fc.integer({ min: 0, max: 3 }),
    })
    .map(({ low, more, ends }): FlowType => ({
      kind: "scalar",
      name,
      ...((ends & 1) !== 0 && { min: low }),
      ...((ends & 2) !== 0 && { max: low + more }),
    }));

const scalars: fc.Arbitrary<FlowType> = fc.oneof(
  ...(["int", "float", "duration", "frequency", "size", "bitrate", "decibel"] as const).map(number),
  fc.constantFrom<FlowType>(
    text,
    { kind: "scalar", name: "json" },
    { kind: "scalar", name: "bool" },
    { kind: "scalar", name: "version", between: { min: "12.4" } },
    { kind: "scalar", name: "resolution", between: { max: { width: 1920, height: 1080 } } },
    { kind: "scalar", name: "text", pattern: String.raw`[a-z"\\]+` },
    { kind: "named", name: "Node" },
    { kind: "named", name: "Level" },
  ),
);

const data: fc.Arbitrary<FlowType> = fc.oneof(
  { weight: 3, arbitrary: scalars },
  { weight: 1, arbitrary: scalars.map((element): FlowType => ({ kind: "list", element })) },
  { weight: 1, arbitrary: scalars.map((element): FlowType => ({ kind: "map", element })) },
);

const media: fc.Arbitrary<FlowType> = fc.constantFrom<FlowType>(
  { kind: "audio", dims: {} },
  { kind: "audio", dims: { codec: ["opus"], rate: [48_000], channels: [1] } },
  { kind: "audio", dims: { codec: ["opus", "pcmu"], rate: [{ min: 8000, max: 48_000 }], channels: [1, 2, 6] } },
  { kind: "video", dims: { codec: ["vp8"], size: [{ max: { width: 1920, height: 1080 } }], fps: [{ max: 30 }] } },
  { kind: "tensor", dims: { element: ["f32"], rank: [2], side0: [1], side1: [224] } },
);

const port = fc.record({
  type: fc.oneof(media, data),
  // An input of the pipeline that may be absent cannot feed one that must be there, and here both are the same.
  optional: fc.constant(false),
});

const schemas: Schemas = {
  Level: { kind: "enum", values: ["low", "high"] },
  Node: {
    kind: "record",
    fields: [
      { name: "in", type: text, optional: false },
      { name: "level", type: { kind: "named", name: "Level" }, optional: true, default: "low" },
      { name: "next", type: { kind: "optional", element: { kind: "named", name: "Node" } }, optional: true },
    ],
  },
};

const liveInterfaces: fc.Arbitrary<LiveInterface> = fc.record({
  pipeline: fc.constantFrom("Hearing", "speech-to-text"),
  batch: fc.boolean(),
  inputs: fc.record({ one: port, two: port }),
  outputs: fc.record({ answer: port }),
  schemas: fc.constant(schemas),
});
