import { describe, expect, it } from "vitest";
import { FrameFlag } from "../../runtime/interface/frame.ts";
import { Resample } from "../../stdlib/audio/resample.node.ts";
import { audio, cut, joined, type NodeHarness, openNode } from "../support/node-harness.ts";
import { energy, signalToNoise, sine } from "./support/sound.ts";

const { segmentStart, segmentEnd } = FrameFlag;
const open = (from: number, to: number, channels = 1): Promise<NodeHarness> =>
  openNode(Resample, { to }, { inputs: { in: audio("pcm_f32", from, channels) } });

describe("Resample", () => {
  it.each([
    [16_000, 48_000],
    [48_000, 16_000],
    [44_100, 16_000],
    [22_050, 48_000],
    [8000, 16_000],
    [4000, 192_000],
    [192_000, 8000],
  ])("from %i to %i Hz keeps a tone where it was, sample for sample", async (from, to) => {
    const node = await open(from, to);
    await node.sendFrames(cut(sine(700, from, 0.5), { rate: from, samples: Math.round(from / 50) }, { flags: false }));
    await node.end();
    const output = joined(node.frames());
    const ideal = sine(700, to, 0.5);
    expect(output.length).toBe(Math.ceil((Math.round(from * 0.5) * to) / from));
    // Away from the ends, where the tone itself is cut off hard.
    const margin = Math.round(to * 0.05);
    expect(signalToNoise(ideal.subarray(margin, -margin), output.subarray(margin, -margin))).toBeGreaterThan(80);
  });

  it("removes what the lower rate cannot carry", async () => {
    const node = await open(48_000, 16_000);
    await node.sendFrames(cut(sine(11_000, 48_000, 0.5), { rate: 48_000 }));
    const output = joined(node.frames()).subarray(800, -800);
    expect(10 * Math.log10(energy(output) / 0.125)).toBeLessThan(-90);
  });

  it("places every frame in media time, whatever the sizes", async () => {
    for (const samples of [7, 320, 1000, 5000]) {
      const node = await open(16_000, 48_000);
      await node.sendFrames(cut(sine(200, 16_000, 1), { rate: 16_000, samples }, { startUs: 700_000 }));
      let produced = 0;
      for (const frame of node.frames()) {
        expect(Math.abs(frame.timestampUs - (700_000 + (produced / 48_000) * 1e6))).toBeLessThanOrEqual(1);
        produced += (frame.payload as Float32Array).length;
      }
      expect(produced).toBe(48_000);
    }
  });

  it("carries segments through and starts each afresh", async () => {
    const node = await open(16_000, 48_000);
    await node.sendFrames(cut(sine(200, 16_000, 0.06), { rate: 16_000 }, { startUs: 1_000_000 }));
    await node.sendFrames(cut(sine(200, 16_000, 0.02), { rate: 16_000 }, { startUs: 5_000_000 }));
    const frames = node.frames();
    expect(frames.map((frame) => frame.flags)).toEqual([segmentStart, 0, segmentEnd, segmentStart | segmentEnd]);
    expect(frames[0]?.timestampUs).toBe(1_000_000);
    expect(frames[3]?.timestampUs).toBe(5_000_000);
    expect(joined(frames.slice(3)).length).toBe(960);
    expect(joined(frames.slice(0, 3)).length).toBe(2880);
  });

  it("does not smear sound over a jump in time", async () => {
    const node = await open(16_000, 48_000);
    await node.send(sine(200, 16_000, 0.02), { timestampUs: 0 });
    await node.send(sine(200, 16_000, 0.02), { timestampUs: 900_000 });
    await node.end();
    expect(joined(node.frames()).length).toBe(1920);
    expect(node.frames().map((frame) => frame.timestampUs)).toContain(900_000);
  });

  it("handles channels independently", async () => {
    const node = await open(16_000, 48_000, 2);
    const stereo = new Float32Array(32_000);
    const left = sine(440, 16_000, 1);
    for (let index = 0; index < left.length; index += 1) stereo[index * 2] = left[index] ?? 0;
    await node.sendFrames(cut(stereo, { rate: 16_000, channels: 2 }));
    const output = joined(node.frames());
    const right = output.filter((_, index) => index % 2 === 1);
    expect(energy(right)).toBe(0);
    const ideal = sine(440, 48_000, 1).subarray(2400, -2400);
    const outputLeft = output.filter((_, index) => index % 2 === 0).subarray(2400, -2400);
    expect(signalToNoise(ideal, outputLeft)).toBeGreaterThan(80);
  });

  it("forgets what was begun when flushed", async () => {
    const node = await open(16_000, 48_000);
    await node.send(sine(200, 16_000, 0.02), { flags: segmentStart });
    const before = node.frames().length;
    node.flush();
    await node.end();
    expect(node.frames()).toHaveLength(before);
  });

  it("passes frames on unchanged when there is nothing to do", async () => {
    const node = await open(16_000, 16_000);
    const samples = sine(200, 16_000, 0.02);
    await node.send(samples, { timestampUs: 40, flags: segmentEnd });
    expect(node.frames()).toMatchObject([{ payload: samples, timestampUs: 40, flags: segmentEnd }]);
  });
});
