import { describe, expect, it } from "vitest";
import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import { OpusDecode } from "../../stdlib/audio/opus-decode.node.ts";
import { OpusEncode } from "../../stdlib/audio/opus-encode.node.ts";
import { Resample } from "../../stdlib/audio/resample.node.ts";
import { audio, cut, joined, type NodeHarness, openNode } from "../support/node-harness.ts";
import { correlation, question, signalToNoise, sine } from "./support/sound.ts";

const { segmentStart, segmentEnd } = FrameFlag;

const encoder = (channels = 1, bitrate = 32_000): Promise<NodeHarness> =>
  openNode(OpusEncode, { bitrate }, { inputs: { in: audio("pcm_f32", 48_000, channels) } });
const decoder = (channels = 1): Promise<NodeHarness> =>
  openNode(OpusDecode, {}, { outputs: { out: audio("pcm_f32", 48_000, channels) } });

async function roundTrip(frames: readonly Frame[], channels = 1, bitrate = 32_000): Promise<Frame[]> {
  const encode = await encoder(channels, bitrate);
  await encode.sendFrames(frames);
  await encode.end();
  const decode = await decoder(channels);
  await decode.sendFrames(encode.frames());
  await decode.end();
  return decode.frames();
}

const flagsOf = (frames: readonly Frame[]): number[] => frames.map((frame) => frame.flags);

