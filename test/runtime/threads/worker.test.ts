import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { defineNode, inputPort, launchPipeline, MeshError, outputPort, workerNode } from "pipeline-mesh";
import type { PipelineOptions, Program } from "pipeline-mesh";
import { at, collect, feed, testNode, testPipeline } from "pipeline-mesh/testing";
import { moduleOf } from "../../../runtime/platform/typescript.nodejs.ts";
import { planOf } from "../../support/pipeline-run.ts";
import { realClock } from "../../support/real-clock.ts";

const file = new URL("./fixtures/nodes.ts", import.meta.url);
// Bundled once; the first test has it done for itself.
const fixture = await moduleOf(fileURLToPath(file));
const texts = { inputs: { in: "text" }, outputs: { out: "text" }, clock: realClock } as const;
const sound = "audio<pcm_f32, 48kHz, mono>";

describe("a node on a thread of its own", () => {
  it("works frames off in order, elsewhere, and leaves what it was given to others", async () => {
    const code = workerNode(file, "Louder");
    await using node = await testNode(code, {
      params: { gain: 2 },
      inputs: { in: sound },
      outputs: { out: sound, thread: "int" },
      clock: realClock,
    });
    const frames = Array.from({ length: 50 }, (_, index) => new Float32Array(960).fill(index / 100));
    await node.feed(
      "in",
      frames.map((frame, index) => at(index * 20_000, frame, index === 49 ? 2 : 0)),
    );
    const heard = node.frames("out");
    expect(heard.map(({ timestampUs, flags }) => [timestampUs, flags])).toEqual(
      frames.map((_, index) => [index * 20_000, index === 49 ? 2 : 0]),
    );
    for (const [index, { payload }] of heard.entries()) {
      const samples = payload as Float32Array;
      expect(samples).toBeInstanceOf(Float32Array);
      expect([samples.length, samples.buffer.byteLength, samples[7]]).toEqual([960, 3_840, Math.fround(index / 50)]);
    }
    expect(frames.every((frame) => frame.length === 960)).toBe(true);
    const [thread] = node.payloads("thread");
    expect(thread).not.toBe(0);
    expect(node.metrics).toEqual({ frames: 50, loudest: 0.98 });
    expect(node.logs).toContainEqual({ level: "info", message: "opened", fields: { id: "subject" } });
  });

  it("moves what a node gives away, and leaves it what it keeps", async () => {
    await using node = await testNode(workerNode(fixture, "Giving"), {
      inputs: { in: "bytes" },
      outputs: { kept: "bytes", given: "bytes", left: "json" },
      clock: realClock,
    });
    await node.feed("in", [new Uint8Array([1, 2, 3])]);
    await node.feed("in", [new Uint8Array([4, 5])]);
    expect(node.payloads("kept")).toEqual([new Uint8Array([1, 2, 3]), new Uint8Array([4, 5])]);
    expect(node.payloads("given")).toEqual(node.payloads("kept"));
    // What it has of both once they are on their way.
    expect(node.payloads("left")).toEqual([
      [3, 0],
      [2, 0],
    ]);
  });

  it.each(["Returning", "Mapping", "Resolving", "Yielding", "YieldingLater", "Emitting"])(
    "takes what comes of a call as it does elsewhere: %s",
    async (name) => {
      await using node = await testNode(workerNode(fixture, name), texts);
      await node.feed("in", [at(5, "a b", 1), at(9, "c", 2)]);
      await node.end();
      expect(node.payloads("out")).toEqual(["a", "b", "c", "end"]);
      expect(node.frames("out").map(({ timestampUs }) => timestampUs)).toEqual([5, 5, 9, 9]);
      expect(node.frames("out").every(({ seq }, index) => seq === index)).toBe(true);
    },
  );

  it("has its parameters read by its schema, there", async () => {
    const code = workerNode(fixture, "Checked");
    await using node = await testNode(code, { params: { pattern: "^a" }, ...texts });
    await node.feed("in", ["ab", "b"]);
    expect(node.payloads("out")).toEqual(["ab"]);
    await expect(testNode(code, { params: { pattern: 7 }, ...texts })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining("does not take its parameter `pattern`"),
    });
    const wrongPort = testNode(code, { params: { pattern: "a" }, inputs: { in: sound }, outputs: { out: "text" } });
    await expect(wrongPort).rejects.toThrow("its code declares `text` at its input `in`");
  });

  it("holds its producer back, however much it would send", async () => {
    await using node = await testNode(workerNode(fixture, "Endless"), {
      outputs: { out: "int" },
      clock: realClock,
      capacity: 4,
    });
    expect(await node.take("out", 100)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(node.frames("out").length).toBeLessThanOrEqual(104);
    expect(node.describe().frames).toBe(0);
  });

  it("R8.1 names its place when it throws, with code and hint, and is opened anew as it is told to", async () => {
    await using node = await testNode(workerNode(fixture, "Picky"), { ...texts, restarts: 1 });
    await node.feed("in", ["good", "bad", "better"]);
    // The state of an instance is its own.
    expect(node.payloads("out")).toEqual(["good 1", "better 1"]);
    expect(node.failures).toMatchObject([
      { code: "node-failed", message: expect.stringMatching(/failed: cannot read that$/) },
    ]);
    await expect(node.send("in", "missing")).rejects.toMatchObject({
      code: "dependency-missing",
      message: expect.stringMatching(/^Node `subject` of pipeline `test` \(test\.mesh:1:1\) failed: no model$/),
      hint: "Install it.",
    });
  });

  it.each([
    ["exits", /its thread has died: it ended with status 9/],
    ["throws beside a call", /its thread has died: from a timer/],
    ["says that it fails", /failed: the camera has gone/],
    ["sends what is no payload", /takes a value of type text, not/],
    ["sends what cannot be copied", /could not be cloned/],
    ["writes to its port", /has sent what is no message of a node/],
  ])("fails when it %s", async (what, message) => {
    await using node = await testNode(workerNode(fixture, "Broken"), texts);
    await node.send("in", what).catch(() => undefined);
    const { error } = await node.closed;
    expect(error).toBeInstanceOf(MeshError);
    expect(error?.message).toMatch(message);
  });

  it("is told of a flush while it works, and what it then says is dropped", async () => {
    await using node = await testNode(workerNode(fixture, "Slow"), {
      ...texts,
      outputs: { out: "text", state: "text" },
    });
    const fed = node.feed("in", ["old", "waiting"]);
    expect(await node.take("state", 1)).toEqual(["at work"]);
    node.flush();
    await fed;
    await node.send("in", "new");
    expect(node.frames("out").map(({ payload, epoch }) => [payload, epoch])).toEqual([["new", 1]]);
    expect(node.logs.map(({ message }) => message)).toEqual(["cancelled: The epoch has ended.", "flush 1"]);
  });

  it("is asked for a key frame", async () => {
    await using node = await testNode(workerNode(fixture, "Encoder"), {
      inputs: { in: "text" },
      outputs: { out: "video<vp8, 320x240, 30fps>" },
    });
    await node.send("in", "one");
    expect(node.requestKeyFrame("out")).toBe(true);
    await node.send("in", "two");
    await node.send("in", "three");
    expect(node.payloads("out")).toEqual([0, 3, 0].map((byte) => Uint8Array.of(byte)));
  });

  it("is told when its session ends, and closes", async () => {
    const controller = new AbortController();
    const node = await testNode(workerNode(fixture, "Slow"), {
      ...texts,
      outputs: { out: "text", state: "text" },
      signal: controller.signal,
    });
    const fed = node.send("in", "old").catch((error: unknown) => error);
    await node.take("state", 1);
    controller.abort(new MeshError("cancelled", "enough"));
    expect(await fed).toMatchObject({ code: "cancelled", message: "enough" });
    await node.close();
    expect(node.logs.map(({ message }) => message)).toEqual(["cancelled: enough", "aborted: enough", "closed"]);
  });

  it("is ended where it does not stop, for nobody could tell it to", async () => {
    const clock = {
      ...realClock,
      schedule: (delayMs: number, callback: () => void) => realClock.schedule(delayMs / 100, callback),
    };
    const node = await testNode(workerNode(fixture, "Stuck"), { ...texts, outputs: { out: "text" }, clock });
    const fed = node.send("in", "x").catch((error: unknown) => error);
    await node.take("out", 1);
    await node.close();
    expect(await fed).toMatchObject({ code: "cancelled" });
    expect(node.logs.map(({ message }) => message)).toEqual([
      "The thread of subject did not stop within 4000 ms and was ended",
    ]);
  });

  it("joins", async () => {
    await using node = await testNode(workerNode(fixture, "Pair"), {
      clock: realClock,
      signature: {
        node: "Pair",
        inputs: { left: { kind: "scalar", name: "text" }, right: { kind: "scalar", name: "bytes" } },
        outputs: { both: { kind: "scalar", name: "text" } },
        schemas: {},
        join: { mode: "index", inputs: ["left", "right"] },
      },
    });
    await node.feed("left", ["a"]);
    await node.feed("right", [new Uint8Array(3)]);
    expect(node.payloads("both")).toEqual(["a 3"]);
  });

  it("is what a program takes for an instance that says so, unless other code is given at launch", async () => {
    const plan = planOf(`
node Returning { in text
 out text
 from "./nodes.ts" }
pipeline P { in a: text
 out b: text
 let there = Returning() with { worker: true }
 a -> Returning() -> there -> b }`);
    const here = defineNode({ open: () => ({ process: ({ payload }) => `${String(payload)} here` }) });
    const program: Program = {
      plan,
      nodes: { Returning: here },
      workers: { Returning: workerNode(fixture, "Returning") },
    };
    const launch = (options: PipelineOptions & { readonly nodes?: object }) =>
      launchPipeline(program, "P", options, { a: inputPort<string>(), b: outputPort<string>() });
    for (const [nodes, expected] of [
      [{}, ["a", "here", "end"]],
      [{ Returning: here }, ["a here here"]],
    ] as const) {
      await using test = await testPipeline(launch, { nodes, clock: realClock });
      const heard = collect(test.pipeline.b);
      await feed(test.pipeline.a, ["a"]);
      test.pipeline.end();
      expect(await heard).toEqual(expected);
    }
  });

  it("says what is wrong with the module", async () => {
    const gone = testNode(workerNode(new URL("./gone.mjs", file), "X"), texts);
    await expect(gone).rejects.toMatchObject({ code: "node-failed", message: expect.stringContaining("gone.mjs") });
    await expect(testNode(workerNode(fixture, "Nothing"), texts)).rejects.toThrow("exports no node `Nothing`");
  });
});
