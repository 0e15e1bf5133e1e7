import { describe, expect, it } from "vitest";
import { PicturePlayout } from "../../../runtime/platform/picture-playout.ts";

const pictureS = 1 / 30;

/** Gives pictures as they come. @returns how long each waits to be shown, without those that are left out */
function show(playout: PicturePlayout, from: { nowS: number; mediaS: number }, count: number, stepS: number) {
  const waits: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const nowS = from.nowS + index * stepS;
    const atS = playout.place(nowS, from.mediaS + index * pictureS);
    if (atS !== undefined) waits.push(atS - nowS);
  }
  return { waits, left: count - waits.length };
}

describe("pictures that a page shows itself", () => {
  it("are shown as far apart as they were taken, however they come", () => {
    const playout = new PicturePlayout();
    const times = [0, 0.01, 0.09, 0.1, 0.16].map((nowS, index) => playout.place(nowS, 7 + index / 25) ?? Number.NaN);
    expect(times.map((atS, index) => atS - (times[index - 1] ?? atS))).toEqual([
      0,
      ...Array(4).fill(expect.closeTo(0.04)),
    ]);
    expect(times[0]).toBeCloseTo(0.06);
  });

  it("are shown at their time where a machine makes them ahead of it", () => {
    const { waits, left } = show(new PicturePlayout(), { nowS: 0, mediaS: 0 }, 900, pictureS / 10);
    expect(left).toBe(0);
    expect(waits.at(-1)).toBeCloseTo(0.06 + 899 * pictureS * 0.9);
  });

  it("are left out until they come in time again, where their connection stood still", () => {
    const playout = new PicturePlayout();
    show(playout, { nowS: 0, mediaS: 0 }, 90, pictureS);
    // A second of them comes at once.
    const burst = show(playout, { nowS: 4, mediaS: 3 }, 30, 0);
    const after = show(playout, { nowS: 4 + pictureS, mediaS: 4 }, 300, pictureS);
    expect(after.waits.at(-1)).toBeCloseTo(0.06);
    const left = burst.left + after.left;
    expect(left).toBeGreaterThan(0);
    // No more than they were late.
    expect(left * pictureS).toBeLessThan(1.06);
  });

  it("wait no longer than the one that comes last of a while needs", () => {
    const playout = new PicturePlayout();
    const waits: number[] = [];
    for (let index = 0; index < 600; index += 1) {
      // For two seconds they come up to 140 ms late, then up to 40.
      const lateS = (index < 60 ? 0.14 : 0.04) * ((index * 7) % 10 === 0 ? 1 : 0);
      const mediaS = index * pictureS;
      waits.push((playout.place(mediaS + lateS, mediaS) ?? Number.NaN) - mediaS);
    }
    expect(Math.max(...waits.slice(20, 60))).toBeGreaterThan(0.14);
    expect(waits.at(-1)).toBeCloseTo(0.04 + 0.06);
  });

  it("are not waited for where media time leaps, or begins anew", () => {
    const playout = new PicturePlayout();
    playout.place(0, 5);
    expect(playout.place(0.1, 500)).toBeCloseTo(0.16);
    expect(playout.place(0.2, 0)).toBeCloseTo(0.26);
    playout.restart();
    expect(playout.place(0.3, 0.5)).toBeCloseTo(0.36);
  });
});
