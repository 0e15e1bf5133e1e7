/** Types: media with their caps, scalars, narrowings, lists, maps, options, defaults. */
import { describe } from "vitest";
import { right, wrong } from "./support/judged.ts";

const raw = String.raw;

describe("media", () => {
  const media = [
    "audio",
    "audio<>",
    "audio<opus>",
    "audio<48kHz>",
    "audio<mono>",
    "audio<mono, opus, 48kHz>",
    "audio<48kHz, stereo, pcm_f32>",
    "audio<opus | pcmu>",
    "audio<opus | pcmu | pcm_s16, 8kHz | 16kHz | 48kHz, mono | stereo | 6ch>",
    "audio<opus, 8kHz..48kHz>",
    "audio<opus, 8kHz.., ..stereo>",
    "audio<pcm_f32, 44100Hz, 1ch>",
    "audio<opus,>",
    "audio<opus,\n 48kHz,\n mono,\n>",
    "video",
    "video<vp8>",
    "video<30fps>",
    "video<1280x720>",
    "video<vp8, 640x360..1920x1080, ..30fps>",
    "video<h264 | vp8 | vp9, 640x480 | 1280x720, 24fps | 30fps>",
    "video<29.97fps, vp8, 1920x1080>",
    "tensor",
    "tensor<f32>",
    "tensor<f32, [1, 3, 224, 224]>",
    "tensor<f16 | f32, [10]>",
    "tensor<[3, 2], u8>",
    "text",
    "bytes",
    "json",
    "signal",
    "signal?",
    "int",
    "text?",
    "audio<opus>?",
    "[text]",
    "map<int>",
    "[[int]?]",
    "map<map<[json]>>?",
    "[map<[text?]>]",
    "int in 0..5",
    'text matches "a+"',
    "[int in 0..5]",
    'map<text matches "a">',
    "int in 0..5?",
    "bool",
    "float",
    "duration",
    "frequency",
    "size",
    "bitrate",
    "decibel",
    "version",
    "resolution",
    "framerate",
    "channels",
    "percentage",
  ];
  for (const type of media)
    right(`${type} at ports`, `node N { in a: ${type} out b: ${type} }\nnode M { in ${type} out ${type} }`);

  const bad: readonly [type: string, codes: string][] = [
    ["audio<«opuss»>", "3"],
    ["audio<«vp8»>", "3"],
    ["video<«opus»>", "3"],
    ["audio<«30fps»>", "3"],
    ["audio<«1280x720»>", "3"],
    ["audio<«20ms»>", "3"],
    ["audio<«-6dB»>", "3"],
    ["video<«48kHz»>", "3"],
    ["video<vp8, «stereo»>", "3"],
    ["video<vp8, «64kbps»>", "3"],
    ["audio<«48000»>", "3"],
    ["audio<48kHz, «16kHz»>", "3"],
    ["audio<opus, «pcmu»>", "3"],
    ["audio<mono, «stereo»>", "3"],
    ["audio<opus | «48kHz»>", "3"],
    ["audio<48kHz | «mono»>", "3"],
    ["audio<«[1, 2]»>", "3"],
    ["video<«[1, 2]»>", "3"],
    ["tensor<«f33»>", "3"],
    ["tensor<«48kHz»>", "3"],
    ["tensor<f32, [1, «-3»]>", "3"],
    ["tensor<f32, [1, «0»]>", "3"],
    ["tensor<f32, [1, «1.5»]>", "3"],
    ["tensor<f32, [1, «20ms»]>", "3"],
    ["tensor<f32, [1], «[2]»>", "3"],
    ["tensor<f32, «mono»>", "3"],
    ["text«<opus>»", "3"],
    ["int«<3>»", "3"],
    ["«Audio»<opus>", "2"],
    ["«txt»", "2"],
    ["«string»", "2"],
    ["«boolean»", "2"],
    ["«number»", "2"],
    ["«Text»", "2"],
    ["«list»", "2"],
    ["[«strin»]", "2"],
    ["map<«strin»>", "2"],
    ["[[«strin»?]]", "2"],
    ["[«audio<opus>»]", "3"],
    ["map<«video»>", "3"],
    ["[«signal»]", "3"],
    ["map<text«,» int>", "1"],
    ["map«»", "1"],
    ["map<«»>", "1"],
    ["[«»]", "1"],
    ["text«[]»", "1"],
    ["audio«(»opus)", "1"],
    ["audio<opus«;» 48kHz>", "1"],
    ["audio<«opus48kHz»>", "3"],
    ["audio<opus, «,»48kHz>", "1"],
    ["audio<opus |«»>", "1"],
    ["audio<«|» opus>", "1"],
    ["audio<opus «/» pcmu>", "1"],
    ["audio<opus«» or pcmu>", "1"],
    ["audio<codec«:» opus>", "1"],
    ['audio<«"opus"»>', "1"],
    ["int in «0kHz..5kHz»", "3"],
    ["text in «1..2»", "3"],
    ['text in «"a".."b"»', "1"],
    ["bool in «0..1»", "3"],
    ['int matches «"x"»', "3"],
    ['text matches «"("»', "3"],
    ['text matches «"[z-a]"»', "3"],
    ["text matches «5»", "1"],
    ["int in «5..1»", "3"],
    ["[int] in «0..5»", "3"],
    ["json in «0..1»", "3"],
    ["audio in «48kHz..»", "3"],
  ];
  for (const [type, codes] of bad) {
    wrong(
      `${type.replace(/[«»]/g, "")} is no type`,
      codes,
      `node N {\n  out y: text\n  in x: ${type}\n}\nrecord After { x: int }`,
    );
  }
  wrong(
    "caps that are not closed",
    "1",
    "node N {\n  in x: audio«<»opus, 48kHz\n  out y: text\n}\nrecord After { x: int }",
  );
  wrong("a list that is not closed", "1", "node N {\n  in x: «[»text\n  out y: text\n}\nrecord After { x: int }");
  wrong("a port without its type", "1", "node N {\n  in x:«»\n  out y: text\n}\nrecord After { x: int }");
  wrong("a field without its type", "1", "record A {\n  x:«»\n  y: text\n}\nrecord After { x: int }");
  wrong("a field without its colon", "1", "record A {\n  x«»text\n  y: text\n}\nrecord After { x: int }");
  wrong("a field with an equals sign", "1", "record A {\n  x «=» text\n  y: text\n}\nrecord After { x: int }");
  wrong("a field of media", "3", "record A {\n  x: «audio<opus>»\n}");
  wrong("a field of tensors", "3", "record A {\n  x: [«tensor<f32>»]\n}");
  wrong("a field that is a signal", "3", "record A {\n  x: «signal»\n}");
  wrong("a parameter of media", "3", "node N(a: «audio») { in text }");
  wrong("a parameter that is a signal", "3", "node N(a: «signal») { in text }");
});

