import { describe, expect, it } from "vitest";
import { logSpectralDistance, segmentalSnr } from "../support/quality/distances.ts";
import { decoded, decodedWithHoles, encoded, overTrack, qualityOf, speech } from "../support/quality/lossy-speech.ts";
import { stoi, stoiRate } from "../support/quality/stoi.ts";
import { noise, question, sine } from "./support/sound.ts";

const mixed = (clean: Float32Array<ArrayBuffer>, level: number): Float32Array<ArrayBuffer> => {
  const hiss = noise(16_000, clean.length / 16_000, level);
  return clean.map((value, index) => value + (hiss[index] ?? 0));
};

describe("what speech is measured by", () => {
  it("says that the same is the same, and falls as noise rises", () => {
    // Any speech will do, so its rate is taken for that of the measure.
    const clean = question();
    expect(stoi(clean, clean)).toBeCloseTo(1, 6);
    expect(segmentalSnr(clean, clean, 16_000)).toBe(35);
    expect(logSpectralDistance(clean, clean, 16_000)).toBe(0);
    // How loud it is does not matter to what is understood.
    expect(
      stoi(
        clean,
        clean.map((value) => value / 4),
      ),
    ).toBeCloseTo(1, 6);
    const levels = [0.003, 0.03, 0.3].map((level) => mixed(clean, level));
    const falling = (values: readonly number[]): boolean =>
      values.every((value, index) => index === 0 || value < (values[index - 1] ?? 0));
    expect(falling(levels.map((heard) => stoi(clean, heard)))).toBe(true);
    expect(falling(levels.map((heard) => segmentalSnr(clean, heard, 16_000)))).toBe(true);
    expect(falling(levels.map((heard) => -logSpectralDistance(clean, heard, 16_000)))).toBe(true);
    expect(stoi(clean, noise(16_000, clean.length / 16_000))).toBeLessThan(0.3);
    expect(stoi(new Float32Array(0), new Float32Array(0))).toBe(0);
  });

  it("counts decibels as they are", () => {
    const tone = sine(440, 16_000, 1);
    expect(
      segmentalSnr(
        tone,
        tone.map((value) => value * 0.9),
        16_000,
      ),
    ).toBeCloseTo(20, 3);
    expect(stoiRate).toBe(10_000);
  });
});

describe("R4.3 speech over a track that loses packets", () => {
  it("is understood at 10 % loss: by what packets tell of those before them, and by what is made up", async () => {
    const said = await speech();
    const heard = async (params: object) => {
      const frames = await encoded(said, params);
      const received = overTrack(frames, { loss: 0.1, jitterMs: 30, seed: 102 });
      expect(received.length).toBeLessThan(frames.length * 0.95);
      const ours = await decoded(received, said.length);
      const { stoi: withHoles } = await qualityOf(said, decodedWithHoles(received, said.length).sound);
      return { ...ours, ...(await qualityOf(said, ours.sound)), withHoles };
    };
    const byItself = await heard({});
    const expecting = await heard({ packetLoss: 0.1 });
    expect(byItself.stoi).toBeGreaterThan(byItself.withHoles + 0.02);
    expect(byItself.concealed).toBeGreaterThan(0.04);
    expect(expecting.stoi).toBeGreaterThan(0.9);
    expect(expecting.stoi).toBeGreaterThan(expecting.withHoles + 0.03);
    expect(expecting.stoi).toBeGreaterThan(byItself.stoi + 0.02);
    expect(expecting.recovered).toBeGreaterThan(expecting.concealed / 2);
  });

  it("is as good as without loss at 2 %, where the encoder expects some", async () => {
    const said = await speech();
    const frames = await encoded(said, { packetLoss: 0.1 });
    const at = async (loss: number) =>
      qualityOf(said, (await decoded(overTrack(frames, { loss, jitterMs: 30, seed: 7 }), said.length)).sound);
    const [whole, lossy] = [await at(0), await at(0.02)];
    expect(whole.stoi).toBeGreaterThan(0.94);
    expect(lossy.stoi).toBeGreaterThan(whole.stoi - 0.015);
  });
});
