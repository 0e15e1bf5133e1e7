import { describe, expect, it } from "vitest";
import { seededRandom } from "../../support/real-clock.ts";
import { DelayWindow, targetMs, type Mark } from "../../../runtime/transports/webrtc/delay-window.ts";

const packet = 1_120;

/**
 * A sender that always has something, over a path of a rate, a length and a queue without an end: by steps of a tenth of a millisecond.
 * @returns of the last second, how long packets waited at most, and the share of the rate that was used
 */
function run(
  path: { bytesPerMs: (ms: number) => number; rttMs: number | ((ms: number) => number); jitterMs?: number },
  totalMs: number,
  mayWaitMs: number = targetMs,
) {
  const random = seededRandom(5);
  const window = new DelayWindow(4 * packet);
  const rttAt = (ms: number): number => (typeof path.rttMs === "number" ? path.rttMs : path.rttMs(ms));
  let flight = 0;
  let queued = 0;
  let credit = 0;
  const waits: number[] = [];
  const answers: { readonly atMs: number; readonly mark: Mark }[] = [];
  const queue: Mark[] = [];
  let passed = 0;
  let could = 0;
  for (let step = 0; step < totalMs * 10; step += 1) {
    const nowMs = step / 10;
    while ((answers[0]?.atMs ?? Infinity) <= nowMs) {
      const { mark } = answers.shift() as { mark: Mark };
      flight -= packet;
      window.arrived(packet, mark, nowMs, mayWaitMs);
    }
    // As long as nothing is known, as much as SCTP begins with.
    const most = window.rate === undefined ? 10 * packet : window.bytesFor(mayWaitMs, nowMs);
    while (flight < most) {
      queue.push(window.sent(flight === 0, nowMs));
      queued += packet;
      flight += packet;
    }
    window.wasFull(nowMs);
    const rate = path.bytesPerMs(nowMs);
    credit = Math.min(credit + rate / 10, packet + rate / 10);
    while (credit >= packet && queue.length > 0) {
      const mark = queue.shift() as Mark;
      credit -= packet;
      queued -= packet;
      const late = (path.jitterMs ?? 0) * random.next();
      answers.push({ atMs: Math.max(answers.at(-1)?.atMs ?? 0, nowMs + rttAt(nowMs) + late), mark });
      if (nowMs < totalMs - 1_000) continue;
      waits.push(nowMs - mark.sentMs);
      passed += packet;
    }
    if (nowMs >= totalMs - 1_000) could += rate / 10;
  }
  waits.sort((a, b) => a - b);
  return { waitMs: waits.at(-1) ?? 0, medianMs: waits[waits.length >> 1] ?? 0, used: passed / could, queued };
}

