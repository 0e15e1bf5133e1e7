/** Formats: what meets at a port, over several hops, through variables, parameters and inlined pipelines; default ports. */
import { describe } from "vitest";
import { right, wrong } from "./support/judged.ts";

const nodes = `
  node Mic { out audio<pcm_f32, 48kHz, stereo> }
  node Phone { out audio<pcmu, 8kHz, mono> }
  node Any { out audio<opus | pcmu, 8kHz..48kHz> }
  node Cam { out video<vp8, 1280x720, 30fps> }
  node Net { out tensor<f32, [1, 3, 224, 224]> }
  node Ear { in audio<pcm_f32, 16kHz, mono> }
  node Eye { in video<vp8, ..1920x1080, ..30fps> }
  node Wide { in audio<opus | pcmu | pcm_f32> }
  node Pass<R: rate, C: channels> { in audio<pcm_f32, R, C> out audio<pcm_f32, R, C> }
  node Low<R: rate in 8kHz..16kHz> { in audio<pcm_f32, R> out audio<pcm_f32, R> }
  node Rate<R: rate, C: channels>(to: frequency) { in audio<pcm_f32, R, C> out audio<pcm_f32, to, C> }
  node Mono<R: rate, C: channels>(to: channels = mono) { in audio<pcm_f32, R, C> out audio<pcm_f32, R, to> }
  node Mix<R: rate> { in a: audio<pcm_f32, R> in b: audio<pcm_f32, R> out audio<pcm_f32, R> join time within 20ms }
  node Split { in audio out left: audio<pcm_f32, 16kHz, mono> out right: audio<pcm_f32, 48kHz, mono> }
  node Scale(to: resolution) { in video<vp8> out video<vp8, to> }
  node Slow(to: framerate) { in video<vp8> out video<vp8, to> }
  node Flat<N: side, M: side> { in tensor<f32, [1, N, M, M]> out tensor<f32, [N, M]> }
  node Dense(units: int) { in tensor<f32, [3, 224]> out tensor<f32, [3, units]> }
  node Talk { in text out text out log: text? out beat: signal }
  node Beat { in signal out signal }
  node Two { in a: text in b: text out text }
  node Opt { in text in hint: text? in stop: signal out text }
  node Open { in audio out audio }
`;
const flow = (text: string): string => `${nodes}  pipeline P {\n${text}\n  }`;

