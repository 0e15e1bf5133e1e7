import fc from "fast-check";
import { expect, it } from "vitest";
import { parseControl } from "../../../runtime/remote/messages.ts";

const numbers = fc.oneof(
  fc.integer({ min: -2, max: 1_030 }),
  fc.constantFrom(0, 1, 1023, 1024, 1.5, 2 ** 53 - 1, 2 ** 53, -1, 1e300, "1", null, true, [1], {}),
);

it("takes of credits what is in bounds, with what belongs to one, and tells of all others what is wrong", () => {
  fc.assert(
    fc.property(numbers, numbers, numbers, (channel, frames, bytes) => {
      const isTotal = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
      const isChannel = isTotal(channel) && (channel as number) >= 1 && (channel as number) <= 1023;
      const text = JSON.stringify({ more: "from a later version", type: "credit", channel, frames, bytes });
      if (isChannel && isTotal(frames) && isTotal(bytes)) {
        expect(parseControl(text)).toEqual({ type: "credit", channel, frames, bytes });
      } else {
        const wrong = isChannel ? (isTotal(frames) ? "bytes" : "frames") : "channel";
        expect(() => parseControl(text)).toThrow(new RegExp(`in "credit", ${wrong}: `));
      }
    }),
    { numRuns: 500 },
  );
});
