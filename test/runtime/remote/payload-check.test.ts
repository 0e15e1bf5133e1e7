import { expect, it } from "vitest";
import type { FlowType, Schemas } from "../../../runtime/interface/caps.ts";
import type { JsonValue } from "../../../runtime/interface/frame.ts";
import { PayloadCheck } from "../../../runtime/remote/payload-check.ts";
import { checkJsonDepth } from "../../../runtime/remote/json-depth.ts";

const int: FlowType = { kind: "scalar", name: "int" };
const named = (name: string): FlowType => ({ kind: "named", name });
const field = (name: string, type: FlowType) => ({ name, type, optional: false });

const schemas: Schemas = {
  Line: { kind: "record", fields: [field("words", { kind: "list", element: named("Word") })] },
  Word: {
    kind: "record",
    fields: [field("startUs", int), field("grid", { kind: "list", element: { kind: "list", element: int } })],
  },
};

it.each<[string, FlowType, JsonValue, string | undefined]>([
  ["what fits", named("Line"), { words: [{ startUs: 1, grid: [[1], [2, 3]] }] }, undefined],
  ["the value itself", int, "1", "its value is not a number"],
  ["a field", named("Line"), { words: 1 }, "`words` is not a list"],
  ["one that is missing", named("Line"), {}, "`words` is missing"],
  [
    "a field of an item",
    named("Line"),
    {
      words: [
        { startUs: 1, grid: [] },
        { startUs: 1.5, grid: [] },
      ],
    },
    "`words[1].startUs` is not a whole number",
  ],
  [
    "an item of an item",
    named("Line"),
    { words: [{ startUs: 1, grid: [[1], [2, "3"]] }] },
    "`words[0].grid[1][1]` is not a number",
  ],
  [
    "a value of a map",
    { kind: "map", element: named("Word") },
    { a: { startUs: 1, grid: [] }, b: { startUs: 1, grid: 0 } },
    "`b.grid` is not a list",
  ],
])("names the place of what does not fit: %s", (_, type, value, problem) => {
  expect(new PayloadCheck(type, schemas).valueProblem(value)).toBe(problem);
});

it.each([
  ["[", 65, false],
  ["[", 64, true],
  ['{"a":', 65, false],
  ['{"a":', 64, true],
])("takes JSON of 64 levels and no more: %j %i times", (opening, levels, isTaken) => {
  const closing = opening === "[" ? "]" : "}";
  const text = `${opening.repeat(levels)}1${closing.repeat(levels)}`;
  if (isTaken) checkJsonDepth(text);
  else expect(() => checkJsonDepth(text)).toThrow("JSON is nested deeper than 64 levels");
});

it("takes any number of openings beside one another, and those in texts", () => {
  checkJsonDepth(JSON.stringify(Array.from({ length: 500 }, () => ({ a: [1] }))));
  checkJsonDepth(JSON.stringify({ text: "[{".repeat(500), quoted: '"[{'.repeat(100) }));
});
