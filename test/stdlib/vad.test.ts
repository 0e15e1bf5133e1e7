import { describe, expect, it } from "vitest";
import { MeshError } from "../../runtime/interface/errors.ts";
import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import type { Block } from "../../stdlib/common/blocks.ts";
import { OpusDecode } from "../../stdlib/audio/opus-decode.node.ts";
import { OpusEncode } from "../../stdlib/audio/opus-encode.node.ts";
import { Resample } from "../../stdlib/audio/resample.node.ts";
import { readAsset } from "../../stdlib/common/assets.ts";
import type { SileroAnswer } from "../../stdlib/speech/silero-program.nodejs.ts";
import { sileroThread } from "../../stdlib/speech/silero-thread.nodejs.ts";
import { detectorSamples, modelHere, sileroDetectors } from "../../stdlib/speech/silero.ts";
import { UtteranceGate } from "../../stdlib/speech/utterances.ts";
import { Vad, vadWith } from "../../stdlib/speech/vad.node.ts";
import { audio, cut, joined, type NodeHarness, openNode } from "../support/node-harness.ts";
import { noise, question } from "./support/sound.ts";

const { segmentStart, segmentEnd } = FrameFlag;
const params = { threshold: 0.5, lead: 200_000, hangover: 400_000 };
const format = { rate: 16_000, samples: 320 };

const openVad = (): Promise<NodeHarness> => openNode(Vad, params);
const seconds = (frames: readonly Frame[]): number => joined(frames).length / 16_000;

describe("Vad", () => {
  it("cuts the recorded question out of its room tone", async () => {
    const node = await openVad();
    await node.sendFrames(cut(question(), format, { startUs: 10_000_000, flags: false }));
    const speech = node.frames("speech");
    // The voice stands from 0.50 s to 2.35 s; around it are the lead and the hangover.
    expect(speech[0]?.timestampUs).toBeGreaterThan(10_200_000);
    expect(speech[0]?.timestampUs).toBeLessThan(10_400_000);
    expect(seconds(speech)).toBeGreaterThan(2.2);
    expect(seconds(speech)).toBeLessThan(2.7);
    const flags = speech.map((frame) => frame.flags);
    expect(flags).toEqual([segmentStart, ...flags.slice(2).map(() => 0), segmentEnd]);
  });

  it("passes samples on unchanged and in place", async () => {
    const sound = question();
    const node = await openVad();
    await node.sendFrames(cut(sound, { rate: 16_000, samples: 777 }, { flags: false }));
    const [first] = node.frames("speech");
    const from = Math.round(((first?.timestampUs ?? 0) * 16_000) / 1e6);
    const passed = joined(node.frames("speech"));
    expect(passed).toEqual(sound.slice(from, from + passed.length));
  });

  it("signals when speech starts and stops, around the utterance", async () => {
    const node = await openVad();
    await node.sendFrames(cut(question(), format, { flags: false }));
    await node.end();
    expect(node.frames("started")).toMatchObject([{ payload: null }]);
    expect(node.frames("stopped")).toMatchObject([{ payload: null }]);
    expect(node.emitted[0]?.port).toBe("started");
    expect(node.emitted.at(-1)?.port).toBe("stopped");
  });

  it.each([
    ["silence", new Float32Array(32_000)],
    ["faint noise", noise(16_000, 3, 0.01)],
    ["loud noise", noise(16_000, 3, 0.5)],
  ])("lets nothing pass of %s", async (_name, sound) => {
    const node = await openVad();
    await node.sendFrames(cut(sound, format, { flags: false }));
    await node.end();
    expect(node.emitted).toEqual([]);
  });

  it("ends an utterance that the stream's end cuts off", async () => {
    const node = await openVad();
    await node.sendFrames(cut(question().subarray(0, 20_000), format, { flags: false }));
    expect(node.frames("speech").at(-1)?.flags).toBe(0);
    await node.end();
    expect(node.frames("speech").at(-1)?.flags).toBe(segmentEnd);
    expect(node.frames("stopped")).toHaveLength(1);
  });

  it("makes two utterances of two, each whole", async () => {
    const node = await openVad();
    const twice = Float32Array.from([...question(), ...question()]);
    await node.sendFrames(cut(twice, format, { flags: false }));
    await node.end();
    const starts = node.frames("speech").filter((frame) => frame.flags === segmentStart);
    expect(starts).toHaveLength(2);
    expect(node.frames("stopped")).toHaveLength(2);
  });

  it("forgets an utterance when flushed", async () => {
    const node = await openVad();
    await node.sendFrames(cut(question().subarray(0, 20_000), format, { flags: false }));
    node.flush();
    const before = node.emitted.length;
    await node.sendFrames(cut(new Float32Array(16_000), format, { flags: false }));
    await node.end();
    expect(node.emitted).toHaveLength(before);
  });

  it("serves several sessions with one model", async () => {
    const nodes = await Promise.all([openVad(), openVad()]);
    const frames = cut(question(), format, { flags: false });
    await Promise.all(nodes.map((node) => node.sendFrames(frames)));
    expect(nodes[0].frames("speech").length).toBeGreaterThan(60);
    expect(nodes[1].emitted).toEqual(nodes[0].emitted);
  });

  it("hears the same after Opus at 32 kb/s", async () => {
    const up = await openNode(Resample, { to: 48_000 }, { inputs: { in: audio("pcm_f32", 16_000, 1) } });
    const encode = await openNode(OpusEncode, { bitrate: 32_000 }, { inputs: { in: audio("pcm_f32", 48_000, 1) } });
    const decode = await openNode(OpusDecode, {}, { outputs: { out: audio("pcm_f32", 48_000, 1) } });
    const down = await openNode(Resample, { to: 16_000 }, { inputs: { in: audio("pcm_f32", 48_000, 1) } });
    const [plain, coded] = [await openVad(), await openVad()];
    const frames = cut(question(), format, { flags: false });
    await plain.sendFrames(frames);
    await up.sendFrames(frames);
    await encode.sendFrames(up.frames());
    await decode.sendFrames(encode.frames());
    await down.sendFrames(decode.frames());
    await coded.sendFrames(down.frames());
    for (const edge of [0, -1]) {
      const [one, other] = [plain, coded].map((node) => node.frames("speech").at(edge)?.timestampUs ?? 0);
      expect(Math.abs((one ?? 0) - (other ?? 0))).toBeLessThan(70_000);
    }
  });

  it("is told the same by the model on a thread as by the model here", async () => {
    const bytes = await readAsset({
      package: "@ricky0123/vad-web",
      path: "dist/silero_vad_v6.onnx",
      neededBy: { node: "Vad", packages: [] },
    });
    const thread = await sileroThread(bytes);
    if (thread === undefined) throw new Error("onnxruntime-web was not found on the disk");
    const [there, here] = await Promise.all([
      sileroDetectors(async () => thread)(),
      sileroDetectors(() => modelHere(bytes))(),
    ]);
    const sound = question();
    const likely: number[] = [];
    for (let at = 0; at + detectorSamples <= sound.length; at += detectorSamples) {
      const chunk = sound.subarray(at, at + detectorSamples);
      likely.push(await there.probability(chunk));
      expect(likely.at(-1)).toBe(await here.probability(chunk));
    }
    expect(Math.max(...likely)).toBeGreaterThan(0.9);
    expect(likely[0]).toBeLessThan(0.5);
    thread.close();
  });

  it("loads the model again when its thread has died", async () => {
    const models: { alive: boolean; call: () => Promise<SileroAnswer> }[] = [];
    const open = sileroDetectors(async () => {
      const model = { alive: true, call: async () => ({ probability: models.length, state: new Float32Array(256) }) };
      models.push(model);
      return model;
    });
    await open();
    await open();
    expect(models).toHaveLength(1);
    models[0]!.alive = false;
    expect(await (await open()).probability(new Float32Array(detectorSamples))).toBe(2);
  });

  it("says what to install when the model is missing", async () => {
    const missing = new MeshError("dependency-missing", "no model", { hint: "Install it." });
    await expect(
      openNode(
        vadWith(() => Promise.reject(missing)),
        params,
      ),
    ).rejects.toBe(missing);
  });
});

