import { describe, expect, it } from "vitest";
import { PictureRate } from "../../../runtime/platform/picture-rate.ts";

const hd = { width: 1280, height: 720, fps: 30 };

describe("the bit rate of a page's camera", () => {
  it("begins with what its pictures are worth", () => {
    const rate = new PictureRate();
    rate.begin(hd);
    expect(rate.bitrate).toBe(2_764_800);
    rate.begin({ width: 320, height: 240, fps: 15 });
    expect(rate.bitrate).toBe(115_200);
  });

  it("becomes less once a second where there is no room, down to what still shows something", () => {
    const rate = new PictureRate();
    rate.begin(hd);
    const changed: number[] = [];
    for (let ms = 0; ms < 10_000; ms += 33) if (rate.leftOut(ms)) changed.push(rate.bitrate);
    expect(changed[0]).toBe(1_658_880);
    expect(changed.length).toBeLessThanOrEqual(10);
    expect(rate.bitrate).toBe(100_000);
  });

  it("becomes more again where there is, slowly, and never more than at the beginning", () => {
    const rate = new PictureRate();
    rate.begin(hd);
    rate.leftOut(0);
    rate.leftOut(1_000);
    const less = rate.bitrate;
    expect(rate.taken(4_900)).toBe(false);
    expect(rate.taken(5_000)).toBe(true);
    expect(rate.bitrate).toBe(Math.round(less * 1.5));
    for (let ms = 5_000; ms < 40_000; ms += 33) rate.taken(ms);
    expect(rate.bitrate).toBe(2_764_800);
  });
});
