/** Names: what is in sight, what is declared twice, typos in every position, imports between files. */
import { describe } from "vitest";
import { right, wrong } from "./support/judged.ts";

const library = {
  "lib/speech.mesh": `
    import { Word } from "../data/word.mesh"
    record Heard { words: [Word], at: duration }
    enum Mood { glad, sad }
    node Listen(mood: Mood = "glad") { in audio<opus> out Heard }
    interface Listening { in sound: audio<opus> out heard: Heard }
    policy patient { retry 3 times }
  `,
  "data/word.mesh": `
    import { Heard } from "../lib/speech.mesh"
    record Word { text: text, context: Heard? }
  `,
};

describe("imports", () => {
  right(
    "of all kinds, some under other names, over a circle of files",
    `
    import { Heard, Listen as Ear, Listening, patient, Mood as Temper, } from "./lib/speech.mesh"
    import {
      Word as W
    } from "./data/word.mesh"
    record All { h: Heard, w: W, t: Temper = "sad" }
    pipeline Hearing: Listening { in sound: audio<opus> out heard: Heard sound -> Ear(mood: "sad") -> heard }
    pipeline P {
      in a: audio<opus>
      out b: Heard
      remote r: Listening with patient { at "webrtc://x.example/L" else Hearing() }
      a -> r -> b
    }
  `,
    library,
  );
  right(
    "a keyword as an alias",
    `
    import { patient as with } from "./lib/speech.mesh"
    interface I { in a: text out b: text }
    node N { in text out text }
    pipeline P { in a: text out b: text remote r: I with with { at "webrtc://x.example/L" else N() } a -> r -> b }
  `,
    library,
  );
  right(
    "the same declaration under two names",
    `
    import { Word as A, Word as B } from "./data/word.mesh"
    record R { a: A, b: B }
  `,
    library,
  );
  right(
    "after the declarations that use them",
    `
    record R { w: Word }
    import { Word } from "./data/word.mesh"
  `,
    library,
  );
  right(
    "declarations of one name in two files",
    `
    import { Word as Theirs } from "./data/word.mesh"
    record Word { text: text }
    node Mine { out Word }
    node Take { in Theirs }
    pipeline P { Mine() -> Take() }
  `,
    library,
  );
  right(
    "records that only look alike, wherever they are declared",
    `
    import { Listen } from "./lib/speech.mesh"
    record Short { at: duration in 0ms.. }
    record Shorter { at: duration?, more: text = "" }
    node Take { in Shorter }
    node Drop { in text? in x: Shorter }
    pipeline P { in a: audio<opus> a -> Listen() -> Take() }
    record Unused { s: Short }
  `.replace("node Drop { in text? in x: Shorter }", ""),
    library,
  );

  const imports: readonly [string, string, string][] = [
    ["without braces", "1", 'import «Word» from "./data/word.mesh"'],
    ["with a star", "1", 'import «*» from "./data/word.mesh"'],
    ["of everything under a name", "1", 'import «* as words» from "./data/word.mesh"'],
    ["without a path", "1", "import { Word } from«»"],
    ["without quotes", "1", "import { Word } from «./data/word.mesh»"],
    ["in single quotes", "1", "import { Word } from «'./data/word.mesh'»"],
    ["without `from`", "1", 'import { Word } «"./data/word.mesh"»'],
    ["a misspelt `from`", "1", 'import { Word } «form» "./data/word.mesh"'],
    ["a misspelt `import`", "1", '«imoprt» { Word } from "./data/word.mesh"'],
    ["that is not closed", "1", 'import «{» Word from "./data/word.mesh"'],
    ["that is not opened", "1", 'import «Word }» from "./data/word.mesh"'],
    ["without a comma", "1", 'import { Heard as Word«» Mood as M } from "./lib/speech.mesh"'],
    ["with a colon for an alias", "1", 'import { Word «:» W } from "./data/word.mesh"'],
    ["without the alias", "1", 'import { Word as «»} from "./data/word.mesh"'],
    ["with a semicolon", "1", 'import { Word } from "./data/word.mesh"«;»'],
    ["with the path first", "1", 'from «"./data/word.mesh"» import { Word }'],
    ["of a path in brackets", "1", 'import { Word } from «(»"./data/word.mesh")'],
    ["of a file that is not there", "2", 'import { Word } from «"./data/wrod.mesh"»'],
    ["of another folder", "2", 'import { Word } from «"./lib/word.mesh"»'],
    ["of what the file imports itself", "2", 'import { «Word» } from "./lib/speech.mesh"'],
    ["in another case", "2", 'import { «word» } from "./data/word.mesh"'],
    ["of a file in another case", "2", 'import { Word } from «"./Data/word.mesh"»'],
    ["of a URL", "2", 'import { Word } from «"https://example.com/word.mesh"»'],
    ["of a package", "2", 'import { Word } from «"words"»'],
    ["of the standard library without its slash", "2", 'import { Word } from «"std"»'],
    ["of the standard library, a path out of it", "2", 'import { Word } from «"std/../lib/speech.mesh"»'],
    ["of a path that climbs out", "2", 'import { Word } from «"./data/../../main.mesh"»'],
    ["of a path with a zero byte", "2", 'import { Word } from «"./data\\u0000/word.mesh"»'],
    ["of a path that is percent-encoded", "2", 'import { Word } from «"./%64ata/word.mesh"»'],
    ["of a path with a space at its end", "2", 'import { Word } from «"./data/word.mesh "»'],
    ["of a path of two slashes", "2", 'import { Word } from «"//data/word.mesh"»'],
  ];
  for (const [name, code, line] of imports) {
    wrong(`an import ${name}`, code, `${line}\nrecord R {\n  w: Word\n}\n`, library);
  }
  wrong(
    "an import of nothing, then an unknown name",
    "2",
    'import { } from "./data/word.mesh"\nrecord R { w: «Word» }',
    library,
  );
  wrong(
    "one of two names is misspelt",
    "2",
    'import { Heard, «Listem» } from "./lib/speech.mesh"\npipeline P { in a: audio<opus> out b: Heard a -> Listen() -> b }',
    library,
  );
  wrong(
    "imported and declared too",
    "2",
    'import { «Word» } from "./data/word.mesh"\nrecord Word { x: int }\nrecord R { w: Word }',
    library,
  );
  wrong(
    "two imports of one name",
    "2",
    'import { Word } from "./data/word.mesh"\nimport { Heard as «Word» } from "./lib/speech.mesh"\nrecord R { w: Word }',
    library,
  );
  wrong(
    "an import used by nothing",
    "2",
    'import { Heard, «Mood» } from "./lib/speech.mesh"\nrecord R { h: Heard }',
    library,
  );
  wrong(
    "the name before the alias",
    "2",
    'import { Word as W } from "./data/word.mesh"\nrecord R { a: W, w: «Word» }',
    library,
  );
});

