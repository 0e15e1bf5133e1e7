/** Records, enums and interfaces: what satisfies what. */
import { describe } from "vitest";
import { right, wrong } from "./support/judged.ts";

/** A producer of one type and a consumer of another. */
const meets = (given: string, taken: string, more = ""): string =>
  `${more}\nnode Give { out ${given} }\nnode Take { in ${taken} }\npipeline P {\n  Give() -> Take()\n}`;
const refused = (text: string): string => text.replace("Give() -> Take()", "Give() «->» Take()");

describe("data that meets", () => {
  const types = `
    enum Mood { glad, sad }
    enum More { glad, sad, calm }
    enum Other { red, blue }
    record Word { text: text, at: duration }
    record Wider { text: text, at: duration, more: [int] }
    record Less { text: text }
    record Maybe { text: text, at: duration? }
    record Given { text: text, at: duration = 0ms }
    record Sure { text: text, at: duration in 0ms..1h }
    record Inner { words: [Word], by: map<Word>, best: Word? }
    record InnerWide { words: [Wider], by: map<Wider>, best: Wider }
    record InnerLess { words: [Less], by: map<Less>, best: Less? }
    record WithMood { mood: Mood }
    record WithMore { mood: More }
    record WithText { mood: text }
    record Int { x: int }
    record Float { x: float }
    record Tree { value: int, left: Tree?, rest: [Tree] }
    record Tree2 { value: float, left: Tree2?, rest: [Tree2], name: text = "" }
    record Twig { value: text, left: Twig?, rest: [Twig] }
  `;
  const fits = [
    ["text", "text"],
    ["text?", "text?"],
    ["text", "text?"],
    ["int", "float"],
    ["[int]", "[float]"],
    ["map<int>", "map<float>"],
    ["[[int]]", "[[float]?]"],
    ["int in 0..5", "int"],
    ["int in 0..5", "int in 0..10"],
    ["int in 0..5", "float in -1..5"],
    ["duration in 1s..2s", "duration in ..2s"],
    ['text matches "a+"', "text"],
    ['text matches "a+"', 'text matches "a+"'],
    ["Word", "Word"],
    ["Wider", "Word"],
    ["Word", "Less"],
    ["Word", "Maybe"],
    ["Less", "Maybe"],
    ["Less", "Given"],
    ["Word", "Given"],
    ["Sure", "Word"],
    ["Sure", "Maybe"],
    ["InnerWide", "Inner"],
    ["Inner", "InnerLess"],
    ["InnerWide", "InnerLess"],
    ["WithMood", "WithMore"],
    ["Int", "Float"],
    ["Tree", "Tree2"],
    ["Tree", "Tree"],
    ["[Wider]", "[Word]"],
    ["map<[Word]>", "map<[Less]?>"],
    ["Mood", "More"],
    ["Mood", "Mood"],
    ["signal", "signal"],
    ["bytes", "bytes"],
    ["json", "json"],
    ["video<vp8>", "video"],
    ["tensor<f32, [1]>", "tensor<f32>"],
    ["[int]", "[int]?"],
  ] as const;
  for (const [given, taken] of fits) right(`${given} for ${taken}`, meets(given, taken, types));
  const unfit = [
    ["text", "int"],
    ["float", "int"],
    ["text", "bytes"],
    ["bytes", "text"],
    ["int in 0..10", "int in 0..5"],
    ["int", "int in 0.."],
    ["duration", "duration in ..2s"],
    ["text", 'text matches "a+"'],
    ['text matches "b+"', 'text matches "a+"'],
    ["[text]", "text"],
    ["text", "[text]"],
    ["[text]", "[int]"],
    ["[text?]", "[text]"],
    ["map<int>", "map<text>"],
    ["map<int>", "[int]"],
    ["Word", "Wider"],
    ["Less", "Word"],
    ["Maybe", "Word"],
    ["Word", "Sure"],
    ["Inner", "InnerWide"],
    ["InnerLess", "Inner"],
    ["WithMore", "WithMood"],
    ["WithText", "WithMood"],
    ["Float", "Int"],
    ["Tree", "Twig"],
    ["Twig", "Tree"],
    ["Tree2", "Tree"],
    ["More", "Mood"],
    ["Mood", "Other"],
    ["text", "Mood"],
    ["Word", "text"],
    ["Word", "Mood"],
    ["signal", "text"],
    ["text", "signal"],
    ["bool", "int"],
    ["duration", "float"],
    ["frequency", "bitrate"],
    ["tensor<f32>", "[float]"],
    ["video", "audio"],
    ["tensor<f32, [1]>", "tensor<f32, [1, 1]>"],
  ] as const;
  for (const [given, taken] of unfit) wrong(`${given} for ${taken}`, "3001", refused(meets(given, taken, types)));
  wrong("a record that holds itself", "3", "record A {\n  x: int\n  «a»: A\n}");
  wrong("two records that hold each other", "3", "record A {\n  «b»: B\n}\nrecord B {\n  a: A\n}");
  right(
    "records that may hold themselves",
    "record A { a: A?, b: [A], c: map<A>, d: [A]? }\nrecord B { c: C? }\nrecord C { b: B }",
  );
  right("an empty record", "record Nothing { }\nrecord Something { x: Nothing }");
});

