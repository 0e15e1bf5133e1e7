import { describe, expect, it } from "vitest";
import { Lateness } from "../../../runtime/platform/lateness.ts";

/** Frames of 33 ms; each is under way for so long. */
function send(lateness: Lateness, fromMs: number, count: number, tookMs: (index: number) => number) {
  const arrives: number[] = [];
  let late = 0;
  for (let index = 0; index < count; index += 1) {
    const nowMs = fromMs + index * 33;
    if (lateness.isLate(nowMs, arrives.filter((atMs) => atMs > nowMs).length)) late += 1;
    else {
      lateness.wrote(nowMs);
      arrives.push(nowMs + tookMs(index));
    }
  }
  return late;
}

describe("frames of which not all have arrived", () => {
  it("are in time on a way that is long, but takes them all", () => {
    expect(send(new Lateness(), 0, 300, () => 20)).toBe(0);
    // But for the first ones, before it is known how long it is.
    expect(send(new Lateness(), 0, 300, () => 450)).toBeLessThan(8);
  });

  it("are late once they wait for one another, until those have arrived", () => {
    const lateness = new Lateness();
    expect(send(lateness, 0, 60, () => 100)).toBe(0);
    // Each takes 50 ms more than the one before.
    const late = send(lateness, 2_000, 60, (index) => 100 + index * 50);
    expect(late).toBeGreaterThan(20);
    expect(send(lateness, 10_000, 60, () => 100)).toBe(0);
  });

  it("are in time again on a way that has become longer", () => {
    const lateness = new Lateness();
    send(lateness, 0, 60, () => 40);
    expect(send(lateness, 2_000, 90, () => 400)).toBeGreaterThan(10);
    expect(send(lateness, 10_000, 90, () => 400)).toBe(0);
    // And where it is shorter again, the less is enough to be late.
    send(lateness, 20_000, 90, () => 40);
    expect(send(lateness, 30_000, 30, () => 300)).toBeGreaterThan(5);
  });

  it("are late where nothing arrives at all", () => {
    const lateness = new Lateness();
    expect(send(lateness, 0, 300, () => 1e9)).toBeGreaterThan(280);
  });
});
