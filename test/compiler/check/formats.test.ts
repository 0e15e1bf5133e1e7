import { describe, expect, it } from "vitest";
import { compileText, expectOnly } from "../support/marked.ts";

describe("caps", () => {
  it.each([
    "audio",
    "audio<>",
    "audio<opus>",
    "audio<mono, 48kHz, opus>",
    "audio<opus | pcmu, 8kHz..48kHz, mono | stereo>",
    "audio<8kHz..>",
    "audio<..48kHz>",
    "audio<6ch>",
    "audio<44100Hz>",
    "video<vp8, 640x360..1920x1080, ..30fps>",
    "video<h264, 1280x720 | 1920x1080, 25fps | 50fps>",
    "tensor",
    "tensor<f32>",
    "tensor<f32, [1, 3, 224, 224]>",
    "tensor<[8], u8 | i8>",
  ])("take %s", (type) => {
    expectOnly(undefined, `node N { in ${type} }`);
    expectOnly(undefined, `interface I { out x: ${type}? }`);
  });

  it.each([
    ["an unknown codec", "MESH3004", "audio<«opuss»>"],
    ["a codec of pictures for sound", "MESH3004", "audio<«vp8»>"],
    ["a codec of sound for pictures", "MESH3004", "video<«opus»>"],
    ["an element type for sound", "MESH3004", "audio<«f32»>"],
    ["a rate for pictures", "MESH3004", "video<«48kHz»>"],
    ["channels for pictures", "MESH3004", "video<vp8, «stereo»>"],
    ["a picture size for sound", "MESH3004", "audio<opus, «1280x720»>"],
    ["frames per second for sound", "MESH3004", "audio<opus, «30fps»>"],
    ["a rate for a tensor", "MESH3004", "tensor<f32, «48kHz»>"],
    ["a time", "MESH3004", "audio<opus, «20ms»>"],
    ["a bit rate", "MESH3004", "audio<opus, «64kbps»>"],
    ["a plain number", "MESH3004", "audio<opus, «48000»>"],
    ["a rate twice", "MESH3004", "audio<48kHz, «16kHz»>"],
    ["two codecs without a bar", "MESH3004", "audio<opus, «pcmu»>"],
    ["a shape twice", "MESH3004", "tensor<[1, 2], «[3]»>"],
    ["a mixed cap", "MESH3004", "audio<opus | «48kHz»>"],
    ["a mixed range", "MESH3004", "audio<«8kHz..30fps»>"],
    ["a range that is turned round", "MESH3005", "audio<«48kHz..8kHz»>"],
    ["a range of sizes that is turned round on one side", "MESH3005", "video<«640x480..1280x360»>"],
    ["no channels", "MESH3005", "audio<«0ch»>"],
    ["a rate of nothing", "MESH3005", "audio<«0Hz»>"],
    ["a negative rate", "MESH3005", "audio<«-48kHz»>"],
    ["a shape of sound", "MESH3004", "audio<opus, «[1, 2]»>"],
    ["a shape without sides", "MESH3004", "tensor<f32, «[]»>"],
    ["a side of no length", "MESH3004", "tensor<f32, [1, «0»]>"],
    ["a side that is a time", "MESH3004", "tensor<f32, [1, «3s»]>"],
    ["a side that is not declared", "MESH3004", "tensor<f32, [1, «N»]>"],
    ["alternative shapes", "MESH3004", "tensor<f32, «[1] | [2]»>"],
    ["formats of what has none", "MESH3004", "«text<opus>»"],
    ["formats of a pulse", "MESH3004", "«signal<opus>»"],
  ])("refuse %s", (_, code, type) => {
    expectOnly(code, `node N { in ${type} }`);
    expectOnly(code, `interface I { out x: ${type} }`);
  });

  it("offers the near name", () => {
    const found = expectOnly("MESH3004", "node N { in audio<«opuss»> }");
    expect(found.fixes[0]?.edits[0]?.newText).toBe("opus");
  });
});

