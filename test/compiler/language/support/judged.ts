/**
 * Programs that are judged: right ones that get no diagnostic at all, and wrong ones that get exactly the ones they
 * are marked with.
 */
import { expect, it } from "vitest";
import type { Diagnostic } from "../../../../compiler/diagnostics/diagnostic.ts";
import { compileText, summary } from "../../support/marked.ts";

type Files = Readonly<Record<string, string>>;

/** A program that must be accepted without any diagnostic, warnings included. */
export function right(name: string, text: string, files?: Files): void {
  it(name, () => {
    if (process.env.JUDGE !== undefined) {
      const d = list(compileText(text, files).diagnostics);
      if (d.length > 0) console.log(`DISAGREE right ${name}\n  ${d.join("\n  ")}`);
      else console.log("AGREE right");
      return;
    }
    expect(list(compileText(text, files).diagnostics)).toEqual([]);
  });
}

/**
 * A program with a mistake. `«` and `»` stand around what must be underlined; where a program has several mistakes there is
 * a code for each pair, in the order of the text.
 */
export function wrong(name: string, codes: string, marked: string, files?: Files): void {
  it(name, () => {
    const { text, marks } = unmarked(marked);
    const { diagnostics } = compileText(text, files);
    if (process.env.JUDGE !== undefined) return lenient(name, codes, text, marks, diagnostics);
    const wanted = codes.split(" ").map((code, at) => {
      const [start, end] = marks[at] as Mark;
      return `MESH${code} ${text.slice(0, start).split("\n").length}: ${text.slice(start, end)}`;
    });
    expect(diagnostics.map(summary), diagnostics.map((one) => one.message).join("\n")).toEqual(wanted);
  });
}

type Mark = readonly [start: number, end: number];

/** The text without its marks, and where they stood. */
function unmarked(marked: string): { text: string; marks: readonly Mark[] } {
  const marks: Mark[] = [];
  let text = "";
  let start = 0;
  for (const part of marked.split(/([«»])/)) {
    if (part === "«") start = text.length;
    else if (part === "»") marks.push([start, text.length]);
    else text += part;
  }
  return { text, marks };
}

function list(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map((one) => `${summary(one)}\n${one.message}`);
}

function lenient(
  name: string,
  codes: string,
  text: string,
  marks: readonly Mark[],
  diagnostics: readonly Diagnostic[],
): void {
  const told = diagnostics
    .map(
      (one) =>
        `  ${summary(one)}\n      ${one.message}\n      ${JSON.stringify((one as any).notes ?? (one as any).hint ?? "")}`,
    )
    .join("\n");
  const got = diagnostics.map((one) => [one.code[4], text.slice(0, one.place.span.start).split("\n").length]);
  const want = codes.split(" ").map((code, at) => [code[0], text.slice(0, marks[at]?.[0] ?? 0).split("\n").length]);
  console.log(
    `${JSON.stringify(got) === JSON.stringify(want) ? "AGREE" : "DISAGREE"} ${name} (${codes} @${marks.map(([a, b]) => text.slice(a, b))})\n${told}`,
  );
}
