import { describe, expect, it } from "vitest";
import { Playout } from "../../../runtime/platform/playout.ts";

const piece = 0.02;
const [loud, quiet] = [0.2, 0.005];

/** A voice of 20 ms pieces, each second with a pause of 300 ms. */
const speaking = (index: number): number => (index % 50 < 35 ? loud : quiet);

/** Gives pieces as they come. @returns how far ahead each was placed, and how many were left out */
function play(playout: Playout, fromS: number, count: number, stepS: number, loudness: (index: number) => number) {
  const delays: number[] = [];
  let left = 0;
  for (let index = 0; index < count; index += 1) {
    const nowS = fromS + index * stepS;
    const atS = playout.place(nowS, piece, loudness(index));
    if (atS === undefined) left += 1;
    else delays.push(atS - nowS);
  }
  return { delays, left, last: delays.at(-1) ?? Number.NaN };
}

describe("sound that a page plays itself", () => {
  it("is played one piece after another, a little after it has come", () => {
    const { delays, left } = play(new Playout(), 1, 500, piece, speaking);
    expect(left).toBe(0);
    for (const delay of delays) expect(delay).toBeCloseTo(0.06);
  });

  it("leaves out pauses until it is in time again, where its connection stood still", () => {
    const playout = new Playout();
    play(playout, 1, 100, piece, speaking);
    // Two seconds of it come at once.
    expect(play(playout, 5, 100, 0, speaking)).toMatchObject({ left: 0, last: expect.closeTo(2.04) });
    const after = play(playout, 5.02, 1_000, piece, speaking);
    expect(after.last).toBeCloseTo(0.06, 1);
    // No word of it: what is left out is as long as it was late, and all of it pauses.
    expect(after.left * piece).toBeCloseTo(2.06 - after.last, 1);
  });

  it("leaves out nothing of what a machine says faster than it plays", () => {
    const fast = play(new Playout(), 1, 1_000, piece / 2, speaking);
    expect(fast.left).toBe(0);
    expect(fast.last).toBeGreaterThan(9);
    expect(play(new Playout(), 1, 1_000, piece / 1.1, speaking).left).toBe(0);
  });

  it("is not held without end by a page that may not play yet", () => {
    const playout = new Playout();
    let most = 0;
    for (let index = 0; index < 1_000; index += 1) {
      if (playout.isStale(0, false)) playout.restart();
      playout.place(0, piece, loud);
      most = Math.max(most, playout.aheadOf(0));
    }
    expect(most).toBeLessThan(0.6);
    // Once it plays, what is new is heard soon.
    expect(playout.isStale(0, true)).toBe(false);
  });
});
