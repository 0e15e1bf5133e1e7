import fc from "fast-check";
import { expect, it } from "vitest";
import { FrameParts } from "../../../runtime/remote/frame-parts.ts";

it("gives what came, in order and in memory of its own, however small the parts are", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 1_500 }), (all) => {
      const [first = new Uint8Array(1), ...rest] = all;
      const parts = new FrameParts(first);
      for (const part of rest) parts.add(part);
      const whole = parts.whole();
      expect([...whole]).toEqual(all.flatMap((part) => [...part]));
      expect(whole.length).toBe(whole.buffer.byteLength);
    }),
    { numRuns: 50, examples: [[Array.from({ length: 1_025 }, (_, index) => Uint8Array.of(index))]] },
  );
});
