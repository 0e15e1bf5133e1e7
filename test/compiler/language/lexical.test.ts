/** The lexical rules of the language: comments, names, strings, quantities, ranges, line ends. */
import { describe } from "vitest";
import { keywords } from "../../../grammar/tokens.ts";
import { right, wrong } from "./support/judged.ts";

const raw = String.raw;

describe("comments", () => {
  right("a file of nothing", "");
  right("a file of space", " \t\n\n  \n");
  right("a file of one comment without a line end", "// nothing here");
  right("a file of one documentation comment", "/// nothing here");
  right("block comments nest", "/* a /* b /* c */ */ d */ record A { x: int } /**/ /***/ /*/* */*/");
  right(
    "comments between any two tokens",
    `
    /*0*/record/*1*/A/*2*/{/*3*/x/*4*/:/*5*/int/*6*/in/*7*/0/*8*/../*9*/5/*10*/=/*11*/3/*12*/,/*13*/}/*14*/
    node/**/N/**/</**/R/**/:/**/rate/**/>/**/(/**/a/**/:/**/int/**/)/**/{/**/in/**/audio/**/</**/opus/**/,/**/R/**/>/**/}
  `,
  );
  right(
    "line comments after every line",
    `
    pipeline P { // one
      in a: text // two
      out b: text // three
      a // four
      -> b // five
    } // six
  `,
  );
  right(
    "comment marks within strings",
    raw`node N(a: text = "// no", b: text = "/* no", c: text = "*/ https://x.y/z") { in text }`,
  );
  right(
    "documentation on everything",
    `
    /// A record.
    record R {
      /// A field.
      x: int
    }
    /// An enum.
    enum E {
      /// A value.
      a,
      /// Another.
      b
    }
    /// An interface.
    interface I {
      /// An input.
      in a: text
      /// An output.
      out b: text
    }
    /// A node.
    node N(
      /// A parameter.
      p: int = 1
    ) {
      /// An input.
      in a: text
      /// An output.
      out b: text
      /// What it asks for.
      latency 3ms
    }
    /// A policy.
    policy Patient {
      /// How often.
      retry 3 times
    }
    /// A pipeline.
    pipeline P {
      /// In.
      in a: text
      /// Out.
      out b: text
      /// A let.
      let n = N()
      /// A remote.
      remote r: I { at "webrtc://x.example/I" else N() }
      /// A flow.
      a -> n -> r -> b
    }
    /// At the end.
  `,
  );
  right("documentation that nothing follows in a block", "record A {\n  x: int\n  /// nothing\n}");
  right("a block comment as documentation, and four slashes", "/** no */\n//// no\nrecord A { x: int }");
  wrong("a block comment without its end", "1", "record A { x: int }\n«/* never closed\n record B { y: int }\n»");
  wrong("a nested comment closed once", "1", "record A { x: int }\n«/* a /* b */\nrecord B { y: int }\n»");
  wrong("a comment closed twice", "1", "/* a */ «*/»\nrecord A { x: int }");
  wrong("a comment of another language", "1", "«#» a comment\nrecord A { x: int }");
});

