import { describe, expect, it } from "vitest";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import type { JsonValue } from "../../../runtime/interface/frame.ts";
import { defineNode, type NodeContext } from "../../../runtime/interface/node.ts";
import { Cells } from "../../../runtime/pipeline/negotiation.ts";
import { PipelineBuilder, text } from "../../support/pipeline-plan-builder.ts";
import { frameOf, openSession } from "../../support/pipeline-reader.ts";
import { collector } from "../../support/pipeline-run.ts";

const audio = (dims: Extract<FlowType, { dims: unknown }>["dims"]): FlowType => ({ kind: "audio", dims });

/** Takes all and keeps nothing. */
const sink = {
  writable: true,
  ready: () => Promise.resolve(),
  send: () => undefined,
  end: () => undefined,
  abort: () => undefined,
};

/** A node that shows what it was opened with. */
function spy() {
  const opened: { params: Readonly<Record<string, JsonValue>>; formats: NodeContext["formats"] }[] = [];
  const node = defineNode({
    open: (params, { formats }) => {
      opened.push({ params, formats });
      return {};
    },
  });
  return { node, opened };
}

describe("parameters", () => {
  const builder = (): PipelineBuilder =>
    new PipelineBuilder("P", { a: text })
      .with({
        params: [
          { name: "accent", type: text, default: { literal: "en" } },
          { name: "level", type: { kind: "scalar", name: "float", min: 0, max: 1 } },
        ],
      })
      .node(
        "N",
        { in: text },
        {},
        {
          accent: { param: "accent" },
          level: { param: "level" },
          tries: { env: "TRIES", default: 3 },
          loud: { env: "LOUD", default: false },
          model: { env: "MODEL", default: "small" },
        },
      )
      .link("a", "N.in");

  it("come from the caller, the plan and the environment, the latter in the kind of its default", async () => {
    const { node, opened } = spy();
    const env = (name: string): string | undefined => ({ TRIES: "5", LOUD: "true" })[name];
    const { session } = await openSession(builder(), { nodes: { N: node }, params: { level: 0.5 }, deps: { env } });
    expect(opened[0]?.params).toEqual({ accent: "en", level: 0.5, tries: 5, loud: true, model: "small" });
    await session.close();
  });

  it.each<[string, Record<string, JsonValue>, Record<string, string>, string]>([
    ["is missing", {}, {}, "Parameter `level` of pipeline `P` has no value"],
    ["is out of range", { level: 3 }, {}, "Parameter `level` of pipeline `P` is 3, which is no float in 0..1"],
    [
      "is not there",
      { level: 1, volume: 1 },
      {},
      "There is no parameter `volume` of pipeline `P`; it has accent, level",
    ],
    [
      "is no number in the environment",
      { level: 1 },
      { TRIES: "many" },
      'The environment variable TRIES is not a number: "many" (main.mesh:2:3)',
    ],
  ])("are refused when one %s", async (_, params, env, message) => {
    const opening = openSession(builder(), { nodes: { N: spy().node }, params, deps: { env: (name) => env[name] } });
    await expect(opening).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining(message),
    });
  });
});