const block = (index: number): Block => ({ samples: new Float32Array(1), timestampUs: index });

/** What passes of chunks with these probabilities: `<` starts, `>` ends, the number is the chunk. */
function pass(probabilities: readonly number[], leadChunks: number, hangoverChunks: number): string {
  const gate = new UtteranceGate({ threshold: 0.5, leadChunks, hangoverChunks });
  return probabilities
    .flatMap((probability, index) => gate.push(block(index), probability))
    .map(({ timestampUs, flags }) => `${flags & segmentStart ? "<" : ""}${timestampUs}${flags & segmentEnd ? ">" : ""}`)
    .join(" ");
}

describe("an utterance", () => {
  it.each([
    ["begins after two chunks, with the lead before", [0, 0, 0, 1, 1, 1, 0, 0, 0], 2, 2, "<1 2 3 4 5 6 7>"],
    ["has a shorter lead at the start of the stream", [1, 1, 0, 0], 5, 2, "<0 1 2 3>"],
    ["needs no lead", [0, 1, 1, 0, 0], 0, 2, "<1 2 3 4>"],
    ["is not begun by one chunk", [0, 1, 0, 1, 0, 0], 2, 2, ""],
    ["goes on over a short pause", [1, 1, 0, 1, 0, 0], 0, 2, "<0 1 2 3 4 5>"],
    ["goes on while the voice sinks", [1, 1, 0.4, 0.4, 0.4, 0.2, 0.2], 0, 2, "<0 1 2 3 4 5 6>"],
    ["does not take what the one before has had", [1, 1, 0, 1, 1, 0], 3, 1, "<0 1 2> <3 4 5>"],
  ])("%s", (_name, probabilities, lead, hangover, expected) => {
    expect(pass(probabilities, lead, hangover)).toBe(expected);
  });
});