describe("line ends and space", () => {
  right("a byte order mark", "\uFEFFrecord A { x: int }");
  right(
    "carriage returns and line feeds",
    "record A {\r\n  x: int\r\n}\r\n\r\npipeline P {\r\n  in a: text\r\n  out b: text\r\n  a\r\n    -> b\r\n}\r\n",
  );
  right(
    "only carriage returns",
    "record A {\r  x: int // c\r}\rpipeline P {\r  in a: text\r  out b: text\r  a\r    -> b\r}\r",
  );
  right("tabs", "\trecord\tA\t{\tx:\tint\t}");
  right(
    "no space at all where none is needed",
    "record A{x:int,y:[text]?}enum E{a,b}node N(a:int=1){in a:text,out b:text}".replace(",out", " out"),
  );
  right("everything on one line", "pipeline P { in a: text out b: text a -> b }");
  right("two flows on one line", "pipeline P { in a: text in c: int out b: text out d: int a -> b c -> d }");
  right(
    "one token a line, but for arrows",
    `
    pipeline
    P
    {
    in
    a
    :
    audio
    <
    opus
    ,
    48kHz
    >
    out
    b
    :
    audio
    <
    opus
    >
    a
    -> b
    }
  `,
  );
  right(
    "a chain broken before each arrow",
    `
    node N { in text out text }
    pipeline P {
      in a: text
      out b: text
      a
        -> N()
        -> N()

        // in between
        ~> N()
        -> b
    }
  `,
  );
  right(
    "a fan-out over lines",
    `
    pipeline P {
      in a: text
      out b: text
      out c: text
      a -> [
        b,
        // one more
        c,
      ]
    }
  `,
  );
  wrong(
    "a step on the line after its arrow",
    "1",
    `
    pipeline P {
      in a: text
      out b: text
      a «->»
        b
    }
  `,
  );
  wrong(
    "an unfinished line costs its own line and not the next",
    "1",
    `
    pipeline P {
      in a: text
      in c: int
      out b: text
      out d: int
      a «~>»
      c -> d
    }
  `,
  );
  right("a form feed and a space of another kind", "record A { x: int }\n\f\nrecord B {\u00A0x: int }");
  wrong("a zero byte", "1", "record A { x: int }\n«\0»\n");
});

describe("names", () => {
  right(
    "underscores and digits",
    "record A1_b { _x: int, x_1: int, X9: int }".replace(", X9: int", "").replace("A1_b", "A1b"),
  );
  right("names that differ in case alone", "record A { ab: int, aB: int }");
  right("a very long name", `record A { ${"x".repeat(5000)}: int }`);
  right(
    "declarations named like their kinds, in capitals",
    "record Record { node: int }\nenum Enum { pipeline, peer }\nnode Node { in text }\npolicy Policy { retry 2 times }",
  );
  right(
    "types named as members",
    "record A { text: text, int: int, audio: bytes, signal: bool, duration: duration, list: [json] }",
  );

  const words = [...keywords.keys()].filter((word) => !["true", "false", "map"].includes(word));
  const steps = ["any", "first", "route", "flush"];
  for (const word of words) {
    const start = !steps.includes(word);
    right(
      `\`${word}\` names a field, a value, a parameter, a port and a variable`,
      `
      record A { ${word}: int }
      enum E { ${word}, other }
      node N(${word}: int = 1) { in ${word}: text out b: text }
      node M { in a: text out ${word}: text }
      pipeline P(${word}2: int) {
        in a: text
        out b: text
        let n = N(${word}: 2)
        let m = M()
        a -> m
        m.${word} -> n.${word}
        n.b -> b
      }
    `,
    );
    if (start) {
      right(
        `\`${word}\` names a let, a remote and a port of a pipeline`,
        `
        node N { in text out text }
        interface I { in a: text out b: text }
        pipeline P {
          in a: text
          out b: text
          let ${word} = N()
          a -> ${word} -> b
        }
        pipeline Q {
          in a: text
          out b: text
          remote ${word}: I { at "webrtc://x.example/I" else N() }
          a -> ${word}
          ${word} -> b
        }
        pipeline R {
          in ${word}: text
          out b: text
          ${word} -> N() -> b
        }
        pipeline S {
          in a: text
          out ${word}: text
          a
            -> ${word}
        }
      `,
      );
    } else {
      wrong(
        `\`${word}\` may not name a let`,
        "2",
        `
        node N { in text out text }
        pipeline P { in a: text out b: text
          let «${word}» = N()
          a -> N() -> b
        }
      `,
      );
    }
  }
  for (const word of ["true", "false", "map"]) {
    wrong(`\`${word}\` may not name a field`, "1", `record A {\n  «${word}»: int\n  x: int\n}`);
    wrong(`\`${word}\` may not name a port`, "1", `pipeline P {\n  in «${word}»: int\n}`);
    wrong(
      `\`${word}\` may not name a let`,
      "1",
      `node N { in text }\npipeline P {\n  in x: text\n let «${word}» = N()\n x -> N()\n}`,
    );
  }
  wrong("a hyphen in a name", "1", "node «my-node» {\n  in text\n}");
  wrong("a hyphen in a field", "1", "record A {\n  «first-name»: text\n  x: int\n}");
  wrong("a name that begins with a digit", "1", "record A {\n  «2nd»: text\n  x: int\n}");
  wrong("a letter with an umlaut", "1", "record A {\n  «größe»: int\n  x: int\n}");
  wrong("a declaration in Greek letters", "1", "node «Λ» {\n  in text\n}");
  wrong("a dollar in a name", "1", "record A {\n  «$x»: int\n  y: int\n}");
  wrong("an emoji", "1", "record A { x: int }\n«🎤»\nrecord B { x: int }");
  wrong("a declaration without a name", "1", "record «»{\n  x: int\n}\nrecord B { x: int }");
  wrong("a lower-case declaration", "9", "record «transcript» { x: int }");
  wrong("a member with a capital", "9", "record A { «Text»: text }");
});