describe("formats that meet", () => {
  const flows = [
    "Mic() -> Pass() -> Rate(to: 16kHz) -> Mono() -> Ear()",
    "Mic() -> Mono(to: 1ch) -> Rate(to: 16kHz) -> Low() -> Ear()",
    "Mic() -> Wide()",
    "Phone() -> Wide()",
    "Any() -> Wide()",
    "Mic() -> Open()",
    "let o = Open()\n Mic() -> o",
    "Cam() -> Eye()",
    "Cam() -> Scale(to: 640x360) -> Slow(to: 15fps) -> Eye()",
    "Net() -> Flat() -> Dense(units: 10)",
    "let m = Mix()\n Mic() -> m.a\n Mic() -> m.b\n m -> Rate(to: 8kHz)",
    "let s = Split()\n Mic() -> s\n s.left -> Ear()\n s.right -> Rate(to: 16kHz) -> Ear()",
    "Mic() -> [Pass() -> Wide(), Rate(to: 16kHz) -> Mono() -> Ear(), Open()]",
    "let t = Talk()\n t -> t2\n t.log -> t2.hint\n t.beat -> t2.stop"
      .replaceAll("t2", "o")
      .replace("let t = Talk()", "let o = Opt()\n let t = Talk()\n o -> t") + " ".repeat(0),
    "let b = Beat()\n let t = Talk()\n t -> t\n t.beat -> b -> b",
  ];
  for (const text of flows.slice(0, 13)) right(text.replaceAll("\n", " "), flow(text));
  right(
    "variables are fresh for each use",
    flow("    Mic() -> Pass() -> Rate(to: 8kHz) -> Pass() -> Low()\n    Phone() -> Wide()"),
  );
  right(
    "a pipeline's open ports are narrowed by what is inside",
    `${nodes}
    pipeline Inner { in a: audio out b: audio a -> Rate(to: 16kHz) -> Mono() -> b }
    pipeline P { Mic() -> Inner() -> Ear() }
  `,
  );
  right(
    "a parameter of a pipeline fixes a format inside",
    `${nodes}
    pipeline Inner(to: frequency) { in a: audio<pcm_f32> out b: audio<pcm_f32> a -> Rate(to: to) -> Mono() -> b }
    pipeline P { Mic() -> Inner(to: 16kHz) -> Ear() }
  `,
  );
  right(
    "an interface stands for both ways of a remote",
    `${nodes}
    interface I { in a: audio<pcm_f32, 16kHz> out b: audio<pcm_f32, 16kHz> }
    pipeline P { in x: audio<pcm_f32, 16kHz, mono> remote r: I { at "webrtc://x.example/I" else Low() } x -> r -> Low() }
  `
      .replaceAll("pcm_f32", "opus")
      .replace("else Low()", "else Same()")
      .replace("r -> Low()", "r -> Wide()") + "\n node Same<R: rate> { in audio<opus, R> out audio<opus, R> }",
  );

  const mismatches: readonly [string, string][] = [
    ["Mic() -> «Ear()»", "3"],
    ["Mic() -> Pass() -> Pass() -> Pass() -> «Ear()»", "3"],
    ["Mic() -> Mono() -> «Ear()»", "3"],
    ["Mic() -> Rate(to: 16kHz) -> «Ear()»", "3"],
    ["Mic() -> Rate(to: 24kHz) -> Mono() -> Pass() -> «Ear()»", "3"],
    ["Phone() -> «Ear()»", "3"],
    ["Phone() -> «Pass()»", "3"],
    ["Phone() ->\n «x»".replace("\n «x»", " «Low()»"), "3"],
    ["Mic() -> «Low()»", "3"],
    ["Mic() -> «Eye()»", "3"],
    ["Cam() -> «Open()»", "3"],
    ["Cam() -> Scale(to: 3840x2160) -> «Eye()»", "3"],
    ["Cam() -> Slow(to: 60fps) -> «Eye()»", "3"],
    ["Net() -> «Dense(units: 3)»", "3"],
    ["Net() -> Flat() -> Dense(units: 10) -> «Flat()»", "3"],
    ["Net() -> «Eye()»", "3"],
    ["let m = Mix()\n    Mic() -> m.a\n    Mic() -> Rate(to: 16kHz) -> «m.b»", "3"],
    ["let m = Mix()\n    Mic() -> [m.a, m.b]\n    m -> «Low()»", "3"],
    ["let s = Split()\n    Mic() -> s\n    s.left -> Ear()\n    s.right -> «Ear()»", "3"],
    ["Mic() -> [Pass() -> Wide(), «Ear()», Open()]", "3"],
    ["Mic() -> [Wide(), Rate(to: 16kHz) -> [Mono() -> Ear(), Pass() -> «Ear()»]]", "3"],
    ["[Mic(), «Phone()»] -> Wide()", "3"],
    ["Mic() -> Rate(to: «16»)", "3"],
    ["Mic() -> Rate(to: «16MHz..»)", "3"],
    ["Mic() -> «Talk()»", "3"],
    ["in x: text\n    let t = Talk()\n    x -> t\n    t -> «Ear()»\n    t.beat -> Beat()", "3"],
  ];
  for (const [text, codes] of mismatches)
    wrong(text.replace(/\n\s*/g, "; ").replace(/[«»]/g, ""), codes, flow(`    ${text}`));
  wrong(
    "through an inlined pipeline",
    "3",
    `${nodes}
    pipeline Inner { in a: audio out b: audio a -> Pass() -> Pass() -> b }
    pipeline P {
      Mic() -> Inner() -> «Ear()»
    }
  `,
  );
  wrong(
    "through a pipeline in a pipeline",
    "3",
    `${nodes}
    pipeline Inner { in a: audio out b: audio a -> Pass() -> b }
    pipeline Outer { in a: audio out b: audio a -> Inner() -> Mono() -> b }
    pipeline P {
      let o = Outer()
      Mic() -> o
      o -> «Ear()»
    }
  `,
  );
  wrong(
    "within the inlined pipeline itself",
    "3",
    `${nodes}
    pipeline Inner { in a: audio<pcm_f32, 48kHz>
      a -> Mono() -> «Ear()»
    }
    pipeline P { Mic() -> Inner() }
  `,
  );
  wrong(
    "a port of the pipeline, and what is inside",
    "3",
    `${nodes}
    pipeline P {
      in a: audio<opus, 48kHz>
      out b: audio<opus, 16kHz>
      a -> «b»
    }
  `,
  );
  wrong(
    "a parameter of a pipeline fixes another format",
    "3",
    `${nodes}
    pipeline Inner(to: frequency) { in a: audio<pcm_f32> out b: audio<pcm_f32> a -> Rate(to: to) -> Mono() -> b }
    pipeline P {
      Mic() -> Inner(to: 24kHz) -> «Ear()»
    }
  `,
  );
  wrong(
    "a parameter with a default that does not fit inside",
    "3",
    `${nodes}
    pipeline Inner(«to»: frequency = 24kHz) { in a: audio<pcm_f32> a -> Rate(to: to) -> Mono() -> Ear() }
  `,
  );
  const tensors = `node Src { out tensor }
    node Any { in tensor }
    node Four { out tensor<f32, [4]> }
    node Five { in tensor<f32, [5]> }
    pipeline Through { in a: tensor
      out b: tensor
      a -> b }`;
  wrong(
    "a shape that comes to a link from elsewhere",
    "3001",
    `${tensors}\npipeline P { let s = Src()\n let a = Any()\n [s, Four()] -> a\n s «->» Five() }`,
  );
  wrong(
    "a shape that goes through a pipeline which says nothing of it",
    "3001",
    `${tensors}\npipeline P { Four() -> Through() «->» Five() }`,
  );
  const two = (second: string): string =>
    `pipeline P(from: frequency = 8kHz, ${second}) { in a: audio<pcm_f32, from, mono> out b: audio<pcm_f32, to, mono> a -> b }`;
  wrong(
    "an argument that has to be the same as the default of another parameter",
    "3005",
    `${two("to: frequency")}\npipeline Q { in a: audio<pcm_f32>\n out b: audio<pcm_f32>\n a -> P(to: «16kHz») -> b }`,
  );
  wrong(
    "the same of a peer",
    "3005",
    `${two("to: frequency")}\npeer edge { runs P(to: «16kHz»)\n listens "webrtc://127.0.0.1:7000" }`,
  );
  right(
    "an argument that is the same as the default of another parameter",
    `${two("to: frequency")}\npipeline Q { in a: audio<pcm_f32>\n out b: audio<pcm_f32>\n a -> P(to: 8kHz) -> b }`,
  );
  wrong("two defaults that have to be the same and are not", "3005", two("«to»: frequency = 16kHz"));
  right("two defaults that have to be the same and are", two("to: frequency = 8kHz"));
});

