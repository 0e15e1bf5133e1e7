import { expect, it } from "vitest";
import { Burst } from "../../../runtime/remote/burst.ts";
import { virtualClock } from "./support/virtual-clock.ts";

function gathering() {
  const clock = virtualClock();
  const ends: number[] = [];
  const burst = new Burst(clock, () => ends.push(clock.nowMs));
  return { clock, ends, burst };
}

it("a frame alone goes at once, and nothing is scheduled for it", async () => {
  const { clock, ends, burst } = gathering();
  for (let turn = 0; turn < 5; turn += 1) {
    expect(burst.add()).toBe(true);
    expect([burst.isOpen, clock.pending]).toEqual([false, 0]);
    await clock.run(1);
  }
  expect(ends).toEqual([]);
});

it("what follows it at once is gathered until the turn ends, and what comes while a burst goes on for a millisecond", async () => {
  const { clock, ends, burst } = gathering();
  const turn = (frames: number): boolean[] => Array.from({ length: frames }, () => burst.add());
  expect(turn(2)).toEqual([true, false]);
  await clock.settle();
  expect(ends).toEqual([0]);
  await clock.run(1);
  // Two are no burst, four are.
  expect(turn(4)).toEqual([true, false, false, false]);
  await clock.settle();
  expect(ends).toEqual([0, 1]);
  expect(turn(1)).toEqual([false]);
  await clock.run(1);
  expect(ends).toEqual([0, 1, 2]);
  // One was no burst any more.
  expect(turn(1)).toEqual([true]);
});

it("what comes when there was no room is gathered as well", async () => {
  const { clock, ends, burst } = gathering();
  expect(burst.add()).toBe(true);
  burst.press();
  expect(clock.pending).toBe(0);
  await clock.run(5);
  expect(burst.add()).toBe(false);
  await clock.run(1);
  expect(ends).toEqual([6]);
  // It says once whether there still is none.
  await clock.run(1);
  expect(burst.add()).toBe(false);
  await clock.run(1);
  expect(ends).toEqual([6, 8]);
  expect(burst.add()).toBe(true);
});
