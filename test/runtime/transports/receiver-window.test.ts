import { describe, expect, it } from "vitest";
import { ReceiverWindow } from "../../../runtime/transports/webrtc/engines/werift/receiver-window.ts";

const kib = 1024;

/** A sender that fills the window, by steps of a millisecond, over a path of that rate. @returns the window at the end, in bytes */
function filled({ bytesPerMs, rttMs, share = 1 }: { bytesPerMs: number; rttMs: number; share?: number }): number {
  const window = new ReceiverWindow(128 * kib);
  let bytes = 128 * kib;
  for (let nowMs = 0; nowMs < 5_000; nowMs += 1) {
    bytes += window.arrived(Math.min(bytesPerMs, (share * bytes) / rttMs), rttMs, nowMs);
  }
  return bytes;
}

describe("what a receiver lets be under way", () => {
  it("grows on a long path until that is full", () => {
    expect(filled({ bytesPerMs: 1_500, rttMs: 100 })).toBe(256 * kib);
    expect(filled({ bytesPerMs: 9_000, rttMs: 20 })).toBe(256 * kib);
    expect(filled({ bytesPerMs: 6_000, rttMs: 200 })).toBe(1024 * kib);
  });

  it("stays as it is where that is enough, or where the sender has no more", () => {
    expect(filled({ bytesPerMs: 2_000, rttMs: 20 })).toBe(128 * kib);
    expect(filled({ bytesPerMs: 2_000, rttMs: 100, share: 0.5 })).toBe(128 * kib);
  });

  it("stays as it is where all of it may come while nobody reads", () => {
    expect(filled({ bytesPerMs: 100_000, rttMs: 1 })).toBe(128 * kib);
  });

  it("does not grow beyond a megabyte", () => {
    expect(filled({ bytesPerMs: 12_000, rttMs: 500 })).toBe(1024 * kib);
  });
});