describe("default ports", () => {
  const rights = [
    "in x: text\n out y: text\n x -> Talk() -> y",
    "in x: text\n out y: text\n x -> Opt() -> y",
    "in x: text\n out y: text\n let o = Opt()\n let t = Talk()\n x -> t -> o -> y\n t.log -> o.hint\n t.beat -> o.stop",
    "in s: signal\n s -> Beat()",
    "in s: signal\n out e: signal\n s -> Beat() -> e",
    "in s: signal\n out e: signal\n let b = Beat()\n s -> b.in\n b.out -> e",
    "in a: text\n in b: text\n out c: text\n let t = Two()\n a -> t.a\n b -> t.b\n t -> c",
    "in a: text\n out c: text\n let t = Two()\n a -> [t.a, t.b]\n t.out -> c",
    "in a: text\n out c: text\n in a2: text?\n a -> c",
    "in s: signal\n in a: text\n out c: text\n s -> flush o\n let o = Opt()\n a -> o -> c",
  ];
  for (const text of rights) right(text.replace(/\n\s*/g, "; "), flow(text));
  right(
    "the nameless ports of a pipeline are `in` and `out`",
    "node N { in text out text }\npipeline P { in text out text in -> N() -> out }\npipeline Q { in text out text let p = P() in -> p.in p.out -> out }",
  );
  const wrongs: readonly [string, string][] = [
    ["in a: text\n    out c: text\n    let t = Two()\n    a -> «t» -> c", "5"],
    ["in a: text\n    out c: text\n    a -> «Two()» -> c", "5"],
    ["in a: audio\n    let s = Split()\n    a -> s\n    «s» -> Ear()", "5"],
    ["in a: audio\n    a -> «Split()» -> Ear()", "5"],
    ["in a: text\n    out c: text\n    let t = Two()\n    a -> t.a\n    a -> t.b\n    t.«b» -> c", "5"],
    ["in a: text\n    out c: text\n    let t = Talk()\n    a -> t\n    t.«in» -> c", "5"],
    ["in a: text\n    out c: text\n    let t = Talk()\n    a -> t.«out»\n    t -> c", "5"],
    ["in a: text\n    out c: text\n    let t = «Two()»\n    a -> t.a\n    t -> c", "5"],
    ["in a: text\n    out c: text\n    let t = «Talk()»\n    t -> c", "5"],
    ["in a: text\n    out c: text\n    «Talk()» -> c", "5"],
    ["in a: text\n    «out c: text»\n    a -> Talk()", "5"],
    ["in a: text\n    out c: text\n    a -> c\n    c -> Talk()".replace("c -> Talk", "«c» -> Talk"), "5"],
    [
      "in a: text\n    out c: text\n    a -> c\n    Talk() -> «a»"
        .replace("Talk()", "Nothing()")
        .replace("Nothing()", "a"),
      "5",
    ],
    ["in a: text\n    in b: text\n    out c: text\n    a -> c\n    b -> «c»", "5"],
    ["in a: text\n    in b: text\n    out c: text\n    let o = Opt()\n    a -> o\n    b -> «o»\n    o -> c", "5"],
    ["in a: text\n    out c: text\n    a -> Talk().«log» -> c", "5"],
    ["in a: text\n    out c: text\n    let t = Talk()\n    a -> t.«in» -> c", "5"],
    ["in a: text\n    out c: signal\n    a -> «c»", "3"],
    ["in a: signal\n    out c: text\n    a -> «c»", "3"],
    ["in a: signal\n    out c: text\n    a -> «Talk()» -> c", "3"],
    ["in a: text\n    a -> «Mic()»", "5"],
    ["in a: audio\n    out c: text\n    a -> «Ear()» -> c", "5"],
    ["out c: text\n    «Ear()» -> c", "5"],
  ];
  for (const [text, codes] of wrongs)
    wrong(text.replace(/\n\s*/g, "; ").replace(/[«»]/g, ""), codes, flow(`    ${text}`));
});