describe("strings", () => {
  right("all escapes of JSON", raw`node N(a: text = "\" \\ \/ \b \f \n \r \t é 😀") { in text }`);
  right("letters of the world", `node N(a: text = "größe Λ 🎤 日本") { in text }`);
  right("an empty string", `node N(a: text = "") { in text }`);
  right("what looks like interpolation is text", 'node N(a: text = "${x} {y} $z") { in text }');
  wrong(
    "no closing quote",
    "1",
    `
    node N {
      in text
      from «"./a.ts»
    }
    record B { x: int }
  `,
  );
  wrong(
    "no closing quote in an argument",
    "1",
    `
    node N(a: text) { in text out text }
    pipeline P {
      in a: text
      out b: text
      a -> N(a: «"en) -> b»
      a -> b
    }
  `,
  );
  wrong("an escape that is none", "1", raw`node N(a: text = "a«\q»b") { in text }`);
  wrong("a short unicode escape", "1", raw`node N(a: text = "a«\u12»") { in text }`);
  wrong("single quotes", "1", `node N(a: text = «'en'») { in text }`);
  wrong("curly quotes", "1", `node N(a: text = «“en”») { in text }`);
  wrong("backticks", "1", "node N(a: text = «`en`») { in text }");
  wrong("three quotes", "1", `node N {\n  in text\n  from "./a.ts"«"./x.ts"»\n}`);
});

