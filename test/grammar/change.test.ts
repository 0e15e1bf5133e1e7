import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeBetween } from "../../grammar/change.ts";

/** Long enough for strides, of few letters, so that what was put in often reads like what stands around it. */
const text = fc
  .array(fc.constantFrom("a", "b", "ab\n"), { maxLength: 40 })
  .chain((parts) => fc.integer({ min: 1, max: 300 }).map((times) => parts.join("").repeat(times)));

describe("where two texts differ", () => {
  it("is all of what was put in the place of what, and no more than that", () => {
    fc.assert(
      fc.property(
        text,
        fc.nat(),
        fc.nat({ max: 5_000 }),
        fc.constantFrom("", "a", "ab", "c", "ba\n"),
        (was, at, gone, put) => {
          const from = at % (was.length + 1);
          const now = was.slice(0, from) + put + was.slice(from + gone);
          const { start, end } = changeBetween(was, now);
          const behind = now.length - (was.length - end);
          expect(start).toBeLessThanOrEqual(end);
          expect(start).toBeLessThanOrEqual(behind);
          expect(was.slice(0, start) + now.slice(start, behind) + was.slice(end)).toBe(now);
          // Neither end could be closer to the other.
          expect(end > start && behind > start && was[start] === now[start]).toBe(false);
          expect(end > start && behind > start && was[end - 1] === now[behind - 1]).toBe(false);
        },
      ),
    );
  });
});
