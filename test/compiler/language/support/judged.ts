/**
 * Programs that are judged as a reader of the design would: right ones get no diagnostic at all, warnings included, and
 * wrong ones exactly one for each mistake, of the right family and on the right line.
 */
import { expect, it } from "vitest";
import type { Diagnostic } from "../../../../compiler/diagnostics/diagnostic.ts";
import { compileText, summary } from "../../support/marked.ts";

type Files = Readonly<Record<string, string>>;

interface Mark {
  readonly start: number;
  readonly end: number;
}

/** A program that must be accepted. */
export function right(name: string, text: string, files?: Files): void {
  it(`right: ${name}`, () => {
    expect(told(compileText(text, files).diagnostics)).toEqual([]);
  });
}

/**
 * A program with a mistake at each `«…»`.
 * @param codes of each mistake, in the order of the text, its whole code such as `3001` or the digit of its family
 */
export function wrong(name: string, codes: string, marked: string, files?: Files): void {
  it(`wrong: ${name}`, () => {
    expectMistakes(codes, marked, files);
  });
}

/** Compiles a marked program and expects its mistakes and nothing else. */
export function expectMistakes(codes: string, marked: string, files?: Files): readonly Diagnostic[] {
  const { text, marks } = unmarked(marked);
  const { diagnostics } = compileText(text, files);
  const wanted = codes.split(" ");
  expect(marks, "a mark for each code").toHaveLength(wanted.length);
  const found = diagnostics.map(({ code, place }, at) => {
    const length = wanted[at]?.length ?? 4;
    return `${code.slice(4, 4 + length)} on line ${lineOf(text, place.span.start)}`;
  });
  const asked = wanted.map((code, at) => `${code} on line ${lineOf(text, marks[at]?.start ?? 0)}`);
  expect(found, told(diagnostics).join("\n")).toEqual(asked);
  diagnostics.forEach(({ place, message }, at) => {
    const underlined = text.slice(place.span.start, place.span.end);
    const mark = text.slice(marks[at]?.start, marks[at]?.end);
    // What is underlined is the mistake, not all that it spoils.
    if (!mark.includes("\n")) expect(underlined, message).not.toContain("\n");
  });
  return diagnostics;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\n|\r/).length;
}

/** The text without its marks, and where they stood. */
function unmarked(marked: string): { text: string; marks: readonly Mark[] } {
  const marks: Mark[] = [];
  let text = "";
  let start = 0;
  for (const part of marked.split(/([«»])/)) {
    if (part === "«") start = text.length;
    else if (part === "»") marks.push({ start, end: text.length });
    else text += part;
  }
  return { text, marks };
}

function told(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map((one) => `${summary(one)}: ${one.message}`);
}
