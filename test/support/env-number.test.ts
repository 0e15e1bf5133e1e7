import { expect, it } from "vitest";
import { envNumber } from "./env-number.ts";

it("takes what a variable says, or what there is otherwise", () => {
  expect(envNumber("RUNS", 200, {})).toBe(200);
  expect(envNumber("RUNS", 200, { RUNS: "200000" })).toBe(200_000);
});

it.each(["abc", "", "0", "-3", "1.5", "1e9", "99999999999"])("says in a line that %j is no number of runs", (text) => {
  expect(() => envNumber("RUNS", 200, { RUNS: text })).toThrow(
    `RUNS is a whole number from 1 to 2147483647, such as 200, not "${text}".`,
  );
});