describe("variables", () => {
  right(
    "of every kind of dimension",
    `
    node A<R: rate, C: channels>() { in audio<pcm_f32, R, C> out audio<pcm_s16, R, C> }
    node B<S: size, F: fps> { in video<vp8, S, F> out video<h264, S, F> }
    node D<K: codec> { in audio<K> out audio<K> }
    node E<N: side> { in tensor<f32, [1, N]> out tensor<f32, [N, 1]> }
  `.replace("C: channels>()", "C: channels>"),
  );
  right(
    "with bounds",
    `
    node A<R: rate in 8kHz..48kHz, C: channels in mono..stereo> { in audio<pcm_f32, R, C> out audio<pcm_f32, R, C> }
    node B<R: rate in 8kHz | 16kHz> { in audio<pcm_f32, R> out audio<pcm_f32, R> }
    node C<R: rate in 8kHz..> { in audio<pcm_f32, R> out audio<pcm_f32, R> }
  `,
  );
  right(
    "twice in one signature, with two inputs",
    `
    node Mix<R: rate> { in a: audio<pcm_f32, R> in b: audio<pcm_f32, R> out audio<pcm_f32, R> join time within 20ms }
  `,
  );
  right(
    "parameters fix dimensions",
    `
    node Rate<R: rate>(to: frequency = 16kHz) { in audio<pcm_f32, R> out audio<pcm_f32, to> }
    node Mixed<C: channels>(to: channels) { in audio<pcm_f32, C> out audio<pcm_f32, to> }
    node Scale(to: resolution) { in video<vp8> out video<vp8, to> }
    node Slow(to: framerate) { in video<vp8> out video<vp8, to> }
  `,
  );
  wrong("a side that is not declared", "3", "node N { in tensor<f32, [1, 3, «N», 224]> out json }");
  wrong("an unknown kind", "3", "node N<R: «rat»> { in audio<pcm_f32, R> }");
  wrong("a kind that is a type", "3", "node N<R: «frequency»> { in audio<pcm_f32, R> }");
  wrong("a variable that is not declared", "3", "node N<R: rate> { in audio<pcm_f32, «Q»> out audio<pcm_f32, R> }");
  wrong("a variable of another dimension", "3", "node N<R: rate> { in video<vp8, «R»> }");
  wrong("a variable twice", "2", "node N<R: rate, «R»: channels> { in audio<pcm_f32, R> }");
  wrong("a variable and a parameter of one name", "2", "node N<R: rate>(«R»: frequency) { in audio<pcm_f32, R> }");
  wrong("a bound of another dimension", "3", "node N<R: rate in «mono..stereo»> { in audio<pcm_f32, R> }");
  wrong("a bound the wrong way round", "3", "node N<R: rate in «48kHz..8kHz»> { in audio<pcm_f32, R> }");
  wrong("a parameter of another type fixes a rate", "3", "node N(to: duration) { in audio out audio<pcm_f32, «to»> }");
  wrong("a text fixes a rate", "3", "node N(to: text) { in audio out audio<pcm_f32, «to»> }");
  wrong("a variable without its kind", "1", "node N<R«»> { in audio<pcm_f32, R> }");
  wrong("a variable and a value for one dimension", "3", "node N<R: rate> { in audio<pcm_f32, R, «48kHz»> }");
  wrong("variables on a record", "1", "record A«<»T> { x: int }");
  wrong("variables on a pipeline", "1", "pipeline P«<»R: rate> { in a: audio<pcm_f32> out b: audio<pcm_f32> a -> b }");
});

