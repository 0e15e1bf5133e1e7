import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MeshError } from "../../runtime/interface/errors.ts";
import { FrameFlag } from "../../runtime/interface/frame.ts";
import type { OpenSpeaker, Speaker } from "../../stdlib/speech/flite.ts";
import { MatchPhrases, matchPhrasesWith } from "../../stdlib/speech/match-phrases.node.ts";
import { judged, openPhraseMatcher } from "../../stdlib/speech/phrase-matcher.ts";
import { comparePhrases } from "../../stdlib/speech/phrase-program.ts";
import { cut, joined, type NodeHarness, openNode } from "../support/node-harness.ts";
import { noise, question, sine } from "./support/sound.ts";
import { overOpus, spoken, utterancesIn } from "./support/speech.ts";

const phrases = ["go forward ten meters", "turn left", "turn right", "stop", "go back"];
const params = { phrases, threshold: 0.5 };
const format = { rate: 16_000 };
const { segmentStart, segmentEnd } = FrameFlag;
const isText = (text: string) => [expect.objectContaining({ text })];

/** Speakers that know nothing but silence, and how many of them are in use. */
function speakers(speak: Speaker["speak"]) {
  const use = { now: 0, texts: 0 };
  const open: OpenSpeaker = async () => {
    use.now += 1;
    return {
      speak(text, manner) {
        use.texts += 1;
        return speak(text, manner);
      },
      release: () => void (use.now -= 1),
    };
  };
  return { use, open };
}

