import { describe, expect, it } from "vitest";
import { Ledger, UnderWay } from "../../../runtime/transports/webrtc/under-way.ts";
import { virtualClock } from "../remote/support/virtual-clock.ts";

const messageBytes = 16_000;

/**
 * A flood over a path that passes so many bytes a millisecond; the other side answers after the round trip.
 * @returns of the last second, how long messages waited beside the time of the path at most, and the share of the path that was used
 */
async function flood(bytesPerMs: number, rttMs: number, totalMs: number, mayWaitMs = 10) {
  const clock = virtualClock();
  const underWay = new UnderWay(clock);
  const ledger = new Ledger();
  let busyUntilMs = 0;
  let passed = 0;
  let waitMs = 0;
  while (clock.nowMs < totalMs) {
    while (underWay.hasRoom(mayWaitMs)) {
      ledger.handedBytes += messageBytes;
      underWay.handed(ledger);
      underWay.ask(ledger);
      busyUntilMs = Math.max(busyUntilMs, clock.nowMs) + messageBytes / bytesPerMs;
      const [count, waits] = [ledger.handedBytes, busyUntilMs - clock.nowMs];
      clock.schedule(waits + rttMs, () => underWay.confirm(ledger, count % 2 ** 32));
      if (clock.nowMs < totalMs - 1_000) continue;
      passed += messageBytes;
      waitMs = Math.max(waitMs, waits);
    }
    underWay.wasFull();
    await clock.run(1);
  }
  return { waitMs, used: passed / (bytesPerMs * 1_000) };
}

describe("what is on its way while others wait for it", () => {
  it.each([
    [1_000, 20],
    [2_000, 0.5],
    [2_000, 20],
    [2_000, 80],
    [10_000, 20],
    [10_000, 100],
  ])("is little at %i bytes a millisecond and %i ms there and back, and keeps the path busy", async (rate, rttMs) => {
    const { waitMs, used } = await flood(rate, rttMs, 7_000);
    // A few milliseconds, or a quarter of the path for a while; and two messages.
    const most = Math.max(8, rttMs / 4) + (2 * messageBytes) / rate;
    expect(waitMs).toBeLessThanOrEqual(most);
    expect(used).toBeGreaterThan(0.85);
  });

  it.each([
    [500, 20],
    [2_000, 1],
    [10_000, 60],
  ])("may be more where nobody does: %i bytes a millisecond, %i ms there and back", async (rate, rttMs) => {
    // Never emptied for a queue that was wanted.
    const { waitMs, used } = await flood(rate, rttMs, 7_000, 100);
    expect(used).toBeGreaterThan(0.99);
    expect(waitMs).toBeLessThanOrEqual(100 + (2 * messageBytes) / rate);
    expect(waitMs).toBeGreaterThan(80);
  });

  it("is remembered of one that never answers for so many questions, and goes on when it does", () => {
    const underWay = new UnderWay(virtualClock());
    const ledger = new Ledger();
    for (let count = 0; count < 3_000; count += 1) {
      ledger.handedBytes += 10;
      underWay.handed(ledger);
      underWay.ask(ledger);
    }
    expect(ledger.asked).toHaveLength(1_024);
    expect(ledger.underWay).toBe(30_000);
    expect(underWay.confirm(ledger, 30_000)).toBe(true);
    expect(ledger.asked).toEqual([]);
    expect(ledger.underWay).toBe(0);
  });

  it("is counted on when the count of bytes begins anew", () => {
    const underWay = new UnderWay(virtualClock());
    const ledger = new Ledger();
    for (const bytes of [2 ** 32 - 10, 100]) {
      ledger.handedBytes += bytes;
      underWay.handed(ledger);
      underWay.ask(ledger);
    }
    expect(underWay.confirm(ledger, 2 ** 32 - 10)).toBe(true);
    expect(ledger.underWay).toBe(100);
    expect(underWay.confirm(ledger, 90)).toBe(true);
    expect(ledger.underWay).toBe(0);
    expect(underWay.confirm(ledger, 91)).toBe(false);
  });
});
