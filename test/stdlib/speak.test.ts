import { afterEach, describe, expect, it } from "vitest";
import { MeshError } from "../../runtime/interface/errors.ts";
import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import { fliteSpeakers, type OpenSpeaker, sentencesOf, voiceNames } from "../../stdlib/speech/flite.ts";
import { Recognise } from "../../stdlib/speech/recognise.node.ts";
import { Speak, speakWith } from "../../stdlib/speech/speak.node.ts";
import { joined, type NodeHarness, openNode } from "../support/node-harness.ts";
import { energy } from "./support/sound.ts";

const { segmentStart, segmentEnd } = FrameFlag;
const voice = { voice: "slt" };
const seconds = (frames: readonly Frame[]): number => joined(frames).length / 16_000;

/** A promise, and what resolves it. */
function signal(): { readonly given: Promise<void>; give(): void } {
  let give: (() => void) | undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give?.() };
}

describe("Speak", () => {
  let node: NodeHarness | undefined;
  afterEach(async () => {
    await node?.close();
    node = undefined;
  });
  const open = async (name = "slt"): Promise<NodeHarness> => (node = await openNode(Speak, { voice: name }));

  it("speaks a text as one segment of frames of 20 ms", async () => {
    const speak = await open();
    await speak.send("Going forward ten meters.", { timestampUs: 3_000_000 });
    const frames = speak.frames();
    expect(seconds(frames)).toBeGreaterThan(1.2);
    expect(seconds(frames)).toBeLessThan(2.5);
    expect(new Set(frames.map(({ payload }) => (payload as Float32Array).length))).toEqual(new Set([320]));
    expect(frames.map(({ flags }) => flags)).toEqual([segmentStart, ...frames.slice(2).map(() => 0), segmentEnd]);
    expect(frames.map(({ timestampUs }) => timestampUs)).toEqual(frames.map((_, at) => 3_000_000 + at * 20_000));
    expect(Math.sqrt(energy(joined(frames)))).toBeGreaterThan(0.02);
    expect(joined(frames).every((value) => Math.abs(value) <= 1)).toBe(true);
  });

  it.each(voiceNames)("can be understood with the voice %s", async (name) => {
    const speak = await open(name);
    await speak.send("what is the weather today");
    const recognise = await openNode(Recognise, { model: "en-us" });
    await recognise.sendFrames(speak.frames());
    await recognise.close();
    expect(recognise.frames()).toMatchObject([{ payload: { text: expect.stringContaining("weather") } }]);
  });

  it("lets a text follow one that is still being spoken, in media time too", async () => {
    const speak = await open();
    await speak.send("stop", { timestampUs: 1_000_000 });
    const before = speak.frames().length;
    await speak.send("turn left", { timestampUs: 1_100_000 });
    const second = speak.frames().slice(before);
    expect(second[0]).toMatchObject({ flags: segmentStart, timestampUs: 1_000_000 + before * 20_000 });
    expect(second.at(-1)?.flags).toBe(segmentEnd);
    await speak.send("stop", { timestampUs: 60_000_000 });
    expect(speak.frames().at(before + second.length)?.timestampUs).toBe(60_000_000);
  });

  it.each(["", "   ", "…!?", "日本"])("says nothing of %j, but notes it", async (text) => {
    const speak = await open();
    await speak.send(text);
    expect(speak.emitted).toEqual([]);
    expect(speak.logs).toMatchObject([{ level: "info", message: "There was nothing to speak in a text" }]);
  });

  it.each([
    ["“It’s a café,” she said – naïvely.", '"It\'s a cafe", she said, naively.'],
    ["100\u00a0%\u0000", "100 %"],
  ])("speaks %j like %j", async (written, plain) => {
    const speak = await open();
    await speak.send(written);
    const lengths = [seconds(speak.frames())];
    await speak.send(plain);
    lengths.push(seconds(speak.frames()) - (lengths[0] ?? 0));
    expect(lengths[0]).toBeGreaterThan(0.3);
    expect(Math.abs((lengths[0] ?? 0) - (lengths[1] ?? 0))).toBeLessThan(0.5);
  });

  it("takes what looks like options of flite for text", async () => {
    const speak = await open();
    await speak.send("-voice none -o other.wav");
    expect(seconds(speak.frames())).toBeGreaterThan(1);
  });

  it("waits for room after each frame", async () => {
    let emitted = 0;
    const [reached, room] = [signal(), signal()];
    const speak = await openNode(Speak, voice, {
      onEmit() {
        emitted += 1;
        if (emitted !== 3) return undefined;
        reached.give();
        return room.given;
      },
    });
    const sent = speak.send("stop");
    await reached.given;
    expect(emitted).toBe(3);
    room.give();
    await sent;
    expect(emitted).toBeGreaterThan(10);
    await speak.close();
  });

  it("falls silent at once when flushed", async () => {
    const listener = { patience: 5, stop: (): void => undefined };
    const speak = await openNode(Speak, voice, {
      onEmit() {
        listener.patience -= 1;
        if (listener.patience === 0) listener.stop();
        return undefined;
      },
    });
    listener.stop = () => speak.flush();
    await speak.send("this is a long sentence that nobody wants to hear to its end", { timestampUs: 500_000 });
    expect(speak.frames()).toHaveLength(5);
    await speak.send("stop", { timestampUs: 700_000 });
    // What comes after a flush is not held up by what was cut off.
    expect(speak.frames().at(5)).toMatchObject({ timestampUs: 700_000, flags: segmentStart });
    expect(speak.frames().at(-1)?.flags).toBe(segmentEnd);
    await speak.close();
  });

  it("stops when its session ends", async () => {
    const session = new AbortController();
    const speak = await openNode(Speak, voice, {
      signal: session.signal,
      onEmit() {
        session.abort();
        return undefined;
      },
    });
    await speak.send("this is a long sentence that nobody wants to hear to its end");
    expect(speak.frames()).toHaveLength(1);
    await speak.close();
  });

  it("is heard before a long text is spoken to its end", async () => {
    const asked: string[] = [];
    const openReal = fliteSpeakers("the test");
    const counting: OpenSpeaker = async () => {
      const speaker = await openReal();
      return {
        speak: (text, manner) => {
          asked.push(text);
          return speaker.speak(text, manner);
        },
        release: () => speaker.release(),
      };
    };
    let askedAtFirst = 0;
    const speak = await openNode(speakWith(counting), voice, {
      onEmit() {
        askedAtFirst ||= asked.length;
        return undefined;
      },
    });
    const sentence = "The rover goes forward to the end of the long yard and stops there.";
    await speak.send(Array.from({ length: 5 }, () => sentence).join(" "));
    expect(asked).toHaveLength(5);
    expect(askedAtFirst).toBe(2);
    const flags = speak.frames().map((frame) => frame.flags);
    expect(flags.filter((flag) => flag !== 0)).toEqual([segmentStart, segmentEnd]);
    await speak.close();
  });

  it("names the voices there are", async () => {
    await expect(openNode(Speak, { voice: "toString" })).rejects.toMatchObject({
      code: "invalid-argument",
      hint: "The voices are slt, rms, awb, kal.",
    });
  });

  it("says what to install when flite is missing", async () => {
    const missing = new MeshError("dependency-missing", "no flite", { hint: "Install it." });
    await expect(
      openNode(
        speakWith(() => Promise.reject(missing)),
        voice,
      ),
    ).rejects.toBe(missing);
  });
});

