import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import { OpusDecode } from "../../stdlib/audio/opus-decode.node.ts";
import { OpusEncode } from "../../stdlib/audio/opus-encode.node.ts";
import { readOpusPacket } from "../../runtime/interface/opus-packet.ts";
import { Resample } from "../../stdlib/audio/resample.node.ts";
import { audio, cut, joined, type NodeHarness, openNode } from "../support/node-harness.ts";
import { correlation, energy, question, sine } from "./support/sound.ts";

const decoder = (channels = 1): Promise<NodeHarness> =>
  openNode(OpusDecode, {}, { outputs: { out: audio("pcm_f32", 48_000, channels) } });

async function packetsOf(sound: Float32Array<ArrayBuffer>, params: object = {}, channels = 1): Promise<Frame[]> {
  const encode = await openNode(
    OpusEncode,
    { bitrate: 32_000, ...params },
    { inputs: { in: audio("pcm_f32", 48_000, channels) } },
  );
  await encode.sendFrames(cut(sound, { rate: 48_000, channels }, { flags: false }));
  await encode.end();
  return encode.frames();
}

async function speech(): Promise<Float32Array<ArrayBuffer>> {
  const resample = await openNode(Resample, { to: 48_000 }, { inputs: { in: audio("pcm_f32", 16_000, 1) } });
  await resample.sendFrames(cut(question(), { rate: 16_000 }));
  return joined(resample.frames());
}

const without = (frames: readonly Frame[], ...lost: readonly number[]): Frame[] =>
  frames.filter((_, index) => !lost.includes(index));

/** Everything in place, zeros where there is a hole. */
function placed(frames: readonly Frame[], length: number): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(length);
  for (const { timestampUs, payload } of frames) {
    const at = Math.round((timestampUs * 48_000) / 1e6);
    const samples = payload as Float32Array;
    if (at >= 0 && at < length) whole.set(samples.subarray(0, length - at), at);
  }
  return whole;
}

const packetMs = (frames: readonly Frame[]): number[] => frames.map((frame) => Math.round(frame.timestampUs / 1_000));

describe("Opus packets that are lost", () => {
  it("come back out of the packet behind them, where the encoder expects loss", async () => {
    const sound = await speech();
    const packets = await packetsOf(sound, { packetLoss: 0.1 });
    const whole = await decoder();
    await whole.sendLossy(packets);
    const reference = placed(whole.frames(), sound.length);
    // One of the loud ones, whose successor holds it.
    const lost = packets.findIndex((_, index) => {
      const at = index * 960;
      const next = packets[index + 1];
      return (
        energy(reference.subarray(at, at + 960)) > 0.003 &&
        next !== undefined &&
        readOpusPacket(next.payload as Uint8Array).hasFec
      );
    });
    expect(lost).toBeGreaterThan(0);
    const recovered = await decoder();
    await recovered.sendLossy(without(packets, lost));
    // Numbered anew the hole is there in time alone, as after a link that tells nothing.
    const untold = await decoder();
    await untold.sendFrames(without(packets, lost));
    const plain = await packetsOf(sound, { inbandFec: false, packetLoss: 0.1 });
    const concealed = await decoder();
    await concealed.sendLossy(without(plain, lost));
    const plainWhole = await decoder();
    await plainWhole.sendLossy(plain);
    const part = (frames: readonly Frame[]) =>
      placed(frames, sound.length).subarray(lost * 960 - 312, lost * 960 + 648);
    const byFec = correlation(part(whole.frames()), part(recovered.frames()));
    const byConcealment = correlation(part(plainWhole.frames()), part(concealed.frames()));
    expect(byFec).toBeGreaterThan(0.8);
    expect(byFec).toBeGreaterThan(byConcealment);
    expect(part(untold.frames())).toEqual(part(recovered.frames()));
    expect(recovered.metrics).toEqual({ recoveredSamples: 960 });
    expect(concealed.metrics).toEqual({ concealedSamples: 960, concealmentEvents: 1 });
    expect(packetMs(recovered.frames())).toEqual(packetMs(whole.frames()));
  });

  it("are concealed for 120 ms, fading out at the end; what is longer stays a hole", async () => {
    const tone = sine(440, 48_000, 2);
    const packets = await packetsOf(tone);
    const lost = Array.from({ length: 30 }, (_, index) => 40 + index);
    const decode = await decoder();
    await decode.sendLossy(without(packets, ...lost));
    const times = packetMs(decode.frames());
    // 30 packets are missing, 6 are made up.
    expect(times.slice(40, 48)).toEqual([794, 814, 834, 854, 874, 894, 1_394, 1_414]);
    const sound = placed(decode.frames(), tone.length);
    const at = (ms: number): number => Math.round(ms * 48);
    expect(correlation(tone.subarray(at(800), at(810)), sound.subarray(at(800), at(810)))).toBeGreaterThan(0.9);
    expect(energy(sound.subarray(at(910), at(913)))).toBeLessThan(energy(sound.subarray(at(800), at(810))) / 20);
    expect(Math.abs(sound[at(913.4)] ?? 1)).toBeLessThan(0.01);
    expect(energy(sound.subarray(at(914), at(1_393)))).toBe(0);
    expect(decode.metrics).toEqual({ concealedSamples: 5_760, concealmentEvents: 1 });
  });

  it("leave a jump of the source alone, which loses nothing", async () => {
    const packets = await packetsOf(sine(440, 48_000, 0.5));
    const decode = await decoder();
    await decode.sendFrames(
      packets.map((frame, index) => ({ ...frame, timestampUs: frame.timestampUs + (index < 10 ? 0 : 500_000) })),
    );
    expect(decode.frames()).toHaveLength(packets.length);
    expect(decode.metrics).toEqual({});
  });

  it("keep two channels in place", async () => {
    const stereo = new Float32Array(96_000);
    const left = sine(440, 48_000, 1);
    for (let index = 0; index < left.length; index += 1) stereo[index * 2] = left[index] ?? 0;
    for (const params of [{}, { packetLoss: 0.2 }]) {
      const packets = await packetsOf(stereo, params, 2);
      const decode = await decoder(2);
      await decode.sendLossy(without(packets, 20, 21));
      const { concealedSamples = 0, recoveredSamples = 0 } = decode.metrics;
      expect(concealedSamples + recoveredSamples).toBe(1_920);
      expect(joined(decode.frames()).length).toBe((packets.length * 960 - 312) * 2);
    }
  });

  it("end a segment also without the packet that ended it", async () => {
    const packets = await packetsOf(sine(440, 48_000, 0.1));
    const decode = await decoder();
    await decode.sendLossy(packets.slice(0, 3));
    await decode.send(new Uint8Array(0), { timestampUs: 60_000, flags: FrameFlag.segmentEnd });
    expect(decode.frames().at(-1)).toMatchObject({ flags: FrameFlag.segmentEnd, payload: new Float32Array(0) });
    expect(decode.logs).toEqual([]);
  });

  it("are told from silence that DTX leaves out", async () => {
    const sound = new Float32Array(48_000 * 4);
    const words = await speech();
    sound.set(words.subarray(24_000, 72_000));
    sound.set(words.subarray(24_000, 72_000), 48_000 * 3);
    const all = await packetsOf(sound, { packetLoss: 0.01 });
    const packets = await packetsOf(sound, { packetLoss: 0.01, dtx: true });
    expect(packets.length).toBeLessThan(all.length * 0.75);
    const decode = await decoder();
    await decode.sendLossy(packets);
    // Nothing is missing of the time, and nothing was lost.
    expect(joined(decode.frames()).length).toBe(all.length * 960 - 312);
    expect(decode.metrics["silentConcealedSamples"]).toBe(decode.metrics["concealedSamples"]);
    const back = placed(decode.frames(), sound.length);
    expect(energy(back.subarray(60_000, 130_000))).toBeLessThan(1e-5);
    expect(energy(back.subarray(0, 48_000))).toBeGreaterThan(1e-3);
  });
});

