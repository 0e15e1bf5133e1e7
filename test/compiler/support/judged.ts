import { describe, expect, it } from "vitest";
import { createFormatter, parse } from "../../../grammar/index.ts";
import { isSameTree } from "../../../grammar/same-tree.ts";
import { readPlan } from "../../../runtime/interface/plan.ts";
import { compileText, summary } from "./marked.ts";

const format = createFormatter();

interface Marked {
  readonly text: string;
  /** `MESH5001 3: answer` for each mark, as {@link summary} writes a diagnostic. */
  readonly wanted: readonly string[];
}

/** Takes marks such as `«5001 answer»`: around the place of a diagnostic, with the digits of its code. */
function readMarks(program: string): Marked {
  const wanted: string[] = [];
  const text = program.replaceAll(/«(\d{4}) ([^»]*)»/gu, (_, code: string, place: string, at: number) => {
    const line = program.slice(0, at).split("\n").length;
    wanted.push(`MESH${code} ${line}: ${place}`);
    return place;
  });
  return { text, wanted };
}

/** What is accepted becomes a plan that the runtime reads, and has a layout that is final and says the same. */
function expectPlanAndLayout(text: string, planned: unknown): void {
  expect(readPlan(structuredClone(planned))).toEqual(planned);
  const once = format(text);
  if ("errors" in once) throw new Error("accepted, but not laid out");
  expect(isSameTree(parse(text).file, parse(once.text).file)).toBe(true);
  expect(format(once.text)).toEqual({ text: once.text, edits: [] });
}

/**
 * Judges programs: each gives the diagnostics that its marks announce, no more and no fewer; none is right.
 *
 * @param programs by what they are about; they start at the first line of the whole
 * @param whole what the program is put into, such as declarations that all of a table share
 */
export function judge(
  topic: string,
  programs: Readonly<Record<string, string>>,
  whole: (program: string) => string = (program) => program,
): void {
  describe(topic, () => {
    it.each(Object.entries(programs))("%s", (_, program) => {
      const { text, wanted } = readMarks(whole(program));
      const { diagnostics, plan } = compileText(text);
      const found = diagnostics.map(summary);
      expect(found.toSorted(), diagnostics.map((one) => one.message).join("\n")).toEqual(wanted.toSorted());
      if (plan !== undefined) expectPlanAndLayout(text, plan);
    });
  });
}
