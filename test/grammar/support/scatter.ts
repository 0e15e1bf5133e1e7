/** Puts comments and space into programs, wherever they may stand. */
import * as fc from "fast-check";
import { parse } from "../../../grammar/index.ts";

/** What goes into one gap between two tokens. */
interface Change {
  /** Where, as a part of the text. */
  readonly place: number;
  readonly comment: string;
  readonly before: string;
  readonly after: string;
}

const spaces = ["", " ", "   ", "\t", "\n", "\n\n\n", "\r\n", "\n  "];
const comments = [
  "// line",
  "/// documentation",
  "/* block */",
  "/* two\n   lines */",
  "/* /* nested */ */",
  "//// many",
];

const change: fc.Arbitrary<Change> = fc.record({
  place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  comment: fc.oneof(fc.constant(""), fc.constantFrom(...comments)),
  before: fc.constantFrom(...spaces),
  after: fc.constantFrom(...spaces),
});

/** The gaps of a text: behind each token and comment up to the next. */
function gapsOf(text: string): { readonly start: number; readonly end: number }[] {
  const { tokens, comments: found } = parse(text);
  const pieces = [...tokens, ...found].map(({ span }) => span).toSorted((a, b) => a.start - b.start);
  const starts = [0, ...pieces.map(({ end }) => end)];
  return starts.map((start, index) => ({ start, end: pieces[index]?.start ?? text.length }));
}

function changed(text: string, { place, comment, before, after }: Change, index: number): string {
  const gaps = gapsOf(text);
  const { start, end } = gaps[Math.floor(place * gaps.length)]!;
  // Each comment is one of a kind, so that a lost one cannot hide behind another.
  const marked = comment.startsWith("//") ? `${comment} ${index}\n` : comment.replace("/*", `/* ${index}`);
  const space = comment === "" ? before : before + marked + after;
  // Space that is changed, or added to what was there.
  return text.slice(0, start) + space + (comment === "" ? "" : text.slice(start, end)) + text.slice(end);
}

/** The text with changes that leave it a program: one that would not is left out. */
export function scattered(program: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(program, fc.array(change, { maxLength: 10 })).map(([text, changes]) => {
    let current = text;
    for (const [index, one] of changes.entries()) {
      const next = changed(current, one, index);
      if (parse(next).errors.length === 0) current = next;
    }
    return current;
  });
}