describe("quantities", () => {
  const all: readonly [type: string, values: string][] = [
    ["duration", "250us 20ms 3s 5min 1h 0ms 0s 1.5s 0.25ms 100000h"],
    ["frequency", "44100Hz 48kHz 2.4GHz 100MHz 0.5kHz"],
    ["size", "1B 512KiB 16MiB 8GiB 1TiB 0B 1.5GiB"],
    ["bitrate", "800bps 64kbps 2.5Mbps 1Gbps"],
    ["framerate", "30fps 29.97fps 1fps"],
    ["resolution", "1280x720 1x1 7680x4320"],
    ["decibel", "-6dB 0dB 12dB -0.5dB"],
    ["percentage", "80% 0% 100% 99.9%"],
    ["channels", "mono stereo 6ch 1ch 64ch"],
    ["version", "12 12.4 12.4.1 0.0.1"],
    ["int", "0 1 -1 42 1000000"],
    ["float", "0 1 -1 0.5 -0.25 3.14159"],
  ];
  for (const [type, values] of all) {
    for (const value of values.split(" ")) right(`${value} is a ${type}`, `node N(a: ${type} = ${value}) { in text }`);
    const [first = ""] = values.split(" ");
    const other = type === "duration" ? "48kHz" : "20ms";
    wrong(
      `${other} is no ${type}`,
      "3",
      `node N(a: ${type} = ${first}) { in text out text }
      pipeline P { in a: text out b: text
        a -> N(a: «${other}») -> b
      }`,
    );
  }
  const units = [
    "20mS",
    "20MS",
    "48khz",
    "48KHZ",
    "8GB",
    "8gb",
    "8Gib",
    "64kbit",
    "64KBPS",
    "30FPS",
    "-6db",
    "6CH",
    "3sec",
    "5m",
    "1hr",
    "48k",
    "1ns",
  ];
  for (const unit of units) {
    wrong(
      `${unit} has an unknown unit`,
      "1",
      `node N(a: duration = 1s) { in text out text }
      pipeline P { in a: text out b: text
        a -> N(a: «${unit}») -> b
      }`,
    );
  }
  wrong("a space before the unit", "1", "node N {\n  in text\n  latency «20 ms»\n}");
  wrong("a resolution with a star", "1", "pipeline P { in a: video<vp8, 1280«*»720> }");
  wrong("an exponent", "1", "node N(a: float = «1e9») { in text }");
  wrong("a hexadecimal number, which reads as a resolution", "3", "node N(a: int = «0x10») { in text }");
  wrong("digits in groups", "1", "node N(a: int = «1_000») { in text }");
  wrong("a point without a digit before it", "1", "node N(a: float = «.5») { in text }");
  wrong("a point without a digit after it", "1", "node N(a: float = «5.») { in text }");
  wrong("a plus sign", "1", "node N(a: int = «+»5) { in text }");
  right("a size beyond all measure", "node N(a: size = 99999999999999999999GiB) { in text }");
  wrong("a fraction where whole numbers are asked for", "3", "node N(a: int = «1.5») { in text }");
  wrong("a sample rate of nothing", "3", "pipeline P { in a: audio<opus, «0kHz»> }");
  wrong("no channels", "3", "pipeline P { in a: audio<opus, «0ch»> }");
  wrong("half a channel", "3", "pipeline P { in a: audio<opus, «1.5ch»> }");
  wrong("a negative sample rate", "3", "pipeline P { in a: audio<opus, «-48kHz»> }");
  wrong("a resolution of nothing", "3", "pipeline P { in a: video<vp8, «0x0»> }");
  wrong("a latency before its time", "3", "node N {\n  in text\n  latency «-5ms»\n}");
  wrong("a frame rate of nothing", "3", "pipeline P { in a: video<vp8, «0fps»> }");
});

describe("ranges", () => {
  right(
    "closed, open below, open above",
    `
    node N(a: int in 0..10 = 10, b: int in 0.. = 7, c: int in ..0 = -7, d: float in -1..1 = 0.5, e: duration in ..2s = 0ms,
      f: size in 1MiB..8GiB = 1GiB, g: frequency in 8kHz.. = 48kHz, h: decibel in -12dB..-3dB = -6dB, i: bitrate in 6kbps.. = 64kbps,
      j: framerate in ..60fps = 30fps, k: percentage in 0%..100% = 50%, l: channels in mono..6ch = stereo,
      m: resolution in 640x360..1920x1080 = 1280x720, n: version in 11.. = 12.4, o: duration in 500us..1ms = 1ms) { in text }
  `,
  );
  right("with space around the dots", "node N(a: int in 0 .. 10 = 3) { in text }");
  right("a range of one value", "node N(a: int in 3..3 = 3) { in text }");
  right(
    "an end in another unit",
    "node N(a: duration in 900ms..1s = 950ms, b: size in 1023KiB..1MiB = 1MiB) { in text }",
  );
  right(
    "open ranges in caps",
    "pipeline P { in a: audio<opus, 8kHz.., mono..stereo> in v: video<vp8, ..1920x1080, ..30fps> }",
  );
  wrong("ends the wrong way round", "3", "node N(a: int in «10..0») { in text }");
  wrong("ends in caps the wrong way round", "3", "pipeline P { in a: audio<opus, «48kHz..8kHz»> }");
  wrong("a resolution that is higher but narrower", "3", "pipeline P { in a: video<vp8, «1920x360..640x1080»> }");
  wrong("ends of two dimensions", "3", "node N(a: duration in «0ms..48kHz») { in text }");
  wrong("a range of three", "1", "node N(a: int in 0..5«..»9) { in text }");
  wrong("three dots", "1", "node N(a: int in 0«...»5) { in text }");
  wrong("a range without ends", "1", "node N(a: int in «..») { in text }");
  wrong("one value for a range", "3", "node N(a: int in «5») { in text }");
  wrong("a text for a range", "3", `node N(a: int in «"0..5"») { in text }`);
});
