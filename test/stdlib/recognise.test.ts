import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import { SpeechLevel } from "../../stdlib/speech/level.ts";
import { Recognise, recogniseWith } from "../../stdlib/speech/recognise.node.ts";
import { libraryVariable, openPocketSphinx } from "../../stdlib/speech/pocketsphinx.nodejs.ts";
import type { PocketSphinxProgram } from "../../stdlib/speech/pocketsphinx.nodejs.ts";
import type { Heard, Recogniser } from "../../stdlib/speech/recogniser.ts";
import { cut, joined, type NodeHarness, openNode } from "../support/node-harness.ts";
import { energy, noise, question } from "./support/sound.ts";
import { overOpus, spoken, utterancesIn } from "./support/speech.ts";

const format = { rate: 16_000 };
const model = { model: "en-us" };
const texts = (node: NodeHarness): unknown[] => node.frames().map(({ payload }) => (payload as { text: string }).text);

describe("Recognise", () => {
  let node: NodeHarness | undefined;
  afterEach(async () => {
    await node?.close();
    node = undefined;
  });
  const open = async (): Promise<NodeHarness> => (node = await openNode(Recognise, model));

  it("understands the recorded question after Vad and Opus", async () => {
    const frames = await overOpus(await utterancesIn(question()));
    const recognise = await open();
    await recognise.sendFrames(frames);
    expect(texts(recognise)).toEqual(["go forward ten meters"]);
    const [{ payload, timestampUs } = { payload: null, timestampUs: 0 }] = recognise.frames();
    const { confidence, language, length } = payload as { confidence: number; language: string; length: number };
    expect(confidence).toBeGreaterThan(0.4);
    expect(confidence).toBeLessThanOrEqual(1);
    expect(language).toBe("en");
    expect(length).toBe(Math.round((joined(frames).length / 16_000) * 1e6));
    // Timestamps are those of the utterance's start, and the words stand from 0.50 s on.
    expect(timestampUs).toBe(frames[0]?.timestampUs);
    expect(timestampUs).toBeLessThan(500_000);
  });

  it.each([0.02, 0.125, 2.5])("understands it at %f times its loudness", async (gain) => {
    const frames = await utterancesIn(question());
    const recognise = await open();
    const scale = ({ payload }: Frame) =>
      (payload as Float32Array).map((value) => Math.max(-1, Math.min(1, value * gain)));
    await recognise.sendFrames(frames.map((frame) => ({ ...frame, payload: scale(frame) })));
    expect(texts(recognise)).toEqual(["go forward ten meters"]);
  });

  it("understands other speech, a transcript an utterance", async () => {
    const recognise = await open();
    const sounds = await spoken(["turn on the light in the kitchen", "what is the weather today"], { voice: "slt" });
    for (const sound of sounds) await recognise.sendFrames(cut(sound, format));
    const [first, second] = texts(recognise);
    expect(first).toMatch(/^turn on the .* in the kitchen$/);
    expect(second).toMatch(/the weather today$/);
    expect(recognise.emitted).toHaveLength(2);
  });

  it("takes what is in no segment for one utterance until the end", async () => {
    const recognise = await open();
    await recognise.sendFrames(cut(question(), format, { flags: false }));
    expect(texts(recognise)).toEqual([]);
    await recognise.end();
    expect(texts(recognise)).toEqual(["go forward ten meters"]);
    await recognise.end();
    expect(recognise.emitted).toHaveLength(1);
  });

  it("ends an utterance whose end was lost when the next begins", async () => {
    const recognise = await open();
    const frames = cut(question(), format);
    await recognise.sendFrames(frames.slice(0, -1));
    await recognise.sendFrames(frames);
    const told = expect.stringContaining("go forward ten meters");
    expect(texts(recognise)).toEqual([told, told]);
  });

  it.each([
    ["silence", new Float32Array(16_000)],
    ["a syllable's worth of sound", question().subarray(9_600, 12_000)],
    ["nothing at all", new Float32Array(0)],
  ])("says nothing of %s, but notes it", async (_name, sound) => {
    const recognise = await open();
    const payload = Float32Array.from(sound);
    await recognise.send(payload, { flags: FrameFlag.segmentStart | FrameFlag.segmentEnd });
    expect(recognise.emitted).toEqual([]);
    expect(recognise.logs).toMatchObject([{ level: "info", message: "There were no words in an utterance" }]);
  });

  it("is not sure of words in noise", async () => {
    const recognise = await open();
    await recognise.sendFrames(cut(noise(16_000, 2, 0.1), format));
    for (const { payload } of recognise.frames()) {
      expect((payload as unknown as Heard).confidence).toBeLessThan(0.4);
    }
  });

  it("forgets what was said before a flush", async () => {
    const recognise = await open();
    const frames = cut(question(), format);
    await recognise.sendFrames(frames.slice(0, 60));
    recognise.flush();
    await recognise.end();
    expect(recognise.emitted).toEqual([]);
    await recognise.sendFrames(frames);
    expect(texts(recognise)).toEqual(["go forward ten meters"]);
  });

  it("does not tell what it works on while it is flushed", async () => {
    const recognise = await open();
    const sending = recognise.sendFrames(cut(question(), { rate: 16_000, samples: 60_000 }));
    recognise.flush();
    await sending;
    expect(recognise.emitted).toEqual([]);
  });

  it("serves two sessions at once", async () => {
    const nodes = [await open(), await openNode(Recognise, model)];
    await Promise.all(nodes.map((one) => one.sendFrames(cut(question(), format))));
    expect(nodes.map(texts)).toEqual([["go forward ten meters"], ["go forward ten meters"]]);
    await nodes[1]?.close();
  });

  it("cuts an utterance that does not end", async () => {
    let finished = 0;
    const counting: Recogniser = {
      start: async () => undefined,
      hear: async () => undefined,
      finish: async () => ({ text: `part ${(finished += 1)}`, confidence: 1 }),
      release: async () => undefined,
    };
    const recognise = await openNode(
      recogniseWith(async () => counting),
      model,
    );
    await recognise.sendFrames(cut(new Float32Array(70 * 16_000), { rate: 16_000, samples: 16_000 }));
    const lengths = recognise.frames().map(({ payload }) => (payload as { length: number }).length / 1e6);
    expect(lengths).toEqual([30, 30, 10]);
  });
});

