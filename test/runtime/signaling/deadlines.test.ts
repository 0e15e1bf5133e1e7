import { expect, it } from "vitest";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { Deadlines, type Deadline } from "../../../runtime/signaling/deadlines.ts";
import { fc } from "./property.ts";

interface Named extends Deadline {
  readonly name: number;
}

function named(count: number): Named[] {
  return Array.from({ length: count }, (_, name) => ({ name, dueUs: 0, place: -1 }));
}

it("deadlines fall due in their order and each at its time, by one timer, however they are put off, brought forward and taken out", () => {
  const step = fc.record({
    who: fc.nat(19),
    what: fc.oneof(fc.record({ inMs: fc.integer({ min: 1, max: 50 }) }), fc.constantFrom("out" as const)),
    waitMs: fc.nat(8),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const clock = virtualClock();
      const all = named(20);
      const expected = new Map<number, number>();
      const deadlines = new Deadlines<Named>(clock, ({ name }) => {
        expect(expected.get(name)).toBe(clock.nowUs());
        expected.delete(name);
      });
      for (const { who, what, waitMs } of steps) {
        const one = all[who] as Named;
        if (what === "out") {
          deadlines.delete(one);
          expected.delete(who);
        } else {
          const dueUs = clock.nowUs() + what.inMs * 1_000;
          deadlines.set(one, dueUs);
          expected.set(who, dueUs);
        }
        expect(clock.pending).toBe(expected.size === 0 ? 0 : 1);
        clock.advance(waitMs);
      }
      clock.advance(60);
      expect(expected.size).toBe(0);
      expect(clock.pending).toBe(0);
      expect(all.every(({ place }) => place === -1)).toBe(true);
    }),
  );
});

it("what falls due may set itself anew, and all may be taken out at once", () => {
  const clock = virtualClock();
  const times: number[] = [];
  const [one, other] = named(2) as [Named, Named];
  const deadlines = new Deadlines<Named>(clock, (due) => {
    times.push(clock.nowUs() / 1_000);
    deadlines.set(due, clock.nowUs() + 10_000);
  });
  deadlines.set(one, 10_000);
  clock.advance(35);
  expect(times).toEqual([10, 20, 30]);
  deadlines.set(other, clock.nowUs() + 1_000);
  deadlines.clear();
  clock.advance(100);
  expect(times).toHaveLength(3);
  expect(clock.pending).toBe(0);
});
