import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unifiedDiff } from "../../../compiler/cli/unified-diff.ts";
import { style } from "../../../compiler/diagnostics/style.ts";
import { createFormatter } from "../../../grammar/format.ts";
import { program } from "../../grammar/support/program-generator.ts";
import { scattered } from "../../grammar/support/scatter.ts";

const format = createFormatter();
const plain = style({ color: false, hyperlinks: false });

function diffOf(text: string): { readonly diff: string; readonly laidOut: string } {
  const result = format(text);
  if ("errors" in result) throw new Error("not a program");
  return { diff: unifiedDiff("a.mesh", text, result.edits, plain), laidOut: result.text };
}

/** What `patch` does, without any of its tolerance. */
function patched(text: string, diff: string): string {
  const old = text.split("\n");
  const result: string[] = [];
  let next = 0;
  let ended = true;
  const lines = diff.split("\n").slice(2, -1);
  for (const [index, line] of lines.entries()) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$/.exec(line);
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === "0" ? 0 : 1);
      while (next < start) result.push(old[next++]!);
      expect(Number(hunk[3]) - (hunk[4] === "0" ? 0 : 1)).toBe(result.length);
    } else if (line.startsWith("\\")) {
      if (lines[index - 1]!.startsWith("+")) ended = false;
    } else {
      if (!line.startsWith("+")) expect(old[next++]).toBe(line.slice(1));
      if (!line.startsWith("-")) result.push(line.slice(1));
    }
  }
  const rest = old.slice(next);
  if (rest.length === 0 && ended) rest.push("");
  return [...result, ...rest].join("\n");
}

describe("the diff of a layout", () => {
  it("leads from the text to the layout", () => {
    fc.assert(
      fc.property(scattered(program), (text) => {
        const { diff, laidOut } = diffOf(text);
        expect(diff === "").toBe(text === laidOut);
        if (diff !== "") expect(patched(text, diff)).toBe(laidOut);
      }),
      { numRuns: 150 },
    );
  });

  it("shows three lines around each change", () => {
    const fields = Array.from({ length: 20 }, (_, index) => `  field_${index}: text`);
    const text = ["record R {", ...fields, "}", ""].join("\n").replace("field_9: ", "field_9:");
    expect(diffOf(text).diff).toBe(`--- a.mesh
+++ a.mesh
@@ -8,7 +8,7 @@
   field_6: text
   field_7: text
   field_8: text
-  field_9:text
+  field_9: text
   field_10: text
   field_11: text
   field_12: text
`);
  });

  it("says where a line end is missing", () => {
    expect(diffOf("record R {}").diff).toBe(
      "--- a.mesh\n+++ a.mesh\n@@ -1 +1 @@\n-record R {}\n\\ No newline at end of file\n+record R {}\n",
    );
  });
});
