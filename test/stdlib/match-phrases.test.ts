import { afterEach, describe, expect, it } from "vitest";
import type { VoiceName } from "../../stdlib/speech/flite.ts";
import { fliteSpeakers } from "../../stdlib/speech/flite.ts";
import { MatchPhrases, matchPhrasesWith } from "../../stdlib/speech/match-phrases.node.ts";
import { FrameFlag } from "../../runtime/interface/frame.ts";
import { cut, type NodeHarness, openNode } from "../support/node-harness.ts";
import { realClock } from "../support/real-clock.ts";
import { noise, question } from "./support/sound.ts";
import { overOpus, spoken, utterancesIn } from "./support/speech.ts";

const phrases = ["go forward ten meters", "turn left", "turn right", "stop", "go back"];
const params = { phrases, threshold: 0.5 };
const texts = (node: NodeHarness): unknown[] => node.frames().map(({ payload }) => (payload as { text: string }).text);

describe("MatchPhrases", () => {
  let node: NodeHarness | undefined;
  afterEach(async () => {
    await node?.close();
    node = undefined;
  });
  const open = async (change: Partial<typeof params> = {}): Promise<NodeHarness> =>
    (node = await openNode(MatchPhrases, { ...params, ...change }, { clock: realClock }));

  it("knows the recorded question, a real voice, after Vad and Opus", async () => {
    const frames = await overOpus(await utterancesIn(question()));
    const matcher = await open();
    await matcher.sendFrames(frames);
    expect(texts(matcher)).toEqual(["go forward ten meters"]);
    const [{ payload, timestampUs } = { payload: null, timestampUs: 0 }] = matcher.frames();
    const { confidence, length } = payload as { confidence: number; length: number };
    expect(confidence).toBeGreaterThan(0.5);
    expect(confidence).toBeLessThanOrEqual(1);
    expect(length).toBeGreaterThan(1_500_000);
    expect(timestampUs).toBe(frames[0]?.timestampUs);
  });

  // Voices that none of the templates has.
  it.each<VoiceName>(["kal", "awb"])("tells the phrases apart when the voice %s says them", async (voice) => {
    const matcher = await open({ threshold: 0 });
    for (const sound of await spoken(phrases, { voice, stretch: 1.1 })) {
      await matcher.sendFrames(cut(sound, { rate: 16_000 }));
    }
    expect(texts(matcher)).toEqual(phrases);
  });

  it("takes other speech and noise for none of them, and notes it", async () => {
    const matcher = await open();
    const others = ["what is the weather today", "please tell me a story", "the quick brown fox jumps over the dog"];
    const sounds = [...(await spoken(others, { voice: "kal" })), noise(16_000, 2, 0.1)];
    for (const sound of sounds) await matcher.sendFrames(cut(Float32Array.from(sound), { rate: 16_000 }));
    expect(texts(matcher)).toEqual([]);
    expect(matcher.logs).toHaveLength(sounds.length);
    expect(matcher.logs[0]).toMatchObject({ level: "info", message: "An utterance was none of the phrases" });
  });

  it.each([
    ["silence", new Float32Array(16_000)],
    ["a click", new Float32Array(200).fill(0.5)],
    ["nothing at all", new Float32Array(0)],
  ])("says nothing of %s", async (_name, sound) => {
    const matcher = await open();
    await matcher.send(sound, { flags: FrameFlag.segmentStart | FrameFlag.segmentEnd });
    expect(matcher.emitted).toEqual([]);
  });

  it("forgets what was said before a flush", async () => {
    const matcher = await open();
    const frames = cut(question(), { rate: 16_000 });
    await matcher.sendFrames(frames.slice(0, 90));
    matcher.flush();
    await matcher.end();
    expect(matcher.emitted).toEqual([]);
  });

  it("does not tell what it works on while it is flushed", async () => {
    const matcher = await open();
    const sending = matcher.sendFrames(cut(question(), { rate: 16_000, samples: 60_000 }));
    matcher.flush();
    await sending;
    expect(matcher.emitted).toEqual([]);
  });

  it.each([[[]], [Array.from({ length: 201 }, (_, index) => `phrase ${index}`)]])(
    "refuses too few and too many phrases",
    async (given) => {
      await expect(openNode(MatchPhrases, { ...params, phrases: given })).rejects.toMatchObject({
        code: "invalid-argument",
      });
    },
  );

  it("frees its synthesiser when the phrases are known, and when one cannot be spoken", async () => {
    let held = 0;
    const openSpeaker = fliteSpeakers("the test");
    const counting =
      (fails: boolean): typeof openSpeaker =>
      async () => {
        const speaker = await openSpeaker();
        held += 1;
        return {
          speak: (text, manner) => (fails ? Promise.reject(new Error("no voice")) : speaker.speak(text, manner)),
          release() {
            held -= 1;
            speaker.release();
          },
        };
      };
    const opened = await openNode(matchPhrasesWith(counting(false)), params);
    expect(held).toBe(0);
    await opened.close();
    await expect(openNode(matchPhrasesWith(counting(true)), params)).rejects.toThrow("no voice");
    expect(held).toBe(0);
  });
});