describe("Recognise without what it needs", () => {
  const packages = "apt-get install libpocketsphinx3 pocketsphinx-en-us";

  it.each([
    ["is not there", "/nonexistent/libpocketsphinx.so.3"],
    ["is another one", "libc.so.6"],
  ])("says what to install when the library %s", async (_name, library) => {
    const open = openNode(
      recogniseWith((name) => openPocketSphinx(name, { [libraryVariable]: library })),
      model,
    );
    await expect(open).rejects.toMatchObject({ code: "dependency-missing", hint: expect.stringContaining(packages) });
  });

  it("says what to install when koffi has nothing for this machine", async () => {
    const open = openPocketSphinx("en-us", {}, () => ({ failed: "koffi", reason: "no binary" }));
    await expect(open).rejects.toMatchObject({
      code: "dependency-missing",
      message: "Recognise needs the package koffi, which could not be loaded",
      hint: expect.stringContaining("npm install koffi"),
    });
  });

  it("says what to install when there is no such model", async () => {
    await expect(openNode(Recognise, { model: "tlh-kl" })).rejects.toMatchObject({
      code: "dependency-missing",
      message: expect.stringContaining("tlh-kl"),
    });
  });

  it.each(["../en-us", "en-us/en-us", "", "en us"])("takes %j for no model", async (name) => {
    await expect(openNode(Recognise, { model: name })).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("takes the library that is given", async () => {
    const recogniser = await openPocketSphinx("en-us", { [libraryVariable]: "libpocketsphinx.so.3" });
    await recogniser.release();
  });
});

/** Dies of the second piece of an utterance that it hears. */
const fragile: PocketSphinxProgram = (state, request) => {
  const counting = state as { pieces?: number };
  if (request.do === "start") counting.pieces = 0;
  if (request.do === "process") {
    counting.pieces = (counting.pieces ?? 0) + 1;
    if (counting.pieces === 2) process.exit(9);
  }
  return request.do === "finish" ? { text: "heard", words: [1] } : undefined;
};

describe("a recogniser whose thread dies", () => {
  const piece = new Float32Array(8_000).fill(0.1);
  const { segmentStart, segmentEnd } = FrameFlag;

  it("fails once, clearly, and recovers with the next utterance", async () => {
    const node = await openNode(
      recogniseWith((name) => openPocketSphinx(name, {}, fragile)),
      model,
    );
    await node.send(piece, { flags: segmentStart });
    await expect(node.send(piece)).rejects.toMatchObject({
      code: "node-failed",
      message: expect.stringMatching(/thread .* has died: .*status 9/),
    });
    await node.send(piece, { flags: segmentStart | segmentEnd });
    expect(texts(node)).toEqual(["heard"]);
    await node.close();
  });

  it("closes all the same", async () => {
    const recogniser = await openPocketSphinx("en-us", {}, fragile);
    await recogniser.start();
    await recogniser.hear(piece);
    await expect(recogniser.hear(piece)).rejects.toMatchObject({ code: "node-failed" });
    await expect(recogniser.release()).resolves.toBeUndefined();
  });
});

/** The sound after `SpeechLevel`, piece by piece. */
function levelled(sound: Float32Array): Float32Array {
  const level = new SpeechLevel();
  const pieces = cut(Float32Array.from(sound), format).flatMap(({ payload }) => level.push(payload));
  return Float32Array.from([...pieces, ...level.finish()].flatMap((piece) => [...piece]));
}

describe("the level of speech", () => {
  it.each([0.01, 0.1, 0.5])("is the same for a tone of amplitude %f", (amplitude) => {
    const tone = Float32Array.from({ length: 16_000 }, (_, index) => amplitude * Math.sin(index / 5));
    const output = levelled(tone);
    expect(output).toHaveLength(16_000);
    expect(Math.sqrt(energy(output))).toBeCloseTo(0.09, 2);
  });

  it("falls when speech follows faint noise", () => {
    const sound = Float32Array.from([...noise(16_000, 1, 0.001), ...question()]);
    const peak = levelled(sound).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(peak).toBeLessThan(1);
  });

  it("leaves silence alone", () => {
    expect(levelled(new Float32Array(12_345))).toEqual(new Float32Array(12_345));
  });
});

describe("the recorded question", () => {
  it("is 16 kHz mono speech of about three and a half seconds", () => {
    const header = readFileSync(new URL("../../examples/voice-assistant/question.wav", import.meta.url));
    expect(header.readUInt16LE(22)).toBe(1);
    expect(header.readUInt32LE(24)).toBe(16_000);
    expect(question().length / 16_000).toBeCloseTo(3.45, 1);
  });
});