describe("formats", () => {
  /** Rate and codec are open at the border and shared by both ports. */
  const open = audio({ codec: { cell: 0 }, rate: { cell: 1 }, channels: [1] });
  const builder = (): PipelineBuilder =>
    new PipelineBuilder("P", { a: open }, { b: open })
      .with({
        cells: [
          { dimension: "codec", allowed: ["pcm_f32", "pcm_s16"] },
          { dimension: "rate", allowed: [{ min: 8_000, max: 48_000 }] },
        ],
      })
      .node("N", { in: open }, { out: open })
      .link("a", "N.in")
      .link("N.out", "b");

  it("R2.3 settle on what the caller sends and takes, the same for all ports that share a dimension", async () => {
    const { node, opened } = spy();
    const { session } = await openSession(builder(), {
      nodes: { N: node },
      inputs: { a: audio({ codec: ["pcm_s16", "pcm_f32"], rate: [{ min: 16_000 }], channels: [1] }) },
      outputs: { b: { type: audio({ codec: ["pcm_s16"], rate: [44_100, 16_000], channels: [1, 2] }), link: sink } },
    });
    const fixed = audio({ codec: ["pcm_s16"], rate: [44_100], channels: [1] });
    expect(session.formats).toEqual({ inputs: { a: fixed }, outputs: { b: fixed } });
    expect(opened[0]?.formats).toEqual({ inputs: { in: fixed }, outputs: { out: fixed } });
    expect(() => session.inputs["a"]?.send(frameOf("not sound"))).toThrow("`a` takes an Int16Array");
    await session.close();
  });

  it("are refused with port, both sides and the dimension when a shared one cannot agree", async () => {
    const opening = openSession(builder(), {
      nodes: { N: spy().node },
      inputs: { a: audio({ codec: ["pcm_s16"], rate: [16_000], channels: [1] }) },
      outputs: { b: { type: audio({ codec: ["pcm_f32"], rate: [16_000], channels: [1] }), link: sink } },
    });
    await expect(opening).rejects.toMatchObject({
      code: "format-mismatch",
      message:
        "No common format at output `b` of pipeline `P`: it gives audio<pcm_s16, 16kHz, mono>, the caller takes " +
        "audio<pcm_f32, 16kHz, mono>; they share no codec (pcm_s16 and pcm_f32).",
    });
  });

  describe("that two parameters fix", () => {
    const asked = (params: Record<string, JsonValue>): ReturnType<typeof openSession> =>
      openSession(
        builder().with({
          params: [
            { name: "sent", type: text, default: { literal: "pcm_f32" } },
            { name: "taken", type: text },
          ],
          cells: [
            { dimension: "codec", allowed: ["pcm_f32", "pcm_s16"], params: ["sent", "taken"] },
            { dimension: "rate", allowed: [16_000] },
          ],
        }),
        {
          nodes: { N: spy().node },
          params,
          inputs: { a: audio({ codec: ["pcm_f32", "pcm_s16"], rate: [16_000], channels: [1] }) },
          outputs: {},
        },
      );

    it("are what both say", async () => {
      const { session } = await asked({ taken: "pcm_f32" });
      expect(session.formats.inputs["a"]).toEqual(audio({ codec: ["pcm_f32"], rate: [16_000], channels: [1] }));
      await session.close();
    });

    it.each<[string, Record<string, JsonValue>, string]>([
      [
        "the default of the other",
        { taken: "pcm_s16" },
        "Parameter `taken` of pipeline `P` is pcm_s16; it has to be the same as parameter `sent`, which is pcm_f32",
      ],
      [
        "its other argument",
        { sent: "pcm_s16", taken: "pcm_f32" },
        "Parameter `taken` of pipeline `P` is pcm_f32; it has to be the same as parameter `sent`, which is pcm_s16",
      ],
      [
        "what the links allow",
        { sent: "opus", taken: "opus" },
        "Parameter `sent` of pipeline `P` is opus; inside, only pcm_f32 | pcm_s16 is possible",
      ],
    ])("are refused when one is not %s", async (_, params, message) => {
      await expect(asked(params)).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining(message) as string,
      });
    });
  });

  it.each<[string, Record<string, FlowType>, string]>([
    ["an input is not fed", {}, "needs its input `a`"],
    ["a port is not there", { a: text, z: text }, "has no input `z`; its inputs are: a"],
  ])("are refused when %s", async (_, inputs, message) => {
    const plain = new PipelineBuilder("P", { a: text }).node("N", { in: text }, {}).link("a", "N.in");
    await expect(openSession(plain, { nodes: { N: spy().node }, inputs })).rejects.toThrow(message);
  });

  it("names the node whose code is not there", async () => {
    const plain = new PipelineBuilder("P", { a: text }).node("N", { in: text }, {}).link("a", "N.in");
    await expect(openSession(plain)).rejects.toMatchObject({ node: "N", location: { line: 2 } });
  });
});