describe("Opus", () => {
  it("gives a tone back in place, at 32 kb/s", async () => {
    const tone = sine(440, 48_000, 1);
    const frames = await roundTrip(cut(tone, { rate: 48_000 }));
    const back = joined(frames);
    expect(back.length).toBeGreaterThanOrEqual(tone.length);
    expect(signalToNoise(tone.subarray(4800), back.subarray(4800))).toBeGreaterThan(25);
    expect(frames[0]?.timestampUs).toBe(0);
  });

  it("gives speech back in place, at 64 kb/s", async () => {
    const resample = await openNode(Resample, { to: 48_000 }, { inputs: { in: audio("pcm_f32", 16_000, 1) } });
    await resample.sendFrames(cut(question(), { rate: 16_000 }));
    const speech = joined(resample.frames());
    const back = joined(await roundTrip(cut(speech, { rate: 48_000 }), 1, 64_000));
    expect(correlation(speech, back)).toBeGreaterThan(0.98);
    expect(signalToNoise(speech, back)).toBeGreaterThan(15);
  });

  it("keeps two channels apart", async () => {
    const stereo = new Float32Array(96_000);
    const left = sine(440, 48_000, 1);
    for (let index = 0; index < left.length; index += 1) stereo[index * 2] = left[index] ?? 0;
    const back = joined(await roundTrip(cut(stereo, { rate: 48_000, channels: 2 }), 2, 96_000));
    const backLeft = back.filter((_, index) => index % 2 === 0);
    expect(correlation(left, backLeft)).toBeGreaterThan(0.99);
  });

  it("makes packets of 20 ms of frames of any size", async () => {
    const tone = sine(300, 48_000, 0.5);
    for (const samples of [1, 441, 960, 4096, 24_000]) {
      const encode = await encoder();
      await encode.sendFrames(cut(tone, { rate: 48_000, samples }, { startUs: 500_000, flags: false }));
      await encode.end();
      // 25 packets, and one for what the codec looks ahead.
      const times = encode.frames().map((frame) => frame.timestampUs);
      expect(times, `${samples} samples`).toHaveLength(26);
      // Frames of an odd size bring timestamps that are rounded themselves.
      for (const [index, time] of times.entries()) expect(Math.abs(time - 500_000 - index * 20_000)).toBeLessThan(2);
      expect(flagsOf(encode.frames()).every((flags) => flags === 0)).toBe(true);
    }
  });

  it("carries segments through: start on the first packet, end on the last", async () => {
    const encode = await encoder();
    const tone = sine(300, 48_000, 0.055);
    await encode.sendFrames(cut(tone, { rate: 48_000, samples: 500 }, { startUs: 1_000_000 }));
    expect(flagsOf(encode.frames())).toEqual([segmentStart, 0, 0, segmentEnd]);
    await encode.sendFrames(cut(tone, { rate: 48_000, samples: 10_000 }, { startUs: 3_000_000 }));
    await encode.end();
    expect(encode.frames()).toHaveLength(8);
    expect(encode.frames()[4]).toMatchObject({ flags: segmentStart, timestampUs: 3_000_000 });
    expect(encode.frames()[7]).toMatchObject({ flags: segmentEnd, timestampUs: 3_060_000 });

    const decode = await decoder();
    await decode.sendFrames(encode.frames());
    expect(flagsOf(decode.frames())).toEqual([segmentStart, 0, 0, segmentEnd, segmentStart, 0, 0, segmentEnd]);
    expect(decode.frames()[4]?.timestampUs).toBe(3_000_000);
    const second = joined(decode.frames().slice(4));
    expect(correlation(tone, second)).toBeGreaterThan(0.97);
  });

  it("passes the end on even when it comes on a frame without sound", async () => {
    const encode = await encoder();
    await encode.send(sine(300, 48_000, 0.02), { flags: segmentStart });
    await encode.send(new Float32Array(0), { timestampUs: 20_000, flags: segmentEnd });
    expect(flagsOf(encode.frames())).toEqual([segmentStart, segmentEnd]);
  });

  it("starts a new packet after a jump in time", async () => {
    const encode = await encoder();
    await encode.send(sine(300, 48_000, 0.03), { timestampUs: 0 });
    await encode.send(sine(300, 48_000, 0.02), { timestampUs: 2_000_000 });
    expect(encode.frames().map((frame) => frame.timestampUs)).toEqual([0, 20_000, 2_000_000]);
  });

  it("forgets what was begun when flushed", async () => {
    const encode = await encoder();
    await encode.send(sine(300, 48_000, 0.03), { flags: segmentStart });
    encode.flush();
    await encode.end();
    expect(encode.frames()).toHaveLength(1);
  });

  it("conceals up to 100 ms of lost packets and leaves longer holes open", async () => {
    const tone = sine(440, 48_000, 1);
    const encode = await encoder();
    await encode.sendFrames(cut(tone, { rate: 48_000 }));
    const packets = encode.frames();
    const few = await decoder();
    await few.sendFrames(packets.filter((_, index) => index < 20 || index > 22));
    const patched = joined(few.frames());
    expect(patched.length).toBe(packets.length * 960 - 312);
    expect(correlation(tone.subarray(18_000, 20_000), patched.subarray(18_000, 20_000))).toBeGreaterThan(0.7);
    const many = await decoder();
    await many.sendFrames(packets.filter((_, index) => index < 20 || index > 30));
    expect(joined(many.frames()).length).toBe((packets.length - 11) * 960 - 312);
  });

  it("conceals what is no Opus, says so once, and goes on", async () => {
    const decode = await decoder();
    const encode = await encoder();
    await encode.sendFrames(cut(sine(440, 48_000, 0.2), { rate: 48_000 }));
    const frames = encode
      .frames()
      .map((frame, index) => (index % 3 === 1 ? { ...frame, payload: new Uint8Array(0) } : frame));
    frames[4] = { ...(frames[4] as Frame), payload: Uint8Array.of(3, 255, 255, 255) };
    await decode.sendFrames(frames);
    expect(decode.frames()).toHaveLength(encode.frames().length);
    expect(decode.logs.map((log) => log.level)).toEqual(["warn"]);
  });

  it("reports a payload of the wrong kind", async () => {
    const encode = await encoder();
    await expect(encode.send(new Int16Array(10))).rejects.toMatchObject({ code: "node-failed" });
    const decode = await decoder();
    await expect(decode.send("text")).rejects.toMatchObject({ code: "node-failed" });
  });

  it("cannot be opened before its format is settled", async () => {
    await expect(openNode(OpusEncode, { bitrate: 32_000 })).rejects.toMatchObject({ code: "format-mismatch" });
  });
});