describe("the first bytes of an Opus packet", () => {
  const read = (...bytes: readonly number[]) => readOpusPacket(Uint8Array.from(bytes));

  it("tell how long it is, whether somebody speaks, and whether it holds the one before", () => {
    // SILK, 20 ms, mono: VAD, then LBRR.
    expect(read(0x08, 0x80, 0)).toEqual({ samples: 960, isSilent: false, hasFec: false });
    expect(read(0x08, 0x40, 0)).toEqual({ samples: 960, isSilent: true, hasFec: true });
    // Hybrid, 20 ms, stereo: the side channel speaks, and has it too.
    expect(read(0x7c, 0b0011_0000, 0)).toEqual({ samples: 960, isSilent: false, hasFec: true });
    // SILK, 60 ms: three VAD flags before it.
    expect(read(0x18, 0b0001_0000)).toEqual({ samples: 2_880, isSilent: true, hasFec: true });
    // Two frames of one length, of different ones, and three behind padding.
    expect(read(0x09, 0x40, 0)).toEqual({ samples: 1_920, isSilent: true, hasFec: true });
    expect(read(0x0a, 2, 0x40, 0, 0)).toEqual({ samples: 1_920, isSilent: true, hasFec: true });
    expect(read(0x0b, 0xc3, 2, 1, 1, 0x40, 0, 0, 0, 0)).toEqual({ samples: 2_880, isSilent: true, hasFec: true });
    // CELT has no such flags.
    expect(read(0xf8, 0xff, 0xff)).toEqual({ samples: 960, isSilent: false, hasFec: false });
    expect(read()).toMatchObject({ samples: 0 });
    expect(read(0x0b, 0x3f)).toMatchObject({ samples: 0 });
  });

  it("are read whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { samples } = readOpusPacket(bytes);
        expect(samples >= 0 && samples <= 5_760).toBe(true);
      }),
    );
  });

  it("lead to sound that keeps its place, whatever comes and whatever is lost", async () => {
    const packets = await packetsOf(await speech(), { packetLoss: 0.1 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.option(fc.uint8Array({ maxLength: 40 }))), { minLength: 60, maxLength: 60 }),
        async (fates) => {
          const decode = await decoder();
          const sent = packets.slice(20, 80).flatMap((frame, index) => {
            const [isLost, other] = fates[index] ?? [false, null];
            return isLost && index > 0 ? [] : [other === null || index % 7 > 0 ? frame : { ...frame, payload: other }];
          });
          await decode.sendLossy(sent);
          let lastUs = -Infinity;
          for (const frame of decode.frames()) {
            expect(frame.timestampUs).toBeGreaterThan(lastUs);
            lastUs = frame.timestampUs;
            expect((frame.payload as Float32Array).every((value) => Math.abs(value) <= 1)).toBe(true);
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});