describe("type variables", () => {
  it.each([
    "node N<R: rate, C: channels> { in audio<pcm_f32, R, C>\n out audio<pcm_f32, R, C> }",
    "node N<R: rate in 8kHz..48kHz> { in audio<R> }",
    "node N<C: codec in opus | pcmu> { in audio<C> }",
    "node N<C: codec> { in video<C>\n out video<C> }",
    "node N<S: size, F: fps> { in video<S, F> }",
    "node N<E: element, N: side in 1..64> { in tensor<E, [1, N]>\n out tensor<E, [N]> }",
    "node N<N: side> { in tensor<f32, [N, N]> }",
  ])("take %s", (text) => {
    expectOnly(undefined, text);
  });

  it.each([
    ["an unknown dimension", "MESH3004", "node N<R: «rte»> { in audio<R> }"],
    ["a dimension that the stream does not have", "MESH3004", "node N<S: size> { in audio<«S»> }"],
    ["a side outside of a shape", "MESH3004", "node N<S: side> { in tensor<f32, «S»> }"],
    ["a rate as a side", "MESH3004", "node N<R: rate> { in tensor<f32, [«R»]> }"],
    ["a bound of another dimension", "MESH3004", "node N<R: rate in «mono..stereo»> { in audio<R> }"],
    ["a bound that is a shape", "MESH3004", "node N<N: side in «[1]»> { in tensor<f32, [N]> }"],
    ["a variable among alternatives", "MESH3004", "node N<R: rate> { in audio<«R» | 48kHz> }"],
    ["an unknown variable", "MESH3004", "node N<R: rate> { in audio<pcm_f32, «Q»> }"],
  ])("refuse %s", (_, code, text) => {
    expectOnly(code, text);
  });
});

const nodes = `
node Src { out audio<pcm_f32, 16kHz, mono> }
node Src48 { out audio<pcm_f32, 48kHz, stereo> }
node Any { out audio<pcm_f32, 8kHz..48kHz, mono | stereo> }
node Same<R: rate, C: channels> { in audio<pcm_f32, R, C>
 out audio<pcm_f32, R, C> }
node Both<R: rate> { in a: audio<pcm_f32, R, mono>
 in b: audio<pcm_f32, R, mono>
 out audio<pcm_f32, R, mono> }
node In16 { in audio<pcm_f32, 16kHz, mono> }
node In48 { in audio<pcm_f32, 48kHz, stereo> }
node Low { in audio<pcm_f32, ..24kHz> }
node Wide { in audio }
node Cam { out video<vp8 | h264, 640x360..1920x1080, 25fps | 30fps> }
node Small { in video<h264, ..1280x720> }
node Tall { in video<h264, 320x1200> }
node Model<N: side> { in tensor<f32, [N, 3]>
 out tensor<f32, [N]> }
node Batch4 { out tensor<f32, [4, 3]> }
node Take4 { in tensor<f32, [4]> }
node Take5 { in tensor<f32, [5]> }
node Flat { in tensor<f32, [4, 3, 1]> }
node Square<N: side> { in tensor<f32, [N, N]> }
node Bytes { in tensor<u8, [4]> }
`;