describe("a synthesiser whose thread dies", () => {
  it("fails once, clearly, and recovers with the next text", async () => {
    const fragile = speakWith(
      fliteSpeakers("Speak", (_module, args) => {
        if (args.at(-1) === "die") process.exit(9);
        const silence = new Uint8Array(44 + 640);
        const header = "52494646a402000057415645666d74201000000001000100803e0000007d00000200100064617461";
        silence.set(header.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? []);
        new DataView(silence.buffer).setUint32(40, 640, true);
        return silence;
      }),
    );
    const node = await openNode(fragile, voice);
    await expect(node.send("die")).rejects.toMatchObject({
      code: "node-failed",
      message: expect.stringMatching(/thread .* has died: .*status 9/),
    });
    await node.send("live");
    expect(node.frames()).toHaveLength(1);
    await node.close();
  });
});

describe("a text", () => {
  it.each([
    ["", []],
    ["One. Two. Three.", ["One. Two. Three."]],
    [
      "This is a sentence that is long enough to be spoken by itself. This one follows it and is as long as that one is!",
      [
        "This is a sentence that is long enough to be spoken by itself.",
        "This one follows it and is as long as that one is!",
      ],
    ],
    ["See Dr. Smith at No. 5.", ["See Dr. Smith at No. 5."]],
  ])("is cut into sentences: %j", (text, pieces) => {
    expect(sentencesOf(text)).toEqual(pieces);
  });

  it("is cut between words where it has no sentences, and within where it has no words", () => {
    const words = sentencesOf("word ".repeat(200));
    expect(words.every((piece) => piece.length <= 400 && !/^ord|wor$/.test(piece))).toBe(true);
    expect(words.join(" ")).toBe("word ".repeat(200).trim());
    expect(sentencesOf("x".repeat(1000)).map((piece) => piece.length)).toEqual([400, 400, 200]);
  });
});