describe("defaults and narrowings", () => {
  right(
    "defaults of every kind",
    raw`
    enum Mood { glad, sad }
    record Word { text: text }
    record R {
      a: bool = true
      b: bool = false
      c: int = 3
      d: float = 3
      e: text = "x"
      f: [text] = ["a", "b"]
      g: [int] = []
      h: [[int]] = [[1, 2], [], [3]]
      i: Mood = glad
      j: duration = 20ms
      k: text? = "x"
      l: text matches "[a-z]+(-[A-Z]+)?" = "en-GB"
      m: [int in 0..5] = [0, 5]
      n: float in 0..1 = 1
      o: [Mood] = [glad, sad]
      s: Mood = "sad"
      t: channels = 2
      p: Word?
      q: map<Word>
      r: channels = stereo
    }
  `,
  );
  right(
    "a text that matches from end to end",
    raw`node N(a: text matches "^[a-z]{2}$" = "en", b: text matches "\\d+" = "42") { in text }`,
  );
  right(
    "optional parameters may be left out",
    "node N(a: text?, b: [int]?, c: int in 0..3?) { in text out text }\npipeline P { in a: text out b: text a -> N() -> b }",
  );
  right(
    "all arguments, in another order, with a comma at the end",
    `
    node N(a: int, b: text = "x", c: [text] = []) { in text out text }
    pipeline P { in a: text out b: text a -> N(c: ["y"], a: 3, b: "z",) -> b }
  `,
  );
  right(
    "parameters of a pipeline given on",
    `
    node N(a: int in 0..10, b: text, c: float) { in text out text }
    pipeline P(x: int in 2..3 = 2, y: text) { in a: text out b: text a -> N(a: x, b: y, c: x) -> b }
    pipeline Q { in a: text out b: text a -> P(y: "q") -> b }
  `,
  );
  right(
    "the environment",
    `
    node N(a: text, b: text = "x") { in text out text }
    pipeline P { in a: text out b: text a -> N(a: env("A"), b: env("B", "c")) -> b }
  `,
  );
  right(
    "an enum as argument, a default and a narrower parameter",
    `
    enum Mood { glad, sad }
    node N(a: Mood = sad) { in text out text }
    pipeline P(m: Mood = glad) { in a: text out b: text a -> N(a: m) -> N(a: glad) -> N() -> b }
  `,
  );
  const wrongDefaults: readonly [string, string][] = [
    ["bool = «1»", "3"],
    ['bool = «"true"»', "3"],
    ["bool = «yes»", "2"],
    ["bool = «True»", "2"],
    ['int = «"3"»', "3"],
    ["int = «3.5»", "3"],
    ["int = «true»", "3"],
    ["int = «0..3»", "3"],
    ["int = «[1]»", "3"],
    ['float = «"0.5"»', "3"],
    ["float = «50%»", "3"],
    ["float = «20ms»", "3"],
    ["text = «3»", "3"],
    ["text = «en»", "2"],
    ["text = «true»", "3"],
    ['[text] = «"a"»', "3"],
    ['[text] = ["a", «3»]', "3"],
    ["[[int]] = [[1], «2»]", "3"],
    ["duration = «20»", "3"],
    ["duration = «20kHz»", "3"],
    ["frequency = «48000»", "3"],
    ["size = «8Mbps»", "3"],
    ["bitrate = «8MiB»", "3"],
    ["decibel = «-6»", "3"],
    ["percentage = «0.5»", "3"],
    ["resolution = «720»", "3"],
    ["framerate = «30»", "3"],
    ['version = «"12.4"»', "3"],
    ["version = «12ms»", "3"],
    ["int in 0..5 = «6»", "3"],
    ["int in 0..5 = «-1»", "3"],
    ["int in 1.. = «0»", "3"],
    ["float in 0..1 = «1.1»", "3"],
    ["duration in ..2s = «3s»", "3"],
    ["duration in ..2s = «2001ms»", "3"],
    ["size in 1GiB.. = «512MiB»", "3"],
    ["[int in 0..5] = [1, «7»]", "3"],
    ["resolution in 640x360..1920x1080 = «320x240»", "3"],
    ["resolution in 640x360..1920x1080 = «1920x1200»", "3"],
    ["version in 12.. = «11.8»", "3"],
    ["channels in mono..stereo = «6ch»", "3"],
    ['text matches "[a-z]+" = «"EN"»', "3"],
    ['text matches "^[a-z]{2}$" = «"english"»', "3"],
    ["Mood = «gald»", "2"],
    ['Mood = «"gladd"»', "3"],
    ["Mood = «3»", "3"],
    ["[Mood] = [glad, «mad»]", "2"],
    ["text = «»", "1"],
    ["int = «=» 3", "1"],
    ["int «3»", "1"],
    ["int «:» 3", "1"],
  ];
  for (const [text, codes] of wrongDefaults) {
    const plain = text.replace(/[«»]/g, "");
    wrong(
      `a field of ${plain}`,
      codes,
      `enum Mood { glad, sad }\nrecord R {\n  first: int\n  x: ${text}\n  last: int\n}`,
    );
    wrong(
      `a parameter of ${plain}`,
      codes,
      `enum Mood { glad, sad }\nnode N(first: int, x: ${text}, last: int) {\n  in text\n}`,
    );
  }
  const node =
    'enum Mood { glad, sad }\nnode N(a: int in 0..5, b: text matches "[a-z]+" = "x", c: Mood = sad, d: [text] = [], e: duration = 1s) { in text out text }\n';
  const flow = (args: string): string =>
    `${node}pipeline P(p: int, q: text, r: int in 2..3) {\n  in i: text\n  out o: text\n  i -> N(${args}) -> o\n}`;
  const wrongArguments: readonly [string, string][] = [
    ["a: «6»", "3"],
    ['a: «"3"»', "3"],
    ["a: «q»", "3"],
    ['a: 3, b: «"X"»', "3"],
    ["a: 3, c: «mad»", "2"],
    ["a: 3, d: «[1]»".replace("«[1]»", "[«1»]"), "3"],
    ["a: 3, e: «20»", "3"],
    ["a: 3, «f»: 2", "2"],
    ['a: 3, «B»: "x"', "2"],
    ["a: 3, «a»: 4", "2"],
    ["a: «z»", "2"],
    ["«3»", "1"],
    ["a «=» 3", "1"],
    ["a«» 3", "1"],
    ["a: «»", "1"],
    ['a: 3«» b: "x"', "1"],
    ['a: 3«;» b: "x"', "1"],
    ['a: 3,«,» b: "x"', "1"],
    ["a: env(«a»)", "3"],
    ["a: 3, b: «env(3)»", "3"],
    ["a: 3, b: «env()»", "3"],
    ['a: 3, b: «evn»("A")', "2"],
    ["a: 3, e: «r»", "3"],
    ["a: «0..3»", "3"],
  ];
  right("the arguments of the wrong ones, put right", flow('a: r, b: "x", c: glad, d: ["a"], e: 20ms'));
  right("parameters without limits take on those of their uses", flow("a: p, b: q, e: 20ms"));
  right("a whole number from the environment", flow('a: env("A")'));
  for (const [args, codes] of wrongArguments) wrong(`arguments ${args.replace(/[«»]/g, "")}`, codes, flow(args));
  wrong("a required argument left out", "2", `${node}pipeline P {\n  in i: text\n  out o: text\n  i -> «N()» -> o\n}`);
  wrong(
    "a required argument left out of a let",
    "2",
    `${node}pipeline P {\n  in i: text\n  out o: text\n  let n = «N(b: "x")»\n  i -> n -> o\n}`,
  );
});
