/** Good programs that are broken in every way: never a crash, hardly ever more than one diagnostic. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "../../../grammar/index.ts";
import { Workspace } from "../../../compiler/check/workspace.ts";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { compileText, standard, summary } from "../support/marked.ts";

const programs = ["assistant", "studio", "desk"].map((name) => {
  const text = readFileSync(new URL(`./programs/${name}.mesh`, import.meta.url), "utf8");
  return { name, text, spans: parse(text).tokens.map((one) => one.span) };
});
const words = programs.flatMap(({ text, spans }) => spans.map(({ start, end }) => text.slice(start, end)));

/** Whole numbers from 0 up to a limit, the same ones each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

// One workspace for all of them: what does not change, the standard library above all, is not checked again for each.
const workspace = new Workspace(memoryHost({ "main.mesh": "" }, standard));
workspace.add("main.mesh");

function diagnosed(text: string): readonly Diagnostic[] {
  workspace.update("main.mesh", text);
  return workspace.program("main.mesh").diagnostics;
}

/** The number of diagnostics of each text; at most as many as `most`. */
function counts(texts: Iterable<{ readonly text: string; readonly what: string }>, most: number): number[] {
  const found: number[] = [];
  for (const { text, what } of texts) {
    const diagnostics = diagnosed(text);
    found[diagnostics.length] = (found[diagnostics.length] ?? 0) + 1;
    expect(diagnostics.length, `${what}\n${diagnostics.map(summary).join("\n")}`).toBeLessThanOrEqual(most);
  }
  return found;
}

/** Which part of all has more than so many diagnostics. */
function shareAbove(found: readonly number[], limit: number): number {
  const all = found.reduce((sum, one) => sum + one, 0);
  return found.slice(limit + 1).reduce((sum, one) => sum + one, 0) / all;
}

it.each(programs)("$name is right", ({ text }) => {
  expect(compileText(text).diagnostics.map(summary)).toEqual([]);
});

describe("a program that is still being typed", () => {
  it.each(programs)("$name, cut behind any token, keeps what is there and says one thing", ({ text, spans }) => {
    const whole = parse(text).file.declarations;
    const cut = spans.filter((_, index) => index % 3 === 0);
    const found = counts(
      cut.map(({ end }) => ({ text: text.slice(0, end), what: text.slice(0, end).split("\n").slice(-2).join("\n") })),
      2,
    );
    expect(shareAbove(found, 1)).toBeLessThan(0.02);
    for (const { end } of cut) {
      const there = parse(text.slice(0, end)).file.declarations;
      const before = whole.filter(({ span }) => span.end <= end);
      expect(there.slice(0, before.length).map(({ kind }) => kind)).toEqual(before.map(({ kind }) => kind));
    }
  });

  it.each(programs)("$name, with any line cut short, says few things", ({ text, spans }) => {
    const lines = spans.flatMap(({ end }, index) => {
      const lineEnd = text.indexOf("\n", end);
      if (index % 4 !== 0 || lineEnd < 0 || text.slice(end, lineEnd).trim() === "") return [];
      return [{ text: text.slice(0, end) + text.slice(lineEnd), what: text.slice(end - 40, end) }];
    });
    expect(shareAbove(counts(lines, 8), 2)).toBeLessThan(0.04);
  });
});

describe("a program with one token changed", () => {
  const changes: readonly (readonly [
    string,
    number,
    (before: string, word: string, after: string, other: string) => string,
  ])[] = [
    ["left out", 0.1, (before, _, after) => before + after],
    ["doubled", 0.06, (before, word, after) => `${before}${word} ${word}${after}`],
    ["replaced by another", 0.12, (before, _, after, other) => before + other + after],
    ["put before another", 0.1, (before, word, after, other) => `${before}${other} ${word}${after}`],
    ["with a letter changed", 0.16, (before, word, after, other) => before + (other[0] ?? "") + word.slice(1) + after],
  ];
  it.each(changes)("%s", (_, share, change) => {
    const pick = numbers(4711);
    const texts = Array.from({ length: 800 }, () => {
      const { text, spans } = programs[pick(programs.length)]!;
      const { start, end } = spans[pick(spans.length)]!;
      const other = words[pick(words.length)]!;
      const changed = change(text.slice(0, start), text.slice(start, end), text.slice(end), other);
      return { text: changed, what: `${text.slice(start - 30, start)}⟦${text.slice(start, end)}⟧ ${other}` };
    });
    expect(shareAbove(counts(texts, 8), 1)).toBeLessThan(share);
  });
});

describe("what no one writes", () => {
  const deep = 100_000;
  const thousand = Array.from({ length: 1000 }, (_, index) => `v${index}`).join(", ");
  const pipeline = (flow: string): string =>
    `node N { in text out text }\npipeline P {\n in a: text\n out b: text\n ${flow}\n}`;
  it.each<[string, string, number]>([
    ["200 lists in each other", `record R { x: ${"[".repeat(190)}int${"]".repeat(190)} }`, 0],
    ["a list too deep", `record R { x: ${"[".repeat(deep)}int${"]".repeat(deep)} }`, 1],
    ["maps too deep", `record R { x: ${"map<".repeat(deep)}int }`, 1],
    ["braces without end", "{".repeat(deep), 1],
    ["closing braces without end", "}".repeat(deep), 1],
    ["question marks without end", `record R { x: int${"?".repeat(2000)} }`, 0],
    ["one line of a million characters", pipeline(`a${" -> N()".repeat(1000)}${" ".repeat(1_000_000)}-> b`), 0],
    ["a name of a million letters", `record R { ${"x".repeat(1_000_000)}: int }`, 0],
    ["a string of a million letters", `node N(a: text = "${"x".repeat(1_000_000)}") { in text }`, 0],
    ["a comment of a million letters", `/*${"x".repeat(1_000_000)}*/ record R { x: int }`, 0],
    ["100,000 tokens", Array.from({ length: 50 }, (_, at) => `enum E${at} { ${thousand} }`).join("\n"), 0],
    [
      "a list of 50,000 values",
      `enum E { ${Array.from({ length: 50 }, (_, at) => thousand.replaceAll("v", `v${at}_`)).join(", ")} }`,
      1,
    ],
    ["zero bytes", "record R { x: int }\n\0\0\0\0", 1],
    ["half a character", "record R { x: int }\n\ud800", 1],
    ["half a character in a string", 'node N(a: text = "\udc00") { in text }', 0],
    ["a byte order mark in the middle", "record R {\uFEFF x: int }", 0],
    ["a string without its end at the end", 'node N(a: text = "', 1],
    ["a comment without its end at the end", "record R { x: int } /*", 1],
    ["an escape without its end", 'node N(a: text = "\\u', 1],
    ["a number of many digits", `node N(a: int = ${"9".repeat(400)}) { in text }`, 1],
    ["many dots", `node N(a: int = 1${".1".repeat(5000)}) { in text }`, 1],
    ["many minus signs", `node N(a: int = ${"-".repeat(5000)}1) { in text }`, 1],
    ["many arrows", pipeline(`a ${"-> ".repeat(5000)} b`), 1],
    ["many commas", `record R { x: int${",".repeat(5000)} }`, 1],
    ["many semicolons", pipeline("a -> b;;;;;"), 1],
    ["only an arrow", "->", 1],
    ["only a quote", '"', 1],
  ])("%s", (_, text, most) => {
    const { diagnostics } = compileText(text);
    expect(diagnostics.map((one) => one.message.slice(0, 200)).length).toBeLessThanOrEqual(most === 0 ? 0 : 2);
    if (most > 0) expect(diagnostics.length).toBeGreaterThan(0);
  });
});
