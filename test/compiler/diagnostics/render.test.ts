import { assert, constantFrom, integer, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.ts";
import { renderJson } from "../../../compiler/diagnostics/render-json.ts";
import { renderDiagnostic, renderText, type TextOptions } from "../../../compiler/diagnostics/render-text.ts";
import { styleFor } from "../../../compiler/diagnostics/style.ts";
import { layOut, printable, textWidth } from "../../../compiler/diagnostics/text-width.ts";
import { sourceFile, type Place } from "../../../compiler/source/source-file.ts";

/** A place written as its text in a file, such as `ab«cd»ef`. */
function marked(text: string, path = "main.mesh"): Place {
  const start = text.indexOf("«");
  const end = text.indexOf("»") - 1;
  return { source: sourceFile(path, text.replace("«", "").replace("»", "")), span: { start, end } };
}

function diagnostic(place: Place, more: Partial<Diagnostic> = {}): Diagnostic {
  return { code: "MESH2001", severity: "error", message: "No.", place, notes: [], related: [], fixes: [], ...more };
}

/** The two lines below the head: the source line and what is drawn under it. */
function drawn(place: Place, options: TextOptions = {}): string[] {
  return renderDiagnostic(diagnostic(place, { label: "here" }), options)
    .split("\n")
    .slice(3, 5);
}

describe("a diagnostic for people", () => {
  it.each([
    ["a word", "mic -> «vda» -> out", ["1 | mic -> vda -> out", "  |        ^^^ here"]],
    ["an empty place", "mic -> «»", ["1 | mic ->", "  |        ^ here"]],
    ["a tab before it", "\tmic\t«vad»", ["1 |     mic vad", "  |         ^^^ here"]],
    ["wide characters", "/* 日本 */ «vad»", ["1 | /* 日本 */ vad", "  |            ^^^ here"]],
    ["a mark of its own width", "a\u0301 «vad»", ["1 | a\u0301 vad", "  |   ^^^ here"]],
    ["an escape sequence", "\u001b[2J «vad»", ["1 | ␛[2J vad", "  |      ^^^ here"]],
    ["text that would run backwards", "\u202egnp.exe «vad»", ["1 | \ufffdgnp.exe vad", "  |          ^^^ here"]],
    ["a carriage return", "mic -> «vad»\r\nnext", ["1 | mic -> vad", "  |        ^^^ here"]],
  ])("underlines %s", (_what, text, lines) => {
    expect(drawn(marked(text))).toEqual(lines);
  });

  it("marks the first and the last line of a longer place", () => {
    const text = "pipeline «A {\n  one\n  two\n  }» x";
    expect(renderDiagnostic(diagnostic(marked(text), { label: "all\nof it" }))).toBe(`error[MESH2001]: No.
 --> main.mesh:1:10
  |
1 | pipeline A {
  |          ^^^
  :
4 |   } x
  |   ^ all
  |     of it
`);
  });

  it("shows other places, notes, the way out and fixes", () => {
    const other = marked("\n\nnode «Vad» {}", "std/speech");
    const shown = renderDiagnostic(
      diagnostic(marked("mic -> «vad»"), {
        related: [{ place: other, message: "this one" }],
        notes: ["It is so.\nIndeed."],
        hint: "Do that.",
        fixes: [{ title: "Put it right", edits: [], applicability: "safe" }],
      }),
      { pathOf: (path) => `shown/${path}` },
    );
    expect(shown).toBe(`error[MESH2001]: No.
 --> shown/main.mesh:1:8
  |
1 | mic -> vad
  |        ^^^
 --> shown/std/speech:3:6
  |
3 | node Vad {}
  |      --- this one
  |
  = note: It is so.
          Indeed.
  = help: Do that.
  = fix: Put it right
`);
  });

  it("shows a line once for all places on it, unless it is cut", () => {
    const related = (text: string, start: number) => {
      const source = sourceFile("main.mesh", text);
      const at = (from: number): Place => ({ source, span: { start: from, end: from + 3 } });
      return diagnostic(at(start), { related: [{ place: at(0), message: "from here" }] });
    };
    expect(renderDiagnostic(related("one -> two", 7))).toBe(`error[MESH2001]: No.
 --> main.mesh:1:8
  |
1 | one -> two
  |        ^^^
  | --- from here
`);
    const long = renderDiagnostic(related(`one -> ${"two -> ".repeat(40)}`, 14), { columns: 60 });
    expect(long.match(/^1 \|/gm)).toHaveLength(2);
  });

  it("cuts a long line around what is underlined", () => {
    const long = `${"a".repeat(300)} «vad» ${"b".repeat(300)}`;
    const [source = "", under = ""] = drawn(marked(long), { columns: 60 });
    expect(source).toMatch(/^1 \| …a+ vad b+…$/);
    expect(textWidth(source)).toBeLessThanOrEqual(60);
    expect(source.slice(under.indexOf("^"), under.indexOf("^") + 3)).toBe("vad");
    expect(under).toMatch(/^ {2}\| +\^\^\^ here$/);
  });

  it("stays within the terminal wherever the place is, and never fails", () => {
    const piece = string({
      unit: constantFrom("a", "\t", "日", "\u0301", "😀", "\u001b", "\ud800"),
      maxLength: 60,
    });
    assert(
      property(piece, piece, piece, integer({ min: 40, max: 90 }), (before, at, after, columns) => {
        const [source = ""] = drawn(marked(`${before}«${at}»${after}`), { columns });
        expect(textWidth(source)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it("follows another with an empty line between", () => {
    const one = diagnostic(marked("«a»"));
    expect(renderText([one, one])).toBe(`${renderDiagnostic(one)}\n${renderDiagnostic(one)}\n`);
    expect(renderText([])).toBe("");
  });
});

describe("colours", () => {
  it.each([
    ["a terminal", true, {}, true],
    ["a pipe", false, {}, false],
    ["a dumb terminal", true, { TERM: "dumb" }, false],
    ["NO_COLOR", true, { NO_COLOR: "1" }, false],
    ["an empty NO_COLOR", true, { NO_COLOR: "" }, true],
    ["FORCE_COLOR", false, { FORCE_COLOR: "1" }, true],
    ["FORCE_COLOR=0", true, { FORCE_COLOR: "0" }, false],
    ["both", true, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
  ])("%s", (_what, isTTY, env, expected) => {
    const shown = renderDiagnostic(diagnostic(marked("«a»")), { style: styleFor({ isTTY, env }) });
    expect(shown.includes("\u001b[")).toBe(expected);
  });

  it("differ by how grave it is", () => {
    const style = styleFor({ isTTY: true, env: {} });
    const heads = (["error", "warning", "information"] as const).map(
      (severity) => renderDiagnostic(diagnostic(marked("«a»"), { severity }), { style }).split(":")[0],
    );
    expect(heads).toEqual([
      "\u001b[1m\u001b[31merror[MESH2001]\u001b[39m\u001b[22m\u001b[1m",
      "\u001b[1m\u001b[33mwarning[MESH2001]\u001b[39m\u001b[22m\u001b[1m",
      "\u001b[1m\u001b[36minformation[MESH2001]\u001b[39m\u001b[22m\u001b[1m",
    ]);
  });
});

describe("diagnostics for programs", () => {
  it("are one array with a line for each, positions counted as in the Language Server Protocol", () => {
    const place = marked("x\n😀 «vad»");
    const text = renderJson([
      { diagnostic: diagnostic(place), pathOf: (path) => `sub/${path}` },
      {
        diagnostic: diagnostic(place, {
          related: [{ place, message: "there" }],
          fixes: [{ title: "Do", applicability: "suggested", edits: [{ place, newText: "vad2" }] }],
        }),
      },
    ]);
    const range = { start: { line: 1, character: 3 }, end: { line: 1, character: 6 } };
    const common = { code: "MESH2001", severity: "error", message: "No." };
    expect(JSON.parse(text)).toEqual([
      { ...common, file: "sub/main.mesh", range, related: [], fixes: [] },
      {
        ...common,
        file: "main.mesh",
        range,
        related: [{ file: "main.mesh", range, message: "there" }],
        fixes: [{ title: "Do", applicability: "suggested", edits: [{ file: "main.mesh", range, newText: "vad2" }] }],
      },
    ]);
    expect(text.split("\n")).toHaveLength(5);
    expect(renderJson([])).toBe("[]\n");
  });
});

describe("text on a terminal", () => {
  it("takes columns, not characters", () => {
    expect(["a", "日", "e\u0301", "😀", "\t", ""].map(textWidth)).toEqual([1, 2, 1, 2, 4, 0]);
    expect(layOut("a\tb").map(({ column, width, offset }) => [column, width, offset])).toEqual([
      [0, 1, 0],
      [1, 3, 1],
      [4, 1, 2],
    ]);
  });

  it("shows control characters instead of obeying them", () => {
    expect(printable("a\u0007b\u009bc\u007f\nd")).toBe("a␇b\ufffdc␡\nd");
  });
});
