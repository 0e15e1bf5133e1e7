import { describe, expect, it } from "vitest";
import { Pace } from "../../../runtime/remote/tracks/pace.ts";

const startUs = 5_000_000;
/** What a camera of 30 pictures in a second does at times. */
const unevenSteps = [33_000, 34_000, 17_000, 50_000, 33_000, 16_000, 34_000, 67_000, 33_000];

describe("R4.3 tracks of one session", () => {
  it("stay in step where pictures come 300 ms behind the sound, through a slow node", () => {
    const pace = new Pace();
    const [sound, pictures] = [{}, {}];
    const due = (stream: object, mediaUs: number, behindUs: number) =>
      pace.place(stream, mediaUs, startUs + mediaUs + behindUs);
    expect(due(sound, 0, 0).dueUs).toBe(startUs);
    let mediaUs = 40_000;
    let jumps = 0;
    for (const stepUs of Array.from({ length: 20 }, () => unevenSteps).flat()) {
      due(sound, mediaUs, 0);
      const placed = due(pictures, mediaUs, 300_000);
      expect(placed.dueUs).toBe(startUs + mediaUs);
      if (placed.isJump) jumps += 1;
      mediaUs += stepUs;
    }
    // The first picture alone is one whose time the other side has to be told.
    expect(jumps).toBe(1);
  });

  it("are timed anew where one has waited for its source", () => {
    const pace = new Pace();
    const speech = {};
    expect(pace.place(speech, 0, startUs).dueUs).toBe(startUs);
    expect(pace.place(speech, 20_000, startUs + 20_000).dueUs).toBe(startUs + 20_000);
    // A machine that speaks has made nothing for a second; its media time stood still.
    expect(pace.place(speech, 40_000, startUs + 1_000_000)).toEqual({ dueUs: startUs + 1_000_000, isJump: true });
    expect(pace.place(speech, 60_000, startUs + 1_020_000)).toEqual({ dueUs: startUs + 1_020_000, isJump: false });
  });
});