describe("what may be on its way so that little waits", () => {
  it("is without bound until something is known, and never less than was asked for", () => {
    const window = new DelayWindow(5_000);
    expect(window.bytesFor(targetMs, 0)).toBe(Infinity);
    const mark = window.sent(true, 0);
    expect(window.bytesFor(targetMs, 0)).toBe(Infinity);
    window.arrived(100, mark, 20, targetMs);
    expect(window.bytesFor(targetMs, 20)).toBe(5_000);
  });

  it.for([
    [2_000, 20],
    [300, 20],
    [20_000, 1],
    [5_000, 150],
  ] as const)("uses a path of %i kB/s and %i ms, and leaves a short queue on it", ([kilobytes, rttMs]) => {
    const { waitMs, used } = run({ bytesPerMs: () => kilobytes, rttMs }, 30_000);
    expect(used).toBeGreaterThan(0.9);
    // More is granted for a round trip now and then, to see whether the path takes it.
    expect(waitMs).toBeLessThan(Math.max(8, 0.3 * rttMs));
  });

  it.for([5, 20, 40])("uses a path whose delay varies by %i ms", (jitterMs) => {
    const { waitMs, used } = run({ bytesPerMs: () => 2_000, rttMs: 20, jitterMs }, 30_000);
    expect(used).toBeGreaterThan(0.85);
    expect(waitMs).toBeLessThan(jitterMs + 15);
  });

  it.for([8, 16, 80])("uses a path that looked %i ms shorter in the beginning", (ms) => {
    const { waitMs, used } = run({ bytesPerMs: () => 2_000, rttMs: (now) => (now < 100 ? 100 - ms : 100) }, 12_000);
    expect(used).toBeGreaterThan(0.9);
    expect(waitMs).toBeLessThan(30);
  });

  it.for([
    [2_000, 20],
    [10_000, 100],
    [20_000, 60],
  ] as const)("uses most of %i kB/s and %i ms by the twelfth round trip", ([rate, rttMs]) => {
    // In the second that follows queues are let run empty twice, to measure the path.
    const { used } = run({ bytesPerMs: () => rate, rttMs }, 1_000 + 12 * rttMs);
    expect(used).toBeGreaterThan(0.75);
  });

  it("grants something where the clock does not see that the path takes any time", () => {
    const window = new DelayWindow(4 * packet);
    for (let nowMs = 0; nowMs < 20_000; nowMs += 1) {
      window.arrived(packet, window.sent(true, nowMs), nowMs, targetMs);
      window.wasFull(nowMs);
      expect(window.bytesFor(targetMs, nowMs)).toBeGreaterThanOrEqual(4 * packet);
    }
  });

  it("is as large as before after a while in which little was wanted", () => {
    const window = new DelayWindow(4 * packet);
    const under: { readonly atMs: number; readonly mark: Mark }[] = [];
    let before = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 1) {
      while ((under[0]?.atMs ?? Infinity) <= nowMs) window.arrived(packet, under.shift()?.mark, nowMs, targetMs);
      const isFull = nowMs < 3_000;
      if (isFull || nowMs % 50 === 0) under.push({ atMs: nowMs + 20, mark: window.sent(under.length === 0, nowMs) });
      if (isFull) window.wasFull(nowMs);
      if (nowMs === 2_999) before = window.bytesFor(targetMs, nowMs);
    }
    expect(before).toBeGreaterThan(20 * packet);
    // It may have been a round trip in which more was granted.
    expect(window.bytesFor(targetMs, 10_000)).toBeGreaterThanOrEqual(0.8 * before);
  });

  it("follows a path that becomes slower, and one that becomes faster", () => {
    const slower = run({ bytesPerMs: (ms) => (ms < 10_000 ? 4_000 : 400), rttMs: 20 }, 30_000);
    expect(slower.used).toBeGreaterThan(0.9);
    expect(slower.waitMs).toBeLessThan(15);
    const faster = run({ bytesPerMs: (ms) => (ms < 10_000 ? 400 : 4_000), rttMs: 20 }, 30_000);
    expect(faster.used).toBeGreaterThan(0.9);
    expect(faster.waitMs).toBeLessThan(15);
  });

  it("follows a path that becomes longer, within a second, and one that becomes shorter", () => {
    for (const rates of [400, 2_000, 10_000]) {
      const longer = run({ bytesPerMs: () => rates, rttMs: (ms) => (ms < 8_000 ? 5 : 60) }, 10_000);
      expect(longer.used).toBeGreaterThan(0.85);
      expect(longer.waitMs).toBeLessThan(25);
    }
    const shorter = run({ bytesPerMs: () => 2_000, rttMs: (ms) => (ms < 8_000 ? 60 : 5) }, 12_000);
    expect(shorter.used).toBeGreaterThan(0.9);
    expect(shorter.waitMs).toBeLessThan(15);
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
      window.wasFull(nowMs);
      for (const mark of waiting) window.arrived(packet, mark, nowMs, targetMs);
      waiting = [];
    }
    expect(window.rate).toBeLessThan(1.1 * packet);
  });
});