describe("interfaces", () => {
  const decls = `
    record Word { text: text, at: duration }
    record Wider { text: text, at: duration, more: int }
    record Less { text: text }
    interface Hear { in sound: audio<opus, 48kHz, mono> out heard: Word }
    interface Pair { in a: text in b: text out c: text out d: text }
    interface Sole { in text out text }
    interface Sig { in a: text in stop: signal out b: text out beat: signal }
    interface Opt { in a: text in hint: text? out b: text }
    batch interface Ask { in q: text out a: text }
    node Word1 { in audio out Word }
    node Wide1 { in audio out Wider }
    node Less1 { in audio out Less }
    node T { in text out text }
    node Beat { in text out text out beat: signal }
    batch node Q { in text out text }
  `;
  const rights = [
    "pipeline P: Hear { in sound: audio<opus, 48kHz, mono> out heard: Word sound -> Word1() -> heard }",
    "pipeline P: Hear { in sound: audio<opus> out heard: Word sound -> Word1() -> heard }",
    "pipeline P: Hear { in sound: audio<opus, 48kHz..48kHz, mono..mono> out heard: Word sound -> Word1() -> heard }",
    "pipeline P: Range { in a: audio<opus, 48kHz, mono> out b: audio<opus, 48kHz, mono> a -> b }\ninterface Range { in a: audio<opus, 48kHz..48kHz, mono> out b: audio<opus, 48kHz, mono> }",
    "pipeline P: Hear { in sound: audio out heard: Wider sound -> Wide1() -> heard }",
    "pipeline P: Hear { in sound: audio<opus | pcmu, 8kHz..48kHz, mono | stereo> out heard: Wider sound -> Wide1() -> heard }",
    "pipeline P: Hear { in x: audio out y: Word x -> Word1() -> y }",
    "pipeline P: Hear { in audio out Word in -> Word1() -> out }",
    "pipeline P: Hear { in sound: audio out heard: Word out more: text? sound -> Word1() -> heard }".replace(
      " out more: text?",
      "",
    ),
    "pipeline P: Pair { in b: text in a: text out d: text out c: text a -> c b -> d }",
    "pipeline P: Sole { in text out text in -> T() -> out }",
    "pipeline P: Sole { in line: text out back: text line -> T() -> back }",
    "pipeline P: Sig { in a: text in stop: signal out b: text out beat: signal let t = Beat() a -> t -> b t.beat -> beat stop -> flush t }",
    "pipeline P: Opt { in a: text in hint: text? out b: text a -> T() -> b }",
    "pipeline P: Sole { in a: text in extra: text? out b: text a -> T() -> b }",
    "batch pipeline P: Sole { in q: text out a: text q -> Q() -> a }",
    "batch pipeline P: Ask { in q: text out a: text q -> Q() -> a }",
    "pipeline P: Sole { in a: text out b: text out more: text a -> T() -> [b, more] }"
      .replace("P: Sole", "P: Named")
      .replace("pipeline", "interface Named { in a: text out b: text }\npipeline"),
  ];
  for (const text of rights) right(text.replaceAll("\n", " "), `${decls}\n${text}`);
  const wrongs: readonly [string, string][] = [
    ["pipeline P: Hear { in sound: «audio<opus, 16kHz, mono>» out heard: Word sound -> Word1() -> heard }", "3"],
    ["pipeline P: Hear { in sound: «audio<pcm_f32, 48kHz, mono>» out heard: Word sound -> Word1() -> heard }", "3"],
    ["pipeline P: Hear { in sound: «audio<opus, 48kHz, stereo>» out heard: Word sound -> Word1() -> heard }", "3"],
    [
      "pipeline P: Hear { in sound: «video» out heard: Word sound -> T2() -> heard }\nnode T2 { in video out Word }",
      "3",
    ],
    ["pipeline P: Hear { in sound: audio out heard: «Less» sound -> Less1() -> heard }", "3"],
    [
      "pipeline P: Hear { in sound: audio out heard: «text» sound -> T3() -> heard }\nnode T3 { in audio out text }",
      "3",
    ],
    ["pipeline P: «Hear» { in sound: audio sound -> Word1() }", "3"],
    ["pipeline P: «Hear» { out heard: Word Word2() -> heard }\nnode Word2 { out Word }", "3"],
    ["pipeline P: «Pair» { in a: text in x: text out c: text out d: text a -> c x -> d }", "3"],
    ["pipeline P: «Pair» { in a: text in b: text out c: text out e: text a -> c b -> e }", "3"],
    ["pipeline P: «Pair» { in a: text out c: text out d: text a -> [c, d] }", "3"],
    ["pipeline P: Sole { in a: text in «extra»: text out b: text [a, extra] -> T() -> b }", "3"],
    [
      "pipeline P: Sig { in a: text in stop: signal out b: text out beat: «text» a -> [T() -> b, beat] stop -> flush t let t = T() b2 -> t }".replace(
        " stop -> flush t let t = T() b2 -> t",
        "",
      ),
      "3",
    ],
    ["pipeline P: «Sole» { in q: text out a: text q -> Q() -> a }".replace("«Sole»", "«Ask»"), "3"],
    [
      "pipeline P: Hear { in sound: audio<opus> out heard: Word sound -> Low() -> heard }\nnode Low { in audio<opus, 16kHz> out Word }".replace(
        "in sound: audio<opus>",
        "in sound: «audio<opus>»",
      ),
      "3",
    ],
  ];
  for (const [text, codes] of wrongs) wrong(text.replace(/[«»]/g, "").split("\n")[0] ?? "", codes, `${decls}\n${text}`);
  right(
    "an interface with a join, requirements and a latency",
    `
    interface Both {
      in a: audio<opus>
      in b: audio<opus>
      out c: audio<opus>
      join time within 20ms
      requires gpu.memory >= 8GiB
      latency 20ms
    }
    node Mix { in a: audio<opus> in b: audio<opus> out c: audio<opus> join latest }
    pipeline P: Both { in a: audio<opus> in b: audio<opus> out c: audio<opus> join time within 20ms let m = Mix() a -> m.a b -> m.b m -> c }
  `,
  );
  wrong("an interface with a flow", "1", "interface I { in a: text out b: text\n  «a -> b»\n}");
  wrong("an interface with code", "2", 'interface I {\n  in a: text\n  out b: text\n  «from "./a.ts"»\n}');
  wrong("an interface with a let", "1", "interface I {\n  in a: text\n  «let» n = N()\n}\nnode N { in text }");
  wrong("an interface with parameters", "1", "interface I«(»a: int) {\n  in a: text\n}");
});