describe("what is declared twice", () => {
  const twice: readonly [string, string][] = [
    ["fields", "record A { x: int, «x»: text }"],
    ["values", "enum A { x, y, «x» }"],
    ["parameters", "node N(a: int, «a»: text) { in text }"],
    ["inputs", "node N {\n  in a: text\n  in «a»: int\n}"],
    ["an input and an output", "node N {\n  in a: text\n  out «a»: int\n}"],
    ["inputs without a name", "node N {\n  in text\n  «in int»\n}"],
    [
      "lets",
      "node N { in text out text }\npipeline P { in a: text out b: text\n  let n = N()\n  let «n» = N()\n  a -> n -> b\n}",
    ],
    [
      "a let and a port",
      "node N { in text out text }\npipeline P { in a: text out b: text\n  let «a» = N()\n  a -> b\n}",
    ],
    [
      "a let and an output",
      "node N { in text out text }\npipeline P { in a: text out b: text\n  let «b» = N()\n  a -> b\n}",
    ],
    [
      "a remote and a let",
      'node N { in text out text }\ninterface I { in a: text out b: text }\npipeline P { in a: text out b: text\n  let n = N()\n  remote «n»: I { at "webrtc://x.example/I" else N() }\n  a -> n -> b\n}',
    ],
    ["records", "record A { x: int }\nrecord «A» { y: int }"],
    ["a node and a pipeline", "node A { in text }\npipeline «A» { in a: text }"],
    ["an interface and an enum", "interface A { in a: text }\nenum «A» { x }"],
    [
      "arguments",
      "node N(a: int) { in text out text }\npipeline P { in a: text out b: text\n  a -> N(a: 1, «a»: 2) -> b\n}",
    ],
    ["variables", "node N<R: rate, «R»: rate> { in audio<pcm_f32, R> }"],
    ["a latency", "node N {\n  in text\n  latency 3ms\n  «latency 4ms»\n}"],
    [
      "a conversion",
      "node N<R: rate> {\n  in audio<pcm_f32, R>\n  out audio<pcm_s16, R>\n  converts at cost 3\n  «converts at cost 4»\n}",
    ],
    ["code", 'node N {\n  in text\n  from "./a.ts"\n  «from "./b.ts"»\n}'],
    ["a join", "node N {\n  in a: text\n  in b: text\n  join latest\n  «join index»\n}"],
  ];
  for (const [name, text] of twice) wrong(`two ${name}`, "2", text);
  right(
    "one name in two places that do not meet",
    `
    record a1 { x: int }
    enum E { x, y }
    enum F { x, y }
    node N(x: int = 1) { in x1: text out y: text }
    node M(x: int = 1) { in x1: text out y: text }
    pipeline P(n: int = 1) { in x: text out y: text let m = N(x: n) x -> m -> y }
    pipeline Q(n: int = 1) { in x: text out y: text let m = M(x: n) x -> m -> y }
  `.replace("record a1", "record A"),
  );
});

