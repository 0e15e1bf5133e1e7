/** Several mistakes in one program: each is told once, and none hides another. */
import { describe } from "vitest";
import { right, wrong } from "./support/judged.ts";

const head = `
record Heard { text: text, sure: float in 0..1 }
enum Mood { glad, sad }
interface Hearing { in sound: audio<opus, 48kHz, mono> out heard: Heard }
node Ear(model: text = "small", loud: decibel in -60dB..0dB = -6dB) {
  in audio<pcm_f32, 16kHz, mono>
  out Heard
  latency 20ms
}
node Shout(times: int in 1..9) { in Heard out text }
node Pair { in a: text in b: text out text }
`;
const body = (lines: string): string => `${head}
pipeline P(volume: decibel = -6dB) {
  in  mic: audio<opus, 48kHz, mono>
  out line: text
${lines}
}
pipeline Near: Hearing {
  in  sound: audio<opus, 48kHz, mono>
  out heard: Heard
  sound ~> Ear() -> heard
}
`;

describe("in one pipeline", () => {
  right(
    "all of it put right",
    body(`
    let ear = Ear(loud: volume)
    let pair = Pair()
    mic ~> ear
    ear -> [Shout(times: 2) -> pair.a, Shout(times: 3) -> pair.b]
    pair -> line`),
  );
  wrong(
    "a wrong argument, a misspelt name and a value out of range",
    "3 2 3",
    body(`
    let ear = Ear(model: «5»)
    let pair = Pair()
    mic ~> ear
    ear -> [Shout(times: 2) -> pair.a, «Shoot»(times: 3) -> pair.b]
    pair -> line
    ear -> Shout(times: «12»)`),
  );
  wrong(
    "an unknown arrow, a unit and an unused let",
    "1 1",
    body(`
    let ear = Ear(loud: «-6db»)
    let pair = Pair()
    mic ~> ear
    ear «=>» Shout(times: 1) -> pair.a
    ear -> Shout(times: 3) -> pair.b
    pair -> line`),
  );
  wrong(
    "an unfinished line, a mismatch and an unknown port",
    "1 3 2",
    body(`
    let ear = Ear()
    let pair = Pair()
    mic ~> ear
    ear «->»
    mic «->» Shout(times: 3) -> pair.a
    ear -> Shout(times: 3) -> pair.«c»
    pair -> line`),
  );
  wrong(
    "two syntax errors on two lines",
    "1 1",
    body(`
    let ear = Ear(«
    »mic ~> ear
    ear -> Shout(times: 3) «~» line`),
  );
  wrong(
    "two unknown nodes and a missing argument",
    "2 2 2",
    body(`
    mic ~> «Eer»() -> Shout(times: 1) -> line
    mic ~> Ear() -> «Shoot»(times: 1)
    mic ~> Ear() -> «Shout()»`),
  );
  wrong(
    "an input that nothing feeds and a second source",
    "5 5",
    body(`
    let pair = «Pair()»
    let two = Pair()
    mic ~> Ear() -> Shout(times: 1) -> [pair.a, two.a, two.b]
    mic ~> Ear() -> Shout(times: 1) -> «two.a»
    [pair, two] -> line`),
  );
  wrong(
    "five mistakes of five families",
    "2 2 1 3 5",
    body(
      `
    let «unused» = Pair()
    mic ~> «Eer»() -> line
    mic ~> Ear() -> Shout(times: «2ms0»)
    mic «->» Ear()
    let pair = «Pair()»
    pair -> Pair2()`.replace("\n    pair -> Pair2()", "\n    mic ~> Ear() -> Shout(times: 1) -> pair.a"),
    ),
  );
});

