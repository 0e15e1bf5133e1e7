import { describe, expect, it } from "vitest";
import { FrameFlag } from "../../runtime/interface/frame.ts";
import { Gain } from "../../stdlib/audio/gain.node.ts";
import { Remix, remix } from "../../stdlib/audio/remix.node.ts";
import { ToFloat } from "../../stdlib/audio/to-float.node.ts";
import { ToInteger } from "../../stdlib/audio/to-integer.node.ts";
import { audio, joined, openNode } from "../support/node-harness.ts";

const header = { timestampUs: 123, flags: FrameFlag.segmentStart | FrameFlag.segmentEnd };

describe("simple audio nodes", () => {
  it("turn integers into floating point and back without loss", async () => {
    const integers = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);
    const toFloat = await openNode(ToFloat, {});
    await toFloat.send(integers, header);
    const toInteger = await openNode(ToInteger, {});
    await toInteger.sendFrames(toFloat.frames());
    expect(toInteger.frames()).toEqual([{ ...header, seq: 0, epoch: 0, payload: integers }]);
  });

  it("clip what is beyond full scale", async () => {
    const toInteger = await openNode(ToInteger, {});
    await toInteger.send(Float32Array.of(2, 1, -1, -7, Number.NaN, Infinity));
    expect(toInteger.frames()[0]?.payload).toEqual(Int16Array.of(32_767, 32_767, -32_768, -32_768, 0, 32_767));
  });

  it("refuse samples of another kind", async () => {
    await expect((await openNode(ToFloat, {})).send(Float32Array.of(1))).rejects.toMatchObject({ code: "node-failed" });
    await expect((await openNode(ToInteger, {})).send(Int16Array.of(1))).rejects.toMatchObject({ code: "node-failed" });
  });

  it("make sound louder and softer by decibels", async () => {
    for (const [gain, factor] of [
      [0, 1],
      [20, 10],
      [-6.0206, 0.5],
    ] as const) {
      const node = await openNode(Gain, { gain });
      await node.send(Float32Array.of(0.5, -0.25), header);
      expect(node.frames()).toMatchObject([header]);
      const [first, second] = joined(node.frames());
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
    expect([...remix(Float32Array.from(samples), from, to)]).toEqual(expected);
  });

  it("keep time and flags when mixing", async () => {
    const node = await openNode(Remix, { to: 1 }, { inputs: { in: audio("pcm_f32", 8000, 2) } });
    await node.send(Float32Array.of(1, 0), header);
    expect(node.frames()).toEqual([{ ...header, seq: 0, epoch: 0, payload: Float32Array.of(0.5) }]);
  });
});