describe("names that nothing bears", () => {
  const world = `
    record Word { text: text }
    node Split(at: text = " ") { in line: text out word: Word out done: signal }
    node Join { in word: Word in stop: signal out line: text }
    interface Lines { in line: text out back: text }
    policy patient { retry 3 times }
  `;
  const body = (text: string): string => `${world}
    pipeline P(sep: text = ",") {
      in line: text
      out back: text
      out words: Word
${text}
    }
    pipeline Back: Lines { in line: text out back: text line -> back }
  `;
  const flows = [
    "      let split = Split(at: sep)",
    '      remote far: Lines with patient { at "webrtc://x.example/L" else Back() }',
    "      line -> far -> split",
    "      split.word -> [Join() -> back, words]",
  ];
  right("all names as they are declared", body(flows.join("\n")));
  const typos: readonly [line: number, text: string, codes: string][] = [
    [0, "      let split = «Splitt»(at: sep)", "2"],
    [0, "      let split = Split(«as»: sep)", "2"],
    [0, "      let split = Split(at: «spe»)", "2"],
    [0, "      let split = «Word»(text: sep)", "2"],
    [0, "      let split = «Lines»()", "2"],
    [0, "      let split = «P»()", "5"],
    [0, "      «lte» split = Split(at: sep)", "1"],
    [0, "      let split «:» Split(at: sep)", "1"],
    [0, "      let split «Split»(at: sep)", "1"],
    [0, "      let split = Split«»", "1"],
    [0, "      let split = «»", "1"],
    [0, "      let «=» Split(at: sep)", "1"],
    [0, "      let split = Split«(»at: sep", "1"],
    [0, "      let split = Split(at: sep)«)»", "1"],
    [0, "      let split = «Split»{at: sep}", "1"],
    [0, "      let split = «new» Split(at: sep)", "1"],
    [0, "      «const» split = Split(at: sep)", "1"],
    [0, "      «split» = Split(at: sep)", "1"],
    [1, '      remote far: «Linse» with patient { at "webrtc://x.example/L" else Back() }', "2"],
    [1, '      remote far: «Word» with patient { at "webrtc://x.example/L" else Back() }', "2"],
    [1, '      remote far: Lines with «patent» { at "webrtc://x.example/L" else Back() }', "2"],
    [1, '      remote far: Lines with patient { at "webrtc://x.example/L" else «Bakc»() }', "2"],
    [1, "      remote far: Lines with patient { at «gpu».Back else Back() }", "2"],
    [2, "      «lien» -> far -> split", "2"],
    [2, "      line -> «fra» -> split", "2"],
    [2, "      line -> far -> «slpit»", "2"],
    [2, "      line.«x» -> far -> split", "2"],
    [2, "      line -> far.«lnie»\n      far -> split", "2"],
    [2, "      line «=>» far -> split", "1"],
    [2, "      line «→» far -> split", "1"],
    [2, "      line «-->» far -> split", "1"],
    [2, "      line «~» far -> split", "1"],
    [2, "      line «-» far -> split", "1"],
    [2, "      line «>» far -> split", "1"],
    [2, "      line «|>» far -> split", "1"],
    [2, "      line «»far -> split", "1"],
    [2, "      line -> «->» far -> split", "1"],
    [2, "      «->» far -> split", "1"],
    [2, "      line -> far -> split «->»", "1"],
    [2, "      line -> far -> split«;»", "1"],
    [2, "      line -> far -> split«,»", "1"],
    [2, "      line -> «far»() -> split", "2"],
    [3, "      split.«wrod» -> [Join() -> back, words]", "2"],
    [3, "      split.word -> [«Jion»() -> back, words]", "2"],
    [3, "      split.word -> [Join() -> «bakc», words]", "2"],
    [3, "      split.word -> [Join() -> back, «wrods»]", "2"],
    [3, "      split.word -> [Join().«x» -> back, words]", "5"],
    [3, "      split.word -> [Join() -> back«» words]", "1"],
    [3, "      split.word -> «[»Join() -> back, words", "1"],
    [3, "      split.word -> [Join() -> back, words]«]»", "1"],
    [3, "      split.word -> «(»Join() -> back, words)", "1"],
    [3, "      split.word -> «{»Join() -> back, words}", "1"],
    [3, "      split.«» -> [Join() -> back, words]", "1"],
    [3, "      split«..»word -> [Join() -> back, words]", "1"],
    [3, "      split«:»word -> [Join() -> back, words]", "1"],
    [3, "      split.word -> [«Join» -> back, words]", "2"],
    [3, "      split.word -> [«»-> back, words]", "1"],
  ];
  for (const [line, text, codes] of typos)
    wrong(`${text.trim().replace(/[«»]/g, "")}`, codes, body(flows.with(line, text).join("\n")));
  wrong("a pipeline of an unknown interface", "2", "pipeline P: «Linse» {\n  in a: text\n  out b: text\n  a -> b\n}");
  wrong(
    "a pipeline of a record",
    "2",
    "record R { x: int }\npipeline P: «R» {\n  in a: text\n  out b: text\n  a -> b\n}",
  );
  wrong(
    "a pipeline as an interface",
    "2",
    "pipeline I { in a: text out b: text a -> b }\npipeline P: «I» {\n  in a: text\n  out b: text\n  a -> b\n}",
  );
  wrong("a node as a type", "2", "node N { in text }\nrecord R {\n  x: «N»\n}");
  wrong("an interface as a type", "2", "interface I { in a: text }\nnode N {\n  in x: «I»\n}");
  wrong("a record as a node", "2", "record R { x: int }\npipeline P { in a: text out b: text\n  a -> «R»() -> b\n}");
  wrong(
    "an interface as a node",
    "2",
    "interface I { in a: text out b: text }\npipeline P { in a: text out b: text\n  a -> «I»() -> b\n}",
  );
  wrong(
    "a let that nothing uses",
    "2",
    "node N { in text out text }\npipeline P { in a: text out b: text\n  let «n» = N()\n  a -> b\n}",
  );
  wrong("a member of another language's signature", "1", "node N {\n  «input» a: text\n  out b: text\n}");
  wrong("a port without its direction", "1", "node N {\n  «a: text»\n  out b: text\n}");
  wrong("`output` for `out`", "1", "node N {\n  in a: text\n  «output» b: text\n}");
  wrong("a misspelt `out`", "1", "node N {\n  in a: text\n  «otu» b: text\n}");
  wrong("a misspelt `requires`", "1", "node N {\n  in a: text\n  «requries» gpu\n}");
  wrong("a misspelt `latency`", "1", "node N {\n  in a: text\n  «latecny» 3ms\n}");
  wrong("a misspelt `from`", "1", 'node N {\n  in a: text\n  «form» "./a.ts"\n}');
  for (const word of ["reocrd", "struct", "type", "class", "recrod"])
    wrong(`\`${word}\` for record`, "1", `record A { x: int }\n«${word}» B {\n  x: int\n}\nrecord C { x: int }`);
  for (const word of ["ndoe", "Node", "nod", "function", "component"])
    wrong(
      `\`${word}\` for node`,
      "1",
      `record A { x: int }\n«${word}» B(a: int = 1) {\n  in x: text\n  out y: text\n}\nrecord C { x: int }`,
    );
  for (const word of ["pipelien", "flow", "graph"])
    wrong(
      `\`${word}\` for pipeline`,
      "1",
      `record A { x: int }\n«${word}» B {\n  in x: text\n  out y: text\n  x -> y\n}\nrecord C { x: int }`,
    );
  for (const word of ["interfcae", "trait", "protocol"])
    wrong(
      `\`${word}\` for interface`,
      "1",
      `record A { x: int }\n«${word}» B {\n  in x: text\n  out y: text\n}\nrecord C { x: int }`,
    );
  wrong("`bacth` for batch", "1", "«bacth» node N { in text out text }\nrecord C { x: int }");
  wrong("`batch` before a record", "1", "«batch» record R { x: int }\nrecord C { x: int }");
  wrong("`export` before a declaration", "1", "«export» record R { x: int }\nrecord C { x: int }");
});
