import { describe, expect, expectTypeOf, it } from "vitest";
import { defineNode, inputPort, launchPipeline, outputPort, ports } from "pipeline-mesh";
import type { InputPort, OutputPort, PipelineOptions, Program, RunningPipeline } from "pipeline-mesh";
import { at, collect, collectFrames, feed, soundFrames, testPipeline, virtualClock } from "pipeline-mesh/testing";
import { planOf } from "../../support/pipeline-run.ts";

const plan = planOf(`
node Shout(marks: int = 1) { in text
 out text
 from "./shout.ts" }
interface Answering { in line: text
 out answer: text }
pipeline Front { in line: text
 out answer: text
 remote loud: Answering { at back.Loud
  else "webrtc://spare.example.com/Loud" }
 line -> loud -> answer }
pipeline Loud: Answering { in line: text
 out answer: text
 line -> Shout(marks: 2) -> answer }
pipeline Sound { in mic: audio<pcm_f32, 16kHz, mono>
 out loud: audio<pcm_f32, 16kHz, mono>
 mic -> loud }
peer front { runs Front
 listens "webrtc://127.0.0.1:0" }
peer back { runs Loud
 listens env("BACK_LISTENS", "webrtc://127.0.0.1:7452") }`);

const shout = defineNode<{ marks: number }>({
  open: ({ marks }) => ({ process: ({ payload }) => String(payload).toUpperCase() + "!".repeat(marks) }),
});
const program: Program = { plan, nodes: { Shout: shout } };

/** As a build writes it. */
interface Front extends RunningPipeline {
  readonly line: InputPort<string>;
  readonly answer: OutputPort<string>;
}
const launchFront = (options: PipelineOptions<"front" | "back"> = {}): Promise<Front> =>
  launchPipeline(program, "Front", options, { line: inputPort<string>(), answer: outputPort<string>() });

describe("a pipeline in a test", () => {
  it("R9.1 reaches its peers under their own addresses, without a network", async () => {
    await using test = await testPipeline(launchFront, {
      peers: ["back"],
      env: { BACK_LISTENS: "webrtc://127.0.0.1:1" },
    });
    expectTypeOf(test.pipeline).toEqualTypeOf<Front>();
    const answers = collect(test.pipeline.answer);
    await feed(test.pipeline.line, ["hello", "world"]);
    test.pipeline.end();
    expect(await answers).toEqual(["HELLO!!", "WORLD!!"]);
    expect(test.pipeline.describe().remotes).toMatchObject([{ target: "back.Loud", failures: [] }]);
    expect(test.events).toContainEqual(
      expect.objectContaining({ kind: "peer-listening", address: "webrtc://127.0.0.1:1" }),
    );
    expect(test.failures).toEqual([]);
  });

  it("lets code stand in for a remote", async () => {
    const fake = defineNode({
      inputs: { line: ports.text },
      outputs: { answer: ports.text },
      open: () => ({ map: (line) => `fake ${line}` }),
    });
    await using test = await testPipeline(launchFront, { remotes: { loud: fake } });
    const answers = collectFrames(test.pipeline.answer, 2);
    await feed(test.pipeline.line, [at(5, "a"), at(9, "b", 1)]);
    expect(await answers).toMatchObject([
      { payload: "fake a", timestampUs: 5, flags: 0 },
      { payload: "fake b", timestampUs: 9, flags: 1 },
    ]);
  });

  it("R8.3 lets several stand for its targets, so that a fallback can be tested", async () => {
    const gone = defineNode({
      open: () => {
        throw new Error("out of memory");
      },
    });
    const spare = defineNode({ open: () => ({ process: ({ payload }) => `spare ${String(payload)}` }) });
    await using test = await testPipeline(launchFront, { remotes: { loud: [gone, spare] } });
    const answers = collect(test.pipeline.answer);
    await feed(test.pipeline.line, ["a"]);
    test.pipeline.end();
    expect(await answers).toEqual(["spare a"]);
    expect(test.failures).toMatchObject([{ message: expect.stringContaining("out of memory") }]);
    expect(test.pipeline.describe().remotes).toMatchObject([{ target: "webrtc://spare.example.com/Loud" }]);
  });

  it("says when there is nothing to stand in for", async () => {
    const wrong = testPipeline(launchFront, { remotes: { quiet: shout }, peers: ["back"] });
    await expect(wrong).rejects.toThrow("There is no remote `quiet` to stand in for; there are: loud.");
  });

  it("R8.2 tries again in virtual time", async () => {
    const clock = virtualClock();
    const failure = testPipeline(launchFront, { clock }).catch((error: unknown) => error);
    await clock.advanceAsync(120_000);
    expect(await failure).toMatchObject({ code: "targets-exhausted", message: expect.stringContaining("back.Loud") });
  });

  it("is fed sound by its format", async () => {
    const launch = (options: PipelineOptions) =>
      launchPipeline(program, "Sound", options, { mic: inputPort<Float32Array>(), loud: outputPort<Float32Array>() });
    await using test = await testPipeline(launch, {});
    const frames = collectFrames(test.pipeline.loud);
    await feed(test.pipeline.mic, soundFrames(new Float32Array(800), { rate: 16_000, startUs: 40 }));
    test.pipeline.end();
    expect((await frames).map(({ timestampUs, payload }) => [timestampUs, payload.length])).toEqual([
      [40, 320],
      [20_040, 320],
      [40_040, 160],
    ]);
  });
});