describe("MatchPhrases", () => {
  let node: NodeHarness;
  beforeAll(async () => {
    node = await openNode(MatchPhrases, params);
  });
  afterAll(() => node.close());

  /** What it says of one utterance. */
  const heard = async (sound: Float32Array): Promise<unknown[]> => {
    const before = node.emitted.length;
    await node.sendFrames(cut(Float32Array.from(sound), format));
    return node.emitted.slice(before).map(({ frame }) => frame.payload);
  };

  it("recognises the recorded question after Vad and Opus", async () => {
    const frames = await overOpus(await utterancesIn(question()));
    const before = node.emitted.length;
    await node.sendFrames(frames);
    const [emission] = node.emitted.slice(before);
    expect(emission?.frame.payload).toEqual({
      text: "go forward ten meters",
      confidence: expect.closeTo(0.94, 1),
      language: "en",
      length: Math.round((joined(frames).length / 16_000) * 1e6),
    });
    expect(emission?.frame.timestampUs).toBe(frames[0]?.timestampUs);
  });

  it.each([
    ["slt", 0.9],
    ["rms", 1],
    ["awb", 1.3],
    ["kal", 1.1],
  ] as const)("knows each phrase by the voice %s at %f times its length", async (voice, stretch) => {
    for (const [index, sound] of (await spoken(phrases, { voice, stretch })).entries()) {
      expect(await heard(sound)).toEqual(isText(phrases[index] ?? ""));
    }
  });

  it.each(["slt", "rms", "awb", "kal"] as const)("passes over what else the voice %s says", async (voice) => {
    const others = [
      "please turn on the light in the kitchen",
      "what is the weather today",
      "good morning everyone",
      "play some music",
      "ten thousand leagues under the sea",
      "hello world",
      "yes",
    ];
    for (const sound of await spoken(others, { voice })) expect(await heard(sound)).toEqual([]);
  });

  it.each([
    ["silence", new Float32Array(16_000)],
    ["noise", noise(16_000, 1.5)],
    ["a tone", sine(440, 16_000, 1)],
    ["a click", Float32Array.from({ length: 600 }, (_, index) => (index < 40 ? 0.5 : 0))],
    ["a moment too short for a single window", new Float32Array(100).fill(0.1)],
    ["nothing at all", new Float32Array(0)],
    ["half a phrase", question().subarray(8_000, 16_000)],
    [
      "speech that is far longer than any phrase",
      joined(Array.from({ length: 9 }, () => cut(question(), format)).flat()),
    ],
  ])("passes over %s, and notes it", async (_name, sound) => {
    const notes = node.logs.length;
    const before = node.emitted.length;
    await node.send(Float32Array.from(sound), { flags: segmentStart | segmentEnd });
    expect(node.emitted).toHaveLength(before);
    expect(node.logs.slice(notes)).toMatchObject([{ level: "info", message: "An utterance was none of the phrases" }]);
  });

  it("tells two utterances apart, each with its time", async () => {
    const [left = new Float32Array(0), stop = new Float32Array(0)] = await spoken(["turn left", "stop"], {
      voice: "rms",
    });
    const before = node.emitted.length;
    await node.sendFrames([...cut(left, format, { startUs: 1e6 }), ...cut(stop, format, { startUs: 5e6 })]);
    const told = node.emitted
      .slice(before)
      .map(({ frame }) => [(frame.payload as { text: string }).text, frame.timestampUs]);
    expect(told).toEqual([
      ["turn left", 1e6],
      ["stop", 5e6],
    ]);
  });

  it("takes what is in no segment for one utterance until the end", async () => {
    const before = node.emitted.length;
    await node.sendFrames(cut(question(), format, { flags: false }));
    expect(node.emitted).toHaveLength(before);
    await node.end();
    expect(node.emitted.slice(before).map(({ frame }) => frame.payload)).toEqual(isText("go forward ten meters"));
  });

  it("forgets what was said before a flush", async () => {
    const frames = cut(question(), format);
    const before = node.emitted.length;
    await node.sendFrames(frames.slice(0, -1));
    node.flush();
    await node.end();
    const last = node.send(joined(frames), { flags: segmentStart | segmentEnd });
    node.flush();
    await last;
    expect(node.emitted).toHaveLength(before);
    expect(await heard(question())).toEqual(isText("go forward ten meters"));
  });

  it("says nothing below its threshold", async () => {
    const strict = await openNode(MatchPhrases, { phrases, threshold: 0.999 });
    await strict.sendFrames(cut(question(), format));
    expect(strict.emitted).toEqual([]);
    expect(strict.logs).toMatchObject([{ fields: { nearest: "go forward ten meters" } }]);
    await strict.close();
  });

  it.each([
    ["no phrase", []],
    ["no word", ["…"]],
    ["an empty phrase", ["stop", ""]],
    ["an endless phrase", ["a".repeat(201)]],
    ["too many", Array.from({ length: 101 }, () => "stop")],
  ])("refuses %s", async (_name, wrong) => {
    const opening = openNode(MatchPhrases, { phrases: wrong, threshold: 0.5 });
    await expect(opening).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("says what to install when it has no voice", async () => {
    const missing = new MeshError("dependency-missing", "no voice", { hint: "Install it." });
    const voiceless = matchPhrasesWith(() => Promise.reject(missing));
    await expect(openNode(voiceless, params)).rejects.toBe(missing);
  });

  it("lets the voice go when the phrases are known", async () => {
    const { use, open } = speakers(async () => new Float32Array(0));
    const learning = await openNode(matchPhrasesWith(open), params);
    await learning.send(question(), { flags: segmentStart | segmentEnd });
    expect(use).toEqual({ now: 0, texts: 4 + phrases.length * 8 });
    await learning.close();
  });

  it("stops learning when it is closed", async () => {
    const waiting: ((sound: Float32Array<ArrayBuffer>) => void)[] = [];
    const { use, open } = speakers(() => new Promise((resolve) => void waiting.push(resolve)));
    const matcher = await openPhraseMatcher(phrases, open);
    const matching = matcher.match(question());
    matcher.release();
    for (const finish of waiting) finish(new Float32Array(0));
    await expect(matching).rejects.toMatchObject({ code: "cancelled" });
    expect(use).toEqual({ now: 0, texts: 4 });
  });

  it("fails once, clearly, when its thread dies, and recovers with the next utterance", async () => {
    const { open } = speakers(async () => new Float32Array(0));
    const matcher = await openPhraseMatcher(phrases, open, (_state, request) => {
      // Dies of silence.
      if (request.do === "compare" && request.samples.length === 0) process.exit(9);
      return request.do === "compare" ? [1, 0, 1, 1, 1] : [];
    });
    expect(await matcher.match(question())).toMatchObject({ phrase: "turn left" });
    await expect(matcher.match(new Float32Array(0))).rejects.toMatchObject({
      code: "node-failed",
      message: expect.stringMatching(/thread .* has died: .*status 9/),
    });
    expect(await matcher.match(question())).toMatchObject({ phrase: "turn left" });
    matcher.release();
  });

  it("fails with the first utterance when a phrase cannot be spoken", async () => {
    const { use, open } = speakers(() => Promise.reject(new MeshError("node-failed", "no voice")));
    const mute = await openNode(matchPhrasesWith(open), params);
    const sent = mute.send(question(), { flags: segmentStart | segmentEnd });
    await expect(sent).rejects.toMatchObject({ message: "no voice" });
    expect(use.now).toBe(0);
    await mute.close();
  });
});

describe("comparing phrases", () => {
  const voice = 0;

  it("knows nothing of what it has not learned", () => {
    expect(comparePhrases({}, { do: "compare", samples: question() })).toEqual([]);
  });

  it("finds sound nearest to itself, loud or soft", () => {
    const state = {};
    comparePhrases(state, { do: "learn-voice", voice, samples: noise(16_000, 2) });
    comparePhrases(state, { do: "learn-phrase", voice, phrase: 0, samples: question() });
    comparePhrases(state, { do: "learn-phrase", voice, phrase: 1, samples: noise(16_000, 2) });
    const [same = 1, other = 0] = comparePhrases(state, { do: "compare", samples: question() });
    expect(same).toBeLessThan(0);
    expect(other).toBeGreaterThan(0.6);
    const soft = question().map((value) => value / 10);
    expect(comparePhrases(state, { do: "compare", samples: soft })[0]).toBeLessThan(0);
  });

  it("compares nothing that is far longer", () => {
    const state = {};
    comparePhrases(state, { do: "learn-phrase", voice, phrase: 2, samples: sine(440, 16_000, 1) });
    expect(comparePhrases(state, { do: "compare", samples: sine(440, 16_000, 2) })[2]).toBe(Infinity);
    expect(comparePhrases(state, { do: "compare", samples: sine(440, 16_000, 0.5) })[2]).toBe(Infinity);
    expect(comparePhrases(state, { do: "compare", samples: sine(440, 16_000, 1.3) })[2]).toBeLessThan(1);
  });
});

describe("the likelihood of a phrase", () => {
  const choice = ["left", "right"];

  it.each([
    ["near", [0.2, 0.9], "left", 1],
    ["as near as another", [0.3, 0.3], "left", 0.5],
    ["the nearer of two", [0.35, 0.3], "right", 0.88],
    ["hardly nearer than none", [0.42, 0.9], "left", 0.5],
    ["far", [0.6, 0.9], "left", 0],
  ])("is as it should be when it is %s", (_name, distances, phrase, confidence) => {
    const match = judged(choice, distances);
    expect(match.phrase).toBe(phrase);
    expect(match.confidence).toBeCloseTo(confidence, 1);
  });

  it("is none when all are out of the question", () => {
    expect(judged(choice, [Infinity])).toEqual({ phrase: "left", confidence: 0 });
  });
});