describe("adaptation", () => {
  const audio = 'import { OpusDecode, OpusEncode, Remix, Resample, ToFloat, ToInteger } from "std/audio"\n';
  const adapt = (text: string): string => `${audio}${nodes}
  node Radio { out audio<opus, 48kHz, stereo> }
  node Send { in audio<opus, 48kHz, mono> }
  node Card { in audio<pcm_s16, 44100Hz, stereo> }
  node Hear { in audio<pcm_f32, 16kHz, mono> out text }
  pipeline P {\n${text}\n  }`;
  for (const text of [
    "Mic() ~> Ear()",
    "Radio() ~> Ear()",
    "Radio() ~> Send()",
    "Mic() ~> Send()",
    "Mic() ~> Card()",
    "Radio() ~> Card()",
    "Mic() ~> Pass() ~> Ear()",
    "Mic() ~> Wide()",
    "Radio() ~> [Ear(), Send(), Card()]",
    "[Mic(), Radio()] ~> Open()".replace("[Mic(), Radio()]", "[Mic(), Mic()]"),
    "in a: audio<opus, 48kHz, mono>\n out t: text\n a ~> Hear() -> t",
    "in a: audio<pcm_f32, 16kHz, mono>\n out t: text\n a ~> Hear() ~> t",
    "Cam() ~> Eye()",
    "in t: text\n out u: text\n t ~> u",
  ])
    right(text.replaceAll("\n", ";"), adapt(text));
  wrong("what no converter turns into the other", "3", adapt("    Mic() ~> «Eye()»"));
  right("converters that are built in", `${nodes}\n  pipeline P {\n    Mic() ~> Ear()\n  }`);
  wrong("a codec without a decoder", "3", adapt("    Phone() ~> «Ear()»"));
  wrong(
    "a text is no record",
    "3",
    `${nodes}\n  record R { x: int }\n  node Take { in R }\n  pipeline P {\n    in a: text\n    a ~> «Take()»\n  }`,
  );
  wrong("`->` where `~>` is meant", "3", adapt("    Radio() -> «Ear()»"));
  wrong(
    "a second hop that does not convert",
    "3",
    adapt("    Radio() ~> Pass() -> Pass() -> Rate(to: 44100Hz) -> «Ear()»"),
  );
  right(
    "a converter of one's own",
    `
    record R { text: text }
    node ToR { in text out R converts at cost 2 from "./r.ts" }
    node Take { in R }
    pipeline P { in a: text a ~> Take() }
  `,
  );
  right(
    "two of them in a chain, the cheapest way, with a default",
    `
    record A { x: int }
    record B { y: int }
    record C { z: int }
    node AtoB(k: int = 3) { in A out B converts }
    node BtoC { in B out C converts at cost 1 }
    node AtoC { in A out C converts at cost 100 }
    node Take { in C }
    pipeline P { in a: A a ~> Take() }
  `,
  );
  wrong(
    "a converter whose parameter has no value",
    "3",
    `
    record R { text: text }
    node ToR(k: int) { in text out R converts at cost 2 }
    node Take { in R }
    pipeline P { in a: text
      a ~> «Take()»
    }
  `,
  );
  wrong(
    "a node that is not marked",
    "3",
    `
    record R { text: text }
    node ToR { in text out R }
    node Take { in R }
    pipeline P { in a: text
      a ~> «Take()»
    }
  `,
  );
  wrong(
    "a converter of two streams",
    "5",
    "node N {\n  in a: text\n  in b: text\n  out text\n  «converts at cost 2»\n}",
  );
  wrong("a converter that gives nothing", "5", "node N {\n  in text\n  «converts»\n}");
  wrong("a cost that is a duration", "3", "node N {\n  in text\n  out json\n  converts at cost «2ms»\n}");
  wrong("a cost below nothing", "3", "node N {\n  in text\n  out json\n  converts at cost «-1»\n}");
  wrong("a cost without its number", "1", "node N {\n  in text\n  out json\n  converts at cost«»\n}");
  wrong("`at` without `cost`", "1", "node N {\n  in text\n  out json\n  converts at «2»\n}");
  wrong("a pipeline that converts", "2", "pipeline N {\n  in a: text\n  out b: text\n  «converts»\n  a -> b\n}");
});
