import { describe, expect, it } from "vitest";
import { hover } from "../../../compiler/language-service/hover.ts";
import { signatureHelp } from "../../../compiler/language-service/signature-help.ts";
import { marked } from "./support/marked.ts";
import { markedAt } from "./support/program.ts";

function at(text: string, nth = 1): string {
  const { service, path, at: mark } = marked(markedAt(text, nth));
  return hover(service, path, mark().offset)?.markdown ?? "";
}

describe("hovering", () => {
  it.each([
    [
      "a node: its contract and what it is for",
      "Loud(gain",
      ["node Loud<R: rate>(gain: decibel = 0dB, mood: Mood = calm) {", "latency 20ms", "Makes it louder."],
    ],
    ["a record: its fields", "Word\n}", ["record Word {", "  mood: Mood = calm", "What was heard."]],
    [
      "a let: itself and its node",
      "loud ~>",
      ["let loud = Loud(gain: level, mood: excited)", "node Loud", "Makes it louder."],
    ],
    [
      "a port of the pipeline: its format",
      "mic ~>",
      ["in  mic: audio".replace("  ", " "), "audio\\<opus, 48kHz, mono\\>"],
    ],
    [
      "an arrow: format, converters, why, and the latency",
      "~> loud",
      ["mic ~> loud", "**converters**: OpusDecode", "audio\\<pcm\\_f32, 48kHz, mono\\>"],
    ],
    ["an arrow to a remote: the transport", "~> far", ["**transport**: WebRTC", "OpusEncode", "**latency**"]],
    ["an arrow at the end: the sum of latencies", "-> words", ["**latency**: 100ms from speech to here", "Hear 100ms"]],
    [
      "a remote: its targets in order and its policy",
      "far ~>".replace(" ~>", ".words"),
      ["remote far: Hears", "**targets**: 2", "1. box.Near", "**policy**: patient"],
    ],
    ["a word of the language", "remote far", ["A pipeline on another peer"]],
    ["a type", "audio<opus, 48kHz, mono>\n  out words: Word\n}\n\n///", ["Sound: a codec, a rate and channels"]],
    ["a value", "20ms", ["20ms, a duration, 20 ms"]],
  ])("%s", (_, text, wanted) => {
    const found = at(text);
    for (const one of wanted) expect(found).toContain(one);
  });

  it("a module: what it declares", () => {
    const { service, path, at: mark } = marked('import { Vad } from "std/sp/*|*/eech"\n');
    expect(hover(service, path, mark().offset)?.markdown).toMatch(
      /^`std\/speech` declares\n\n(- \w+ `\w+`\n)*- node `Vad`/,
    );
  });

  it("answers nothing where nothing stands", () => {
    const { service, path } = marked("\n\n// only a comment\n");
    for (const offset of [0, 1, 5, 21]) expect(hover(service, path, offset)).toBeUndefined();
  });
});

describe("signature help", () => {
  it.each([
    ["at the start", "let g = Loud(/*|*/)", "gain: decibel = 0dB"],
    ["at a parameter that is typed", "let g = Loud(mood: /*|*/)", "mood: Mood = calm"],
    ["behind one that is given", "let g = Loud(gain: 3dB, /*|*/)", "mood: Mood = calm"],
    ["in a line that is not finished", "let g = Loud(gain: 3dB, /*|*/", "mood: Mood = calm"],
    ["of a node in place", "m ~> Loud(/*|*/) ~> o", "gain: decibel = 0dB"],
  ])("shows the parameter %s", (_, line, wanted) => {
    const {
      service,
      path,
      at: mark,
    } = marked(
      `enum Mood { calm }\n/// Louder.\nnode Loud(gain: decibel = 0dB, mood: Mood = calm) { in text\n  out text }\npipeline P {\n  in m: text\n  out o: text\n  ${line}\n}\n`,
    );
    const help = signatureHelp(service, path, mark().offset);
    expect(help?.label).toBe("Loud(gain: decibel = 0dB, mood: Mood = calm)");
    expect(help?.documentation).toBe("Louder.");
    const active = help?.parameters[help.active ?? -1];
    expect(help?.label.slice(active?.start, active?.end)).toBe(wanted);
  });

  it.each(["let g = Loud/*|*/()", "let g = Loud()/*|*/", "let g = /*|*/Loud()", "in m/*|*/: text"])(
    "is none at %s",
    (line) => {
      const { service, path, at: mark } = marked(`node Loud { in text\n  out text }\npipeline P {\n  ${line}\n}\n`);
      expect(signatureHelp(service, path, mark().offset)).toBeUndefined();
    },
  );
});
