import { describe, expect, it } from "vitest";
import { FrameFlag } from "../../runtime/interface/frame.ts";
import { Gain } from "../../stdlib/audio/gain.node.ts";
import { Remix, remix } from "../../stdlib/audio/remix.node.ts";
import { ToFloat } from "../../stdlib/audio/to-float.node.ts";
import { ToInteger } from "../../stdlib/audio/to-integer.node.ts";
import { at, testNode, type Format } from "pipeline-mesh/testing";

const time = 123;
const flags = FrameFlag.segmentStart | FrameFlag.segmentEnd;

const floats = "audio<pcm_f32, 48kHz, mono>";
const integers = "audio<pcm_s16, 48kHz, mono>";
const ports = (from: Format, to: Format) => ({ inputs: { in: from }, outputs: { out: to } });

describe("simple audio nodes", () => {
  it("turn integers into floating point and back without loss", async () => {
    const samples = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);
    await using toFloat = await testNode(ToFloat, ports(integers, floats));
    await toFloat.feed("in", [at(time, samples, flags)]);
    await using toInteger = await testNode(ToInteger, ports(floats, integers));
    await toInteger.feed("in", [at(time, toFloat.payloads("out")[0] as Float32Array, flags)]);
    expect(toInteger.frames("out")).toMatchObject([{ timestampUs: time, flags, payload: samples }]);
  });

  it("clip what is beyond full scale", async () => {
    await using toInteger = await testNode(ToInteger, ports(floats, integers));
    await toInteger.send("in", Float32Array.of(2, 1, -1, -7, Number.NaN, Infinity));
    expect(toInteger.payloads("out")).toEqual([Int16Array.of(32_767, 32_767, -32_768, -32_768, 0, 32_767)]);
  });

  it("refuse samples of another kind", async () => {
    for (const [node, sound] of [
      [ToFloat, Float32Array.of(1)],
      [ToInteger, Int16Array.of(1)],
    ] as const) {
      // As a program would have it that says nothing of the codec.
      const other = sound instanceof Float32Array ? floats : integers;
      await using tested = await testNode(node, ports(other, other));
      await expect(tested.send("in", sound)).rejects.toMatchObject({ code: "node-failed" });
    }
  });

  it("make sound louder and softer by decibels", async () => {
    for (const [gain, factor] of [
      [0, 1],
      [20, 10],
      [-6.0206, 0.5],
    ] as const) {
      await using node = await testNode(Gain, { params: { gain }, ...ports(floats, floats) });
      await node.feed("in", [at(time, Float32Array.of(0.5, -0.25), flags)]);
      expect(node.frames("out")).toMatchObject([{ timestampUs: time, flags }]);
      const [first, second] = node.payloads("out")[0] as Float32Array;
      expect(first).toBeCloseTo(0.5 * factor, 5);
      expect(second).toBeCloseTo(-0.25 * factor, 5);
    }
  });

  it.each([
    ["two to one", [1, 3, 5, 7], 2, 1, [2, 6]],
    ["one to two", [1, 2], 1, 2, [1, 1, 2, 2]],
    ["four to two", [1, 2, 3, 4], 4, 2, [2, 3]],
    ["two to four", [1, 2], 2, 4, [1, 2, 1, 2]],
    ["six to one", [6, 0, 0, 0, 0, 0], 6, 1, [1]],
  ])("mix %s channels", (_name, samples, from, to, expected) => {
    const output = new Float32Array((samples.length / from) * to);
    remix(output, Float32Array.from(samples), from, to);
    expect([...output]).toEqual(expected);
  });

  it("keep time and flags when mixing", async () => {
    const stereo = "audio<pcm_f32, 8kHz, stereo>";
    await using node = await testNode(Remix, { params: { to: 1 }, ...ports(stereo, "audio<pcm_f32, 8kHz, mono>") });
    await node.feed("in", [at(time, Float32Array.of(1, 0), flags)]);
    expect(node.frames("out")).toEqual([{ timestampUs: time, flags, seq: 0, epoch: 0, payload: Float32Array.of(0.5) }]);
  });
});
