import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFormatter } from "../../grammar/format.ts";
import { parse } from "../../grammar/index.ts";
import { applyEdits } from "../../grammar/layout/edits.ts";
import { children, descendants } from "../../grammar/walk.ts";
import { isSameTree } from "../../grammar/same-tree.ts";
import { program } from "./support/program-generator.ts";
import { scattered } from "./support/scatter.ts";
import { envNumber } from "../support/env-number.ts";

const format = createFormatter();
const runs = envNumber("MESH_RUNS", 200);

function formatted(text: string): string {
  const result = format(text);
  if ("errors" in result) throw new Error(`not a program: ${result.errors[0]?.message}`);
  return result.text;
}

function tokensOf(text: string): string[] {
  return parse(text)
    .tokens.map((token) => token.text)
    .filter((token) => token !== ",");
}

function commentsOf(text: string): string[] {
  return parse(text)
    .comments.map((comment) => comment.text.replace(/\r\n?/g, "\n").trimEnd())
    .toSorted();
}

/** The text with what block comments hold taken out: their lines are nobody's business. */
function withoutComments(text: string): string {
  let result = text;
  for (const { span } of parse(text).comments.toReversed()) {
    const blank = "c".repeat(span.end - span.start);
    result = result.slice(0, span.start) + blank + result.slice(span.end);
  }
  return result;
}

function keepsEverything(text: string): void {
  const laidOut = formatted(text);
  expect(parse(laidOut).errors).toEqual([]);
  expect(isSameTree(parse(text).file, parse(laidOut).file)).toBe(true);
  expect(tokensOf(laidOut)).toEqual(tokensOf(text));
  expect(commentsOf(laidOut)).toEqual(commentsOf(text));
  expect(formatted(laidOut)).toBe(laidOut);
}

const isStatement: ReadonlySet<string> = new Set([
  ...["Port", "Requires", "Latency", "From", "Converts", "Join", "Marker", "Let", "Remote", "Flow", "Budget", "Target"],
  ...["Retry", "Timeout", "Breaker", "Via", "Resume", "Standby", "Auth", "Failback", "Runs", "PeerStrings", "Provides"],
  ...["AtStep", "FeedStep", "ExpectEmits", "ExpectUses", "ExpectGap", "ExpectLatency", "ExpectNo"],
]);
const bodies: ReadonlySet<string> = new Set(["Pipeline", "Node", "Interface", "Peer", "Policy", "Remote", "Scenario"]);

/** For the statements of each body on lines of their own: whether an empty line stands before each but the first. */
function groupsOf(text: string): boolean[][] {
  const { file, comments } = parse(text);
  return [...descendants(file)]
    .filter(({ kind }) => bodies.has(kind))
    .map((body) => {
      const below = children(body).filter(({ kind }) => isStatement.has(kind));
      return below.slice(1).flatMap((one, index) => {
        const from = below[index]?.span.end ?? 0;
        // Where comments stand between, they make groups too.
        if (comments.some(({ span }) => span.start >= from && span.end <= one.span.start)) return [];
        return [/\n[ \t\r,]*\n/.test(text.slice(from, one.span.start))];
      });
    });
}

describe("the layout of any program", () => {
  it("keeps the tree, the tokens and the comments, and settles at once", () => {
    fc.assert(fc.property(scattered(program), keepsEverything), { numRuns: runs });
  });

  it("is tidy: no space at line ends, no tabs, no two empty lines, one line end at the end", () => {
    fc.assert(
      fc.property(scattered(program), (text) => {
        const laidOut = formatted(text).replaceAll("\r\n", "\n");
        const plain = withoutComments(laidOut);
        expect(plain).not.toMatch(/[ \t]\n|\t|\n\n\n|^\n|\{\n\n|\n\n *\}/);
        expect(laidOut === "" || /[^\n]\n$/.test(laidOut)).toBe(true);
      }),
      { numRuns: runs },
    );
  });

  it("does not depend on the spaces within lines", () => {
    fc.assert(
      fc.property(program, fc.constantFrom("  ", "\t", " \t "), (text, space) => {
        let spread = text;
        for (const { span } of parse(text).tokens.toReversed()) {
          const before = spread.slice(0, span.start);
          spread = before.replace(/ $/, space) + spread.slice(span.start);
        }
        expect(formatted(spread)).toBe(formatted(text));
      }),
      { numRuns: runs },
    );
  });

  it("keeps the empty lines between statements, one for each group of them", () => {
    fc.assert(
      fc.property(scattered(program), (text) => {
        expect(groupsOf(formatted(text))).toEqual(groupsOf(text));
      }),
      { numRuns: runs },
    );
  });

  it("is told as edits of space and commas that lead to it", () => {
    fc.assert(
      fc.property(scattered(program), (text) => {
        const result = format(text);
        if ("errors" in result) throw new Error("not a program");
        expect(applyEdits(text, result.edits)).toBe(result.text);
        for (const { span } of result.edits) expect(span.start).toBeLessThanOrEqual(span.end);
      }),
      { numRuns: runs },
    );
  });

  it("can be had for a range: it stays a program, and the rest of its layout is the same", () => {
    const bound = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(scattered(program), bound, bound, (text, a, b) => {
        const range = {
          start: Math.floor(Math.min(a, b) * text.length),
          end: Math.floor(Math.max(a, b) * text.length),
        };
        const result = format(text, { range });
        if ("errors" in result) throw new Error("not a program");
        expect(isSameTree(parse(text).file, parse(result.text).file)).toBe(true);
        expect(commentsOf(result.text)).toEqual(commentsOf(text));
        expect(formatted(result.text)).toBe(formatted(text));
      }),
      { numRuns: runs },
    );
  });
});

describe("the layout of any text", () => {
  const piece = fc.constantFrom(
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "->",
    ",",
    ":",
    "\n",
    " ",
    "in ",
    "or",
    '"',
    "//",
    "/*",
  );
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const mutation = fc.record({ place, length: fc.nat(6), piece: fc.oneof(fc.constant(""), piece) });

  const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });

  it("refuses what has errors and keeps the rest, and never fails", { timeout: 300_000 }, () => {
    // Twenty mutations of each program: 4,000 in a usual run.
    const mutated = fc.tuple(scattered(program), fc.array(mutations, { minLength: 20, maxLength: 20 }));
    let kept = 0;
    fc.assert(
      fc.property(mutated, ([text, all]) => {
        for (const some of all) {
          let current = text;
          for (const { place: part, length, piece: added } of some) {
            const at = Math.floor(part * current.length);
            current = current.slice(0, at) + added + current.slice(at + length);
          }
          const { errors } = parse(current);
          const result = format(current);
          expect("errors" in result).toBe(errors.length > 0);
          if ("errors" in result) continue;
          kept += 1;
          keepsEverything(current);
        }
      }),
      { numRuns: runs },
    );
    // Enough of them are still programs for this to mean something.
    expect(kept).toBeGreaterThan(runs);
  });
});