describe("in several declarations", () => {
  wrong(
    "a type, a default and a port",
    "2 3 3",
    `
record A { x: «txt» }
record B { x: int in 0..5 = «6» }
node N { in audio<«opuss»> }
node M { in audio<opus> }
`,
  );
  wrong(
    "a broken record and an unknown name elsewhere",
    "1 2",
    `
record A { x«» text
  y: int }
node N { in A out A }
pipeline P { in a: A out b: A
  a -> N() -> «c»
}
`
      .replace("x«» text\n  y: int }", "\n  x« »text\n  y: int\n}")
      .replace("« »", " «»"),
  );
  wrong(
    "a broken node, a broken import and a mistake in a pipeline",
    "1 1 3",
    `
import { Gain «from» "std/audio"
node N { in audio<opus>
  out«» audio<opus
  from "./n.ts"
}
node M { in audio<pcm_f32> out audio<pcm_f32> }
pipeline P { in a: audio<opus> out b: audio<pcm_f32>
  a «->» M() -> b
}
`.replace("out«» audio<opus", "out audio<opus«»"),
  );
  wrong(
    "a nameless node and a misspelt one",
    "1 2",
    `
node «{»
  in text
}
node Shout { in text out text }
pipeline P { in a: text out b: text
  a -> «Shoout»() -> b
}
`,
  );
  wrong(
    "two names declared twice",
    "2 2",
    `
record A { x: int }
enum «A» { x }
node N { in text }
node «N» { in int }
`,
  );
  wrong(
    "a conformance, a duplicate and a unit",
    "1 2 3",
    `
${head}
record R { d: duration = «20mS» }
node «Ear» { in text }
pipeline Far: Hearing {
  in sound: audio<opus, 48kHz, mono>
  out heard: «text»
  sound -> Q() -> heard
}
node Q { in audio out text }
`,
  );
  wrong(
    "one name that is missing is one mistake, wherever it is used",
    "2 2",
    `
record A { x: «Wrod», y: [Wrod] }
node N { in Wrod out Wrod }
pipeline P { in a: text out b: text
  a -> «Nn»() -> b
  a -> Nn() -> T()
}
node T { in text }
`,
  );
  wrong(
    "a port that is missing at several uses",
    "2",
    `
node N { in a: text out b: text }
pipeline P { in x: text out y: text out z: text
  let n = N()
  x -> n
  n.«c» -> y
  n.c -> z
}
`,
  );
  wrong(
    "a declaration inside another one",
    "1",
    `
pipeline P {
  in a: text
  out b: text
  «record» R { x: int }
  a -> b
}
record After { x: int }
`,
  );
});

describe("what a mistake spoils is not told", () => {
  const uses = `
node Use { in Said out Said }
pipeline P { in a: Said out b: Said a -> Use() -> Named(style: "x") -> b }
pipeline Q { in a: Said a -> route lang { "en" -> Use(), else -> Use() } }
record Holder { said: Said, all: [Said] }
`;
  const said = "record Said { lang: text, text: text }\n";
  const named = 'node Named(style: text = "y") { in Said out Said }\n';
  right("nothing is wrong", said + named + uses);
  for (const [name, text] of [
    ["a record without a name", `record «»{ lang: text, text: text }\n${named}`],
    ["a misspelt record", `record «Siad» { lang: text, text: text }\n${named}`],
    ["a record of another kind", `struct «»Said { lang: text, text: text }\n${named}`],
    ["a record without its brace", `record Said «»lang: text, text: text }\n${named}`],
    ["a field without its colon", `record Said { lang «»text, text: text }\n${named}`],
    ["a node without its brace", `${said}node Named(style: text = "y") «»in Said out Said }\n`],
    ["a node without a parenthesis", `${said}node Named style«:» text = "y") { in Said out Said }\n`],
    ["a parameter without its type", `${said}node Named(style«:») { in Said out Said }\n`],
    ["a port without its type", `${said}node Named(style: text = "y") { in Said out« »}\n`],
    ["a misspelt keyword", `${said}«ndoe» Named(style: text = "y") { in Said out Said }\n`],
    ["a character too many", `${said}node Named(style: text = "y") { «%» in Said out Said }\n`],
  ] as const) {
    const code = name === "a misspelt record" ? "2" : "1";
    const marked =
      name === "a misspelt record" ? text.replace(/[«»]/g, "").replace("in Said out", "in «Said» out") : text;
    wrong(name, code, marked + uses);
  }
});
