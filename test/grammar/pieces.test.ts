import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse, type ParseResult } from "../../grammar/index.ts";
import { envNumber } from "../support/env-number.ts";
import { randomEdit, randomNumbers } from "../support/random-edit.ts";

/** A long session is asked for as `MESH_EDITS=10000`. */
const edits = envNumber("MESH_EDITS", 300);
const seed = envNumber("MESH_SEED", 1);

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
const examples = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".mesh") && !path.includes("node_modules"))
  .map((path) => readFileSync(`${folder}${path}`, "utf8"));
const sample = readFileSync(new URL("fixtures/assistant.mesh", import.meta.url), "utf8");

const all = ({ file, errors, comments, tokens }: ParseResult): unknown => ({ file, errors, comments, tokens });

describe("reading a text again after an edit", () => {
  it(`is the same as reading it anew, after each of ${edits} edits of examples`, () => {
    const random = randomNumbers(seed);
    let piecewise = 0;
    for (const source of [sample, ...examples]) {
      let text = source;
      let known = parse(text);
      for (let count = 0; count < edits / (examples.length + 1); count += 1) {
        // Mostly one edit of a right text, now and then several on top of each other.
        text = random(3) === 0 ? randomEdit(text, random).text : randomEdit(source, random).text;
        const before = known.pieces;
        known = known.again(text);
        if (before !== undefined && known.pieces?.some((one) => before.includes(one)) === true) piecewise += 1;
        const anew = parse(text);
        // As text, for that is quicker; which part it is shows where they are compared.
        if (JSON.stringify(all(known)) !== JSON.stringify(all(anew))) expect(all(known), text).toEqual(all(anew));
      }
    }
    expect(piecewise).toBeGreaterThan(edits / 10);
  });

  it("reads the declaration that was touched, and keeps the others", () => {
    const known = parse(sample);
    const next = known.again(sample.replace("confidence: float in 0..1", "confidence: float in 0..2"));
    const [before = [], after = []] = [known.pieces, next.pieces];
    expect(after).toHaveLength(before.length);
    expect(after.filter((one, index) => one.read !== before[index]?.read)).toHaveLength(1);
  });

  it.each([
    ["a comment that is opened", "record Word", "/* record Word"],
    ["a brace that is taken away", "start: duration, end: duration }", "start: duration, end: duration"],
    ["a declaration behind another one on its line", "}\n\nrecord Word", "} record Word"],
    ["documentation behind a declaration", "}\n\nrecord Word", "} /// of what?\nrecord Word"],
    ["a word between declarations", "\n\nrecord Word", "\n\nodd\nrecord Word"],
    ["everything taken away", sample, ""],
    ["a declaration more", "record Word", "enum Kind { a, b }\n\nrecord Word"],
    ["an import without its end", 'from "std/speech"', "from"],
  ])("is the same as anew for %s", (_, from, to) => {
    const text = sample.replace(from, to);
    expect(text).not.toBe(sample);
    const known = parse(sample);
    expect(all(known.again(text))).toEqual(all(parse(text)));
    expect(all(known.again(text).again(sample))).toEqual(all(known));
  });
});
