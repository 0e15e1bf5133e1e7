import { describe, expect, it } from "vitest";
import type { Diagnostic, Fix } from "../../../compiler/diagnostics/diagnostic.ts";
import { applyFixes, applyReplacements } from "../../../compiler/fixes/edits.ts";
import { sourceFile } from "../../../compiler/source/source-file.ts";
import { compileText } from "../support/marked.ts";

/** The text after all fixes that `accepts` takes, again and again. */
function fixed(text: string, accepts: (fix: Fix) => boolean = () => true): string {
  let now = text;
  for (let round = 0; round < 10; round += 1) {
    const { texts } = applyFixes(compileText(now).diagnostics, accepts);
    const [next] = texts.values();
    if (next === undefined) return now;
    now = next;
  }
  return now;
}

const safe = (fix: Fix): boolean => fix.applicability === "safe";
const pipeline = (flow: string): string =>
  `node Work(level: int = 1) { in text\n out text }\npipeline P { in t: text\n out u: text\n ${flow} }\n`;

describe("safe fixes", () => {
  it.each([
    [
      "the only name of an import",
      'import { Gain } from "std/audio"\nrecord R { a: text }\n',
      "record R { a: text }\n",
    ],
    ["the first of two", 'import { Gain, Remix } from "std/audio"\n', 'import { Remix } from "std/audio"\n'],
    ["the last of two", 'import { Remix, Gain } from "std/audio"\n', 'import { Remix } from "std/audio"\n'],
    ["an import at the end of a file", 'import { Gain } from "std/audio"', ""],
    ["an import beside a comment", 'import { Gain } from "std/audio" // loud\n', " // loud\n"],
    ["an arrow of another notation", pipeline("t => Work() -> u"), pipeline("t -> Work() -> u")],
    ["semicolons", pipeline("t -> Work() -> u;"), pipeline("t -> Work() -> u")],
    ["other quotes", "import { Vad } from 'std/speech'\n", ""],
  ])("%s", (_, before, after) => {
    expect(fixed(before, safe)).toBe(after);
  });
});

describe("suggested fixes lead to a program without errors", () => {
  it.each([
    ["a misspelt node", pipeline("t -> Wrok() -> u"), pipeline("t -> Work() -> u")],
    ["a misspelt parameter", pipeline("t -> Work(levl: 2) -> u"), pipeline("t -> Work(level: 2) -> u")],
    [
      "a misspelt port",
      pipeline("tt -> Work() -> u").replace("t: text", "tx: text"),
      pipeline("tx -> Work() -> u").replace("t: text", "tx: text"),
    ],
    [
      "a node in small letters",
      "record line { text: text }\nnode work { in line\n out [line] }\ninterface i { in line }\npipeline P: i { in line: line\n let work = work()\n line -> work }\npeer p { runs P }\n",
      "record Line { text: text }\nnode Work { in Line\n out [Line] }\ninterface I { in Line }\npipeline P: I { in line: Line\n let work = Work()\n line -> work }\npeer p { runs P }\n",
    ],
    [
      "a target behind a local one",
      'interface T { in t: text }\nnode N { in t: text }\npipeline P { in t: text\n remote r: T {\n  at N()\n  else service "x"\n }\n t -> r }\n',
      "interface T { in t: text }\nnode N { in t: text }\npipeline P { in t: text\n remote r: T {\n  at N()\n }\n t -> r }\n",
    ],
    [
      "a transport that the target does not have",
      'interface T { in t: text }\npipeline P { in t: text\n remote r: T { via grpc\n  at "webrtc://x/y" }\n t -> r }\n',
      'interface T { in t: text }\npipeline P { in t: text\n remote r: T { via auto\n  at "webrtc://x/y" }\n t -> r }\n',
    ],
    [
      "formats that a converter joins",
      "node Mic { out audio<pcm_f32, 16kHz, mono> }\nnode Out { in audio<pcm_f32, 48kHz, mono> }\npipeline P {\n  Mic() -> Out()\n}\n",
      "node Mic { out audio<pcm_f32, 16kHz, mono> }\nnode Out { in audio<pcm_f32, 48kHz, mono> }\npipeline P {\n  Mic() ~> Out()\n}\n",
    ],
  ])("%s", (_, before, after) => {
    expect(fixed(before)).toBe(after);
    expect(compileText(after).diagnostics).toEqual([]);
  });
});

describe("edits", () => {
  const source = sourceFile("x.mesh", "abcdef");
  const diagnostic = (...edits: [start: number, end: number, newText: string][]): Diagnostic => ({
    code: "MESH2001",
    severity: "error",
    message: "",
    place: { source, span: { start: 0, end: 0 } },
    notes: [],
    related: [],
    fixes: [
      {
        title: "",
        applicability: "safe",
        edits: edits.map(([start, end, newText]) => ({ place: { source, span: { start, end } }, newText })),
      },
    ],
  });

  it("are put in from any order", () => {
    expect(
      applyReplacements("abcdef", [
        { start: 4, end: 6, newText: "" },
        { start: 0, end: 1, newText: "X" },
      ]),
    ).toBe("Xbcd");
    expect(applyReplacements("abc", [{ start: 1, end: 1, newText: "-" }])).toBe("a-bc");
    expect(() =>
      applyReplacements("abc", [
        { start: 0, end: 2, newText: "" },
        { start: 1, end: 3, newText: "" },
      ]),
    ).toThrow(RangeError);
  });

  it("of one fix are made as a whole or not at all", () => {
    const { applied, texts } = applyFixes(
      [diagnostic([0, 1, "X"]), diagnostic([1, 2, "Y"], [5, 6, "Z"]), diagnostic([3, 4, "W"])],
      () => true,
    );
    expect(applied).toHaveLength(2);
    expect([...texts.values()]).toEqual(["XbcWef"]);
  });
});
