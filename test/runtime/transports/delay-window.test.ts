import { describe, expect, it } from "vitest";
import { DelayWindow, type Mark } from "../../../runtime/transports/webrtc/delay-window.ts";

const packet = 1_120;

/**
 * A sender that always has something, over a path of a rate, a length and a queue without an end: by steps of a tenth of a millisecond.
 * @returns of the last second, how long packets waited at most, and the share of the rate that was used
 */
function run(path: { bytesPerMs: (ms: number) => number; rttMs: number | ((ms: number) => number) }, totalMs: number) {
  const window = new DelayWindow(10 * packet);
  const rttAt = (ms: number): number => (typeof path.rttMs === "number" ? path.rttMs : path.rttMs(ms));
  let flight = 0;
  let queued = 0;
  let credit = 0;
  let waitMs = 0;
  const answers: { readonly atMs: number; readonly mark: Mark }[] = [];
  const queue: Mark[] = [];
  let passed = 0;
  let could = 0;
  for (let step = 0; step < totalMs * 10; step += 1) {
    const nowMs = step / 10;
    while ((answers[0]?.atMs ?? Infinity) <= nowMs) {
      const { mark } = answers.shift() as { mark: Mark };
      flight -= packet;
      window.arrived(packet, mark, nowMs);
    }
    while (flight < Math.min(window.bytesFor(), 2_000_000)) {
      queue.push(window.sent(flight === 0, nowMs));
      queued += packet;
      flight += packet;
    }
    const rate = path.bytesPerMs(nowMs);
    credit = Math.min(credit + rate / 10, packet + rate / 10);
    while (credit >= packet && queue.length > 0) {
      const mark = queue.shift() as Mark;
      credit -= packet;
      queued -= packet;
      answers.push({ atMs: nowMs + rttAt(nowMs), mark });
      if (nowMs < totalMs - 1_000) continue;
      waitMs = Math.max(waitMs, nowMs - mark.sentMs);
      passed += packet;
    }
    if (nowMs >= totalMs - 1_000) could += rate / 10;
  }
  return { waitMs, used: passed / could, queued };
}

describe("what may be on its way so that little waits", () => {
  it("is without bound until something is known, and never less than was asked for", () => {
    const window = new DelayWindow(5_000);
    expect(window.bytesFor()).toBe(Infinity);
    const mark = window.sent(true, 0);
    expect(window.bytesFor()).toBe(Infinity);
    window.arrived(100, mark, 20);
    expect(window.bytesFor()).toBe(5_000);
  });

  it.for([
    [2_000, 20],
    [300, 20],
    [20_000, 1],
    [5_000, 150],
  ] as const)("uses a path of %i kB/s and %i ms, and leaves a short queue on it", ([kilobytes, rttMs]) => {
    const { waitMs, used } = run({ bytesPerMs: () => kilobytes, rttMs }, 30_000);
    expect(used).toBeGreaterThan(0.9);
    // Ten packets are granted always.
    expect(waitMs).toBeLessThan(Math.max(25, 0.4 * rttMs, (11 * packet) / kilobytes));
  });

  it("follows a path that becomes slower, and one that becomes faster", () => {
    const slower = run({ bytesPerMs: (ms) => (ms < 10_000 ? 4_000 : 400), rttMs: 20 }, 30_000);
    expect(slower.used).toBeGreaterThan(0.9);
    expect(slower.waitMs).toBeLessThan(30);
    const faster = run({ bytesPerMs: (ms) => (ms < 10_000 ? 400 : 4_000), rttMs: 20 }, 30_000);
    expect(faster.used).toBeGreaterThan(0.9);
    expect(faster.waitMs).toBeLessThan(25);
  });

  it("follows a path that becomes longer, within a second, and one that becomes shorter", () => {
    for (const rates of [400, 2_000, 10_000]) {
      const longer = run({ bytesPerMs: () => rates, rttMs: (ms) => (ms < 8_000 ? 5 : 60) }, 10_000);
      expect(longer.used).toBeGreaterThan(0.85);
      expect(longer.waitMs).toBeLessThan(Math.max(40, (12 * packet) / rates));
    }
    const shorter = run({ bytesPerMs: () => 2_000, rttMs: (ms) => (ms < 8_000 ? 60 : 5) }, 12_000);
    expect(shorter.used).toBeGreaterThan(0.9);
    expect(shorter.waitMs).toBeLessThan(25);
  });

  it("is not taken in by answers that come late and all at once", () => {
    const window = new DelayWindow(packet);
    let nowMs = 0;
    let waiting: Mark[] = [];
    // 1,120 kB/s, and every tenth millisecond the answers of the time since; 20 ms on the way.
    const path: { readonly atMs: number; readonly mark: Mark }[] = [];
    for (; nowMs < 2_000; nowMs += 1) {
      path.push({ atMs: nowMs + 20, mark: window.sent(nowMs === 0, nowMs) });
      while ((path[0]?.atMs ?? Infinity) <= nowMs) waiting.push((path.shift() as { mark: Mark }).mark);
      if (nowMs % 100 !== 0) continue;
      for (const mark of waiting) window.arrived(packet, mark, nowMs);
      waiting = [];
    }
    expect(window.bytesFor()).toBeLessThan(2 * packet * 30);
  });
});