describe("ports of a session", () => {
  it("match a sole one of another name, by the name that the caller uses", async () => {
    const builder = new PipelineBuilder("P", { a: text }, { b: text }).link("a", "b");
    const link = collector();
    const { session } = await openSession(builder, {
      inputs: { speech: text },
      outputs: { words: { type: text, link: link.link } },
    });
    expect(session.formats).toEqual({ inputs: { speech: text }, outputs: { words: text } });
    session.inputs["speech"]?.send(frameOf("x"));
    session.inputs["speech"]?.end();
    expect((await session.closed).error).toBeUndefined();
    expect(link.payloads).toEqual(["x"]);
  });

  it("are refused where one dimension that stands at two places would be two", async () => {
    const square: FlowType = { kind: "tensor", dims: { element: ["f32"], side0: { cell: 0 }, side1: { cell: 0 } } };
    const builder = new PipelineBuilder("P", { a: square })
      .with({ cells: [{ dimension: "side", media: "tensor", allowed: null }] })
      .node("N", { in: square }, {})
      .link("a", "N.in");
    const { node, opened } = spy();
    const sides = (...all: number[]): FlowType => ({
      kind: "tensor",
      dims: { element: ["f32"], side0: [all[0] ?? 1], side1: [all[1] ?? 1] },
    });
    const open = (type: FlowType) => openSession(builder, { nodes: { N: node }, inputs: { a: type } });
    await expect(open(sides(3, 4))).rejects.toMatchObject({ code: "format-mismatch" });
    await expect(open(sides(3, 4))).rejects.toThrow("its side1 has to be the same as another dimension");
    const { session } = await open(sides(4, 4));
    expect(opened[0]?.formats.inputs["in"]).toMatchObject({ dims: { side0: [4], side1: [4] } });
    await session.close();
  });

  describe("of tensors whose shape nobody has declared", () => {
    const open: FlowType = { kind: "tensor", dims: { element: ["f32"], rank: { cell: 0 } } };
    const tensor = (...shape: number[]): FlowType => {
      const sides = shape.map((side, index) => [`side${index}`, [side]]);
      const dims = shape.length === 0 ? {} : { rank: [shape.length], ...Object.fromEntries(sides) };
      return { kind: "tensor", dims: { element: ["f32"], ...dims } } as FlowType;
    };
    const asked = (given: FlowType, taken: FlowType): ReturnType<typeof openSession> =>
      openSession(
        new PipelineBuilder("P", { a: open }, { b: open })
          .with({ cells: [{ dimension: "rank", media: "tensor", allowed: null }] })
          .node("N", { in: open }, { out: open })
          .link("a", "N.in")
          .link("N.out", "b"),
        { nodes: { N: spy().node }, inputs: { a: given }, outputs: { b: { type: taken, link: sink } } },
      );

    it.each<[string, FlowType, FlowType, FlowType]>([
      ["the one that both sides name", tensor(4, 2), tensor(4, 2), tensor(4, 2)],
      ["the one that is given, where the other side takes any", tensor(4), tensor(), tensor(4)],
      ["the one that is taken, where any is given", tensor(), tensor(3), tensor(3)],
      ["none where both leave it open", tensor(), tensor(), tensor()],
    ])("are %s, at all ports that share it", async (_, given, taken, expected) => {
      const { session } = await asked(given, taken);
      expect(session.formats).toEqual({ inputs: { a: expected }, outputs: { b: expected } });
      await session.close();
    });

    it.each([
      ["number of sides", tensor(4), tensor(4, 2)],
      ["side", tensor(4, 2), tensor(4, 3)],
    ])("are refused where one %s is not the other", async (_, given, taken) => {
      await expect(asked(given, taken)).rejects.toMatchObject({ code: "format-mismatch" });
    });
  });

  it("keep what has been settled before, where one dimension stands at two ports", () => {
    const shared = audio({ channels: { cell: 0 } });
    const builder = new PipelineBuilder("P", { a: shared }, { b: shared }).with({
      cells: [{ dimension: "channels", media: "audio", allowed: [6, 2, 1] }],
    });
    const cells = new Cells(builder.build());
    expect(cells.narrow(shared, audio({ channels: [2, 6] }))).toBeUndefined();
    expect(cells.narrow(shared, audio({ channels: [1] }))).toBe("channels");
    expect(cells.narrow(shared, audio({ channels: [1, 6] }))).toBeUndefined();
    expect(cells.fill(shared)).toEqual(audio({ channels: [6] }));
  });
});
