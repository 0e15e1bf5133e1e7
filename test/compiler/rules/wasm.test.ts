import { describe, it } from "vitest";
import { expectOnly } from "../support/marked.ts";

const node = (ports: string, params = ""): string => `
record Level { peak: float }
enum Mode { soft, hard }
node Meter${params} {
 ${ports}
 from "./meter.wasm" }`;

const sound = "in audio<pcm_f32, 48kHz, mono>\n out audio<pcm_f32, 48kHz, mono>";

describe("a node with a WebAssembly module", () => {
  it.each([
    ["sound of f32", sound],
    ["sound of any rate and channels", "in audio<pcm_s16>\n out audio<pcm_s16>"],
    ["encoded sound of several codecs", "in audio<opus | pcmu, 8kHz..48kHz, mono>\n out bytes"],
    ["video", "in video<vp8>\n out video<i420>"],
    ["tensors and numbers", "in tensor<f32, [1, 3, 224, 224]>\n out float in 0..1"],
    ["text", "in text\n out text"],
    ["quantities", "in duration\n out decibel"],
  ])("carries %s", (_, ports) => void expectOnly(undefined, node(ports)));

  it.each([
    ["numbers", "(gain: decibel, count: int in 0..7 = 2, share: percentage = 50%, to: frequency)"],
    ["texts", '(mode: Mode = "soft", name: text = "x")'],
    ["what may be left out", "(fast: bool?, level: float?)"],
  ])("takes parameters that are %s", (_, params) => void expectOnly(undefined, node(sound, params)));

  it.each([
    ["records", "in bytes\n «out Level»"],
    ["lists", "in bytes\n «out [float]»"],
    ["enums", "«in Mode»\n out text"],
    ["json", "in text\n «out json»"],
    ["bool", "in text\n «out bool»"],
    ["signals", "in text\n «out signal»"],
    ["what may be missing", "«in text?»\n out text"],
    ["sound of an open codec", "«in audio<48kHz, mono>»\n out bytes"],
    ["sound that is one of two things in memory", "«in audio<pcm_f32 | pcm_s16, 48kHz, mono>»\n out bytes"],
    ["two inputs", "in left: bytes\n in «right»: bytes\n out bytes"],
    ["a signal beside its input", "in bytes\n in «stop»: signal\n out bytes"],
    ["two outputs", "in bytes\n out loud: bytes\n out «level»: float"],
  ])("does not carry %s", (_, ports) => void expectOnly("MESH3022", node(ports)));

  it("has an input and an output", () => {
    expectOnly("MESH3022", node("out bytes").replace("Meter", "«Meter»"));
    expectOnly("MESH3022", node("in bytes").replace("Meter", "«Meter»"));
  });

  it.each([
    ["records", "(«level»: Level)"],
    ["lists", "(«levels»: [float])"],
    ["versions", "(«since»: version)"],
    ["resolutions", "(«size»: resolution)"],
  ])("takes no parameters that are %s", (_, params) => void expectOnly("MESH3022", node(sound, params)));

  it("is not judged where its declaration is wrong already", () => {
    expectOnly("MESH3004", node("in «audio<loud>»\n out bytes"), {}, { anywhere: true });
  });

  it("may be anything where its code is TypeScript", () => {
    expectOnly(undefined, node("in bytes\n out Level").replace("meter.wasm", "meter.ts"));
  });
});
