import { describe, expect, it } from "vitest";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import type { PipelineDescription } from "../../../runtime/interface/description.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { describePipeline } from "../../../runtime/pipeline/description.ts";
import { describeRemote } from "../../../runtime/remote/describe.ts";
import { compileText } from "../../compiler/support/marked.ts";
import { echoPlan, failureOf, rawCaller, rawHost, scene, serve, text, type Scene } from "./support/scene.ts";

const word: FlowType = { kind: "named", name: "Word" };
const other: FlowType = { kind: "named", name: "Other" };
const plan = echoPlan(word, {
  Word: { kind: "record", fields: [{ name: "next", type: { kind: "list", element: other }, optional: false }] },
  Other: { kind: "enum", values: ["a"] },
  Unused: { kind: "enum", values: ["b"] },
});

const ask = ({ network, clock }: Scene, signal?: AbortSignal): Promise<PipelineDescription> =>
  describeRemote({
    transport: network.transport("caller"),
    uri: "memory://server/P",
    clock,
    ...(signal !== undefined && { signal }),
  });

describe("a pipeline that is asked what it takes and gives", () => {
  it("tells its ports and the records and enums behind them, and opens no session", async () => {
    const stage = scene();
    await serve(stage, { plan, endpoint: { open: () => Promise.reject(new Error("not to be opened")) } });
    expect(await stage.clock.until(ask(stage))).toEqual({
      pipeline: "P",
      batch: false,
      inputs: { a: { type: word, optional: false } },
      outputs: { b: { type: word, optional: false } },
      schemas: { Word: plan.schemas["Word"], Other: plan.schemas["Other"] },
    });
  });

  it("answers one question a connection", async () => {
    const stage = scene();
    await serve(stage, { plan });
    const stranger = await rawCaller(stage);
    stranger.say({ type: "describe", versions: [1], pipeline: "P" });
    stranger.say({ type: "describe", versions: [1], pipeline: "P" });
    await stage.clock.run(5);
    expect(stranger.of("description")).toHaveLength(1);
    expect(stranger.of("bye")).toMatchObject([{ code: "protocol-violation" }]);
  });

  it("refuses another name, and a version that it does not speak", async () => {
    const stage = scene();
    await serve(stage, { plan });
    const [stranger, foreign] = [await rawCaller(stage), await rawCaller(stage, "foreign")];
    stranger.say({ type: "describe", versions: [1], pipeline: "Q" });
    foreign.say({ type: "describe", versions: [7], pipeline: "P", all: "different" });
    await stage.clock.run(5);
    expect(stranger.of("refuse")).toMatchObject([{ code: "pipeline-not-found" }]);
    expect(foreign.of("refuse")).toMatchObject([{ code: "version-mismatch" }]);
  });
});

describe("who asks", () => {
  it("gives up a peer that says nothing, and leaves nothing open", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const asked = failureOf(ask(stage));
    await stage.clock.run(6_000);
    expect(await asked).toMatchObject({ code: "peer-lost", message: /gone silent/ });
    await stage.clock.until(peers[0]!.connection.closed);
  });

  it("is told of a peer that leaves, and may give up", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const asked = failureOf(ask(stage));
    await stage.clock.run(5);
    peers[0]?.say({ type: "bye" });
    await stage.clock.run(1_000);
    expect(await asked).toMatchObject({ code: "peer-lost" });
    const abort = new AbortController();
    const again = failureOf(ask(stage, abort.signal));
    await stage.clock.run(5);
    abort.abort(new MeshError("cancelled", "Enough."));
    await stage.clock.run(1_000);
    expect(await again).toMatchObject({ code: "cancelled" });
  });

  it("takes nothing that is no answer", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const asked = failureOf(ask(stage));
    await stage.clock.run(5);
    peers[0]?.say({
      type: "description",
      version: 1,
      inputs: [{ port: "a", type: { kind: "audio", dims: { rate: { cell: 0 } } } }],
      outputs: [],
      schemas: {},
    });
    await stage.clock.run(1_000);
    expect(await asked).toMatchObject({ code: "protocol-violation", message: /refers to a cell/ });
  });

  it("takes no version that it has not offered", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const asked = failureOf(ask(stage));
    await stage.clock.run(5);
    peers[0]?.say({ type: "description", version: 2, inputs: [], outputs: [], schemas: {} });
    await stage.clock.run(1_000);
    expect(await asked).toMatchObject({ code: "version-mismatch" });
  });
});

describe("the description of a pipeline", () => {
  const program = `
    node Convert<C: channels>(to: frequency) {
      in  audio<pcm_f32, 48kHz, C>
      out audio<pcm_f32, to, C>
    }
    pipeline Down(rate: frequency = 16kHz) {
      in  a: audio<pcm_f32, 48kHz, mono | stereo>
      in  mark: text?
      out b: audio<pcm_f32>
      a -> Convert(to: rate) -> b
    }
  `;
  const pipeline = compileText(program).plan!.pipelines["Down"]!;
  const rateOf = (params: Record<string, number>): unknown =>
    describePipeline("down", pipeline, {}, params, () => undefined).outputs["b"]?.type;

  it("has the sets that are left to negotiate, and what parameters fix", () => {
    const told = describePipeline("down", pipeline, {}, {}, () => undefined);
    expect(told.inputs).toEqual({
      a: { type: { kind: "audio", dims: { codec: ["pcm_f32"], rate: [48_000], channels: [1, 2] } }, optional: false },
      mark: { type: text, optional: true },
    });
    expect(rateOf({})).toMatchObject({ dims: { rate: [16_000], channels: [1, 2] } });
    expect(rateOf({ rate: 8000 })).toMatchObject({ dims: { rate: [8000] } });
  });
});