describe("one format for all links at a port", () => {
  it.each([
    ["a value", "Src() -> In16()"],
    ["a range and a value", "Any() -> In16()"],
    ["a range and a range", "Any() -> Low()"],
    ["an open port", "Src48() -> Wide()"],
    ["a variable", "Src() -> Same() -> In16()"],
    ["fresh variables for each use", "Src() -> Same() -> In16()\n Src48() -> Same() -> In48()"],
    ["a variable that two inputs share", "let b = Both()\n Src() -> b.a\n Src() -> b.b\n b -> In16()"],
    ["alternatives", "Cam() -> Small()"],
    ["sides of a shape", "Batch4() -> Model() -> Take4()"],
  ])("is found for %s", (_, lines) => {
    expectOnly(undefined, `${nodes}pipeline P { ${lines} }`);
  });

  it.each([
    ["a value and another", "Src() «->» In48()"],
    ["through a variable", "Src() -> Same() «->» In48()"],
    ["through two", "Src() -> Same() -> Same() «->» In48()"],
    ["two inputs that share a variable", "let b = Both()\n Src() -> b.a\n Any() -> Same() -> b.b\n b «->» In48()"],
    ["one output to two inputs that differ", "let a = Any()\n a -> In16()\n a «->» In48()"],
    ["one output to two inputs that differ, in one fan-out", "Any() «->» [In16(), In48()]"],
    ["several inputs that differ from one output alike", "Src() «->» [In48(), In48(), In48()]"],
    ["a merge of what differs", "[Src(), Src48()] «->» Wide()"],
    ["pictures that are larger on one side", "Cam() «->» Tall()"],
    ["media of another kind", "Cam() «->» In16()"],
    ["a stream and data", "Src() «->» In16T()"],
    ["the number of sides", "Batch4() «->» Flat()"],
    ["a side of a shape", "Batch4() -> Model() «->» Take5()"],
    ["one variable for two sides", "Batch4() «->» Square()"],
    ["the element type", "Batch4() -> Model() «->» Bytes()"],
  ])("is not found for %s", (_, lines) => {
    expectOnly("MESH3001", `${nodes}node In16T { in text }\npipeline P { ${lines} }`);
  });

  it("names the dimension, in the user's words", () => {
    const messages: [string, string][] = [
      ["Src() «->» In48()", "the sample rate 16kHz is not 48kHz"],
      ["Cam() «->» Tall()", "the picture size 640x360..1920x1080 is not 320x1200"],
      ["Batch4() «->» Flat()", "the number of sides 2 is not 3"],
      ["Batch4() -> Model() «->» Take5()", "side 1 of the shape, 4 is not 5"],
      ["Batch4() -> Model() «->» Bytes()", "the element type f32 is not u8"],
    ];
    for (const [lines, words] of messages) {
      expect(expectOnly("MESH3001", `${nodes}pipeline P { ${lines} }`).message).toContain(words);
    }
  });

  it("shows the way by which a dimension was narrowed, in order", () => {
    const found = expectOnly(
      "MESH3001",
      `${nodes}pipeline P { let one = Same()\n let two = Same()\n Src() -> one -> two\n two «->» In48() }`,
    );
    expect(found.related.map((one) => one.message)).toEqual([
      "`Src` gives 16kHz",
      "`Src -> one` shares it",
      "`one -> two` shares it",
      "`In48` takes 48kHz",
    ]);
  });

  it("shows only what the contradiction needs", () => {
    const found = expectOnly(
      "MESH3001",
      `${nodes}pipeline P { let some = Any()\n some -> [Wide(), Low(), In16()]\n some «->» In48() }`,
    );
    expect(found.related.map((one) => one.message)).toEqual([
      "`In16` takes 16kHz",
      "`some -> In16` shares it",
      "`In48` takes 48kHz",
    ]);
  });

  it("shows ranges that only together leave nothing", () => {
    const found = expectOnly(
      "MESH3001",
      `${nodes}node High { in audio<32kHz..> }\npipeline P { let some = Any()\n some -> Low()\n some «->» High() }`,
    );
    expect(found.related.map((one) => one.message)).toEqual([
      "`Low` takes ..24kHz",
      "`some -> Low` shares it",
      "`High` takes 32kHz..",
    ]);
  });

  it("settles what stays open on the producer's first alternative and the upper end of a range", () => {
    const plan = compileText(`${nodes}pipeline P { Cam() -> Small()\n Any() -> Wide() }`).plan;
    const types = plan?.pipelines["P"]?.links.map((link) => link.type);
    expect(types).toEqual([
      { kind: "video", dims: { codec: ["h264"], size: [{ width: 1280, height: 720 }], fps: [25] } },
      { kind: "audio", dims: { codec: ["pcm_f32"], rate: [48_000], channels: [1] } },
    ]);
  });

  it("keeps what stays open at a remote as a set", () => {
    const plan = compileText(`${nodes}interface Far { in sound: audio<opus | pcm_f32, 8kHz..48kHz> }
pipeline P { in mic: audio<pcm_f32 | opus>
 remote r: Far { at "webrtc://far/x" }
 mic -> r }`).plan;
    const pipeline = plan?.pipelines["P"];
    expect(pipeline?.cells).toEqual([
      { dimension: "codec", media: "audio", allowed: ["pcm_f32", "opus"] },
      { dimension: "rate", allowed: [{ min: 8_000, max: 48_000 }] },
      { dimension: "channels", allowed: null },
    ]);
    expect(pipeline?.remotes[0]?.inputs["sound"]?.type).toEqual(pipeline?.inputs["mic"]?.type);
  });

  it("names all parameters that fix what stays open", () => {
    const plan = compileText(`pipeline P(from: frequency = 8kHz, to: frequency) {
 in a: audio<pcm_f32, from, mono>
 out b: audio<pcm_f32, to, mono>
 a -> b }`).plan;
    expect(plan?.pipelines["P"]?.cells).toMatchObject([{ dimension: "rate", params: ["from", "to"] }]);
  });
});