describe("nodes, batch and abstract", () => {
  const rights = [
    "node N { in text out text }",
    "node N() { in text out text }",
    "node N { }",
    "node N { in text }",
    "node N { out text }",
    "node N { out text latency 3ms in text requires gpu }",
    'node N { in text from "./a.ts" out text }',
    'node N { in text from "./deep/a.js" }',
    "node N { in text out text delays }",
    "node N { in text out text idempotent }",
    "batch node N { in text out text idempotent }",
    "batch node N { in [text] out map<text> }",
    "batch node N { in audio<opus> out text }",
    "batch node N { in a: text in b: int out c: text }",
    "batch pipeline P { in a: text out b: text a -> N() -> b }\nbatch node N { in text out text }",
    "pipeline P { in a: text out b: text a -> N() -> b }\nbatch node N { in text out text }",
    "pipeline P { in a: text out b: text a -> N() -> b }\nnode N { in text out text }",
    "pipeline P { }",
    "pipeline P { in a: text }",
    "pipeline P { in a: text out b: text requires gpu latency 3ms a -> b }",
    "pipeline P { in a: text out b: text a -> b budget 400ms a -> b }",
    'pipeline P(a: int, b: text = "x") { in c: text out d: text c -> d }',
    "node N(a: int,) { in text }",
    "node N(\n a: int\n , b: int\n) { in text }",
    "pipeline P { in a: text out b: text let n = N() with { restart: on_failure, attempts: 3, worker: true } a -> n -> b }\nnode N { in text out text }",
    "pipeline P { in a: text out b: text a -> N() -> b with { buffer: 64, overflow: drop_oldest, deadline: 200ms } }\nnode N { in text out text }",
    "node Mix { in a: text in b: text out text join time within 20ms }\npipeline P { in x: text out y: text let m = Mix() x -> [m.a, m.b] m -> y }",
    "node Mix { in a: text in b: text in s: signal in o: text? out text join index }",
  ];
  for (const text of rights) right(text.replaceAll("\n", " "), text);
  const wrongs: readonly [string, string][] = [
    ["node N {\n  in text\n  latency «48kHz»\n}", "3"],
    ["node N {\n  in text\n  latency «20»\n}", "3"],
    ["node N {\n  in text\n  latency«»\n}", "1"],
    ["node N {\n  in text\n  from«»\n}", "1"],
    ["node N {\n  in text\n  from «./a.ts»\n}", "1"],
    ['node N {\n  in text\n  from «"a.ts"»\n}', "2"],
    ['node N {\n  in text\n  from «"./a.py"»\n}', "2"],
    ["node N {\n  in text\n  join «tme» within 20ms\n  in b: text\n}".replace("in text", "in a: text"), "2"],
    ["node N {\n  in a: text\n  in b: text\n  join time within «20»\n}", "3"],
    ["node N {\n  in a: text\n  in b: text\n  join time«»\n}", "2"],
    ["node N {\n  in a: text\n  in b: text\n  join latest «within 20ms»\n}", "2"],
    ["node N {\n  in a: text\n  in b: text\n  join«»\n}", "1"],
    ["node N {\n  in a: text\n  «join latest»\n}", "5"],
    ["node N {\n  in a: text\n  «let m = M()»\n}\nnode M { in text }", "1"],
    ["node N {\n  in a: text\n  out b: text\n  «a» -> b\n}", "1"],
    ["node N {\n  in a: text\n  «runs P»\n}\npipeline P { in x: text }", "1"],
    ["node N: «I» {\n  in a: text\n}\ninterface I { in a: text }".replace("node N: «I»", "node N«:» I"), "1"],
    ["node N«» in a: text\n  out b: text\n}\nrecord After { x: int }", "1"],
    ["node N {\n  in a: text\n  out b: text«»\nrecord After { x: int }\nnode M { in After }", "1"],
    ["node N {\n  in a: text\n  out b: text\n}\n«}»\nrecord After { x: int }", "1"],
    ["node N(a: int «{»\n  in a: text\n}\nrecord After { x: int }", "1"],
    ["node N(a: int«»b: int) {\n  in c: text\n}\nrecord After { x: int }", "1"],
    ["node N(a«») {\n  in c: text\n}\nrecord After { x: int }", "1"],
    ["node N(a: int, «...» ) {\n  in c: text\n}\nrecord After { x: int }", "1"],
    ["node N [«»] {\n  in c: text\n}\nrecord After { x: int }".replace("[«»]", "«[»]"), "1"],
    ["node N {\n  in a text\n}\nrecord After { x: int }".replace("a text", "a« »text".replace("« »", "«» ")), "1"],
    ["node N {\n  in a «=» text\n}\nrecord After { x: int }", "1"],
    ["node N {\n  in a: text«,»\n  out b: text\n}\nrecord After { x: int }", "1"],
    ["node N {\n  in a: text«;»\n  out b: text\n}\nrecord After { x: int }", "1"],
    ['node N {\n  in a: text «=» "x"\n  out b: text\n}\nrecord After { x: int }', "1"],
    ["node N {\n  in a, «b»: text\n  out c: text\n}\nrecord After { x: int }", "1"],
    ["node N {\n  «in»\n  out c: text\n}\nrecord After { x: int }", "1"],
    ["pipeline P {\n  in a: text\n  out b: text\n  a -> b\n  «record R { x: int }»\n}\nrecord After { x: int }", "1"],
    ['pipeline P {\n  in a: text\n  out b: text\n  a -> b\n  «from "./a.ts"»\n}', "2"],
    ["pipeline P {\n  in a: text\n  out b: text\n  a -> b\n  budget «400» a -> b\n}", "3"],
    ["pipeline P {\n  in a: text\n  out b: text\n  a -> b\n  budget 400ms a«»\n}", "1"],
    ["pipeline P {\n  in a: text\n  out b: text\n  a -> b\n  budget «a» -> b\n}", "1"],
    ["pipeline P {\n  in a: text\n  out b: text\n  a -> b\n  budget 400ms a -> «c»\n}", "2"],
    ["«node batch» N { in text }\nrecord After { x: int }", "1"],
    ["«batch»\nrecord After { x: int }", "1"],
    [
      "pipeline P { in a: text out b: text\n  let n = N() with { «restrat»: on_failure }\n  a -> n -> b\n}\nnode N { in text out text }",
      "2",
    ],
    [
      "pipeline P { in a: text out b: text\n  let n = N() with { restart: «on_failre» }\n  a -> n -> b\n}\nnode N { in text out text }",
      "3",
    ],
    ["pipeline P { in a: text out b: text\n  a -> b with { buffer: «64ms» }\n}", "3"],
    ["pipeline P { in a: text out b: text\n  a -> b with «( »buffer: 64)\n}".replace("«( »", "«(»"), "1"],
    ["pipeline P { in a: text out b: text\n  a -> b with { buffer «=» 64 }\n}", "1"],
    ["pipeline P { in a: text out b: text\n  a -> «N()» -> b\n}\nnode N { in text out b: text out c: text }", "5"],
    ["pipeline P { in a: text out b: text\n  a -> «P()» -> b\n}", "5"],
  ];
  for (const [text, codes] of wrongs) wrong(text.replace(/[«»]/g, "").replace(/\n\s*/g, "; "), codes, text);
});
