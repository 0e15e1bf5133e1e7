import { describe, expect, it } from "vitest";
import { PathMtu, searchTimes } from "../../../runtime/transports/webrtc/engines/werift/path-mtu.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";

const { probeTimerMs, maxProbes, raiseTimerMs } = searchTimes;

/** A search on a path that takes so much; answers come back at once, for they cost no time that matters here. */
function search(pathBytes: number, init: { base?: number; most?: number; steps?: number[] } = {}) {
  const { base = 1_120, most = 16_000, steps = [1_348, 4_000, 8_000] } = init;
  const clock = virtualClock();
  const path = { bytes: pathBytes };
  const probes: number[] = [];
  const mtu = new PathMtu({
    clock,
    base,
    most,
    steps,
    probe: (bytes) => {
      probes.push(bytes);
      if (bytes <= path.bytes) queueMicrotask(() => mtu.acknowledged(bytes));
    },
  });
  return { clock, path, probes, mtu };
}

/** Lets answers come, and time pass until nothing is waited for but the time to look again. */
async function settled({ clock, probes }: ReturnType<typeof search>): Promise<void> {
  for (let before = -1; before !== probes.length;) {
    before = probes.length;
    await clock.advanceAsync(probeTimerMs * (maxProbes + 1));
  }
}

describe("the size of a path's packets", () => {
  it("is that which every path takes, until a larger one has passed", () => {
    const { mtu } = search(16_000);
    expect(mtu.size).toBe(1_120);
  });

  it("goes up step by step with the answers, to the most that is looked for, in no time", async () => {
    const { mtu, probes, clock } = search(65_535);
    mtu.start();
    await clock.advanceAsync(0);
    expect(mtu.size).toBe(16_000);
    expect(probes).toEqual([1_348, 4_000, 8_000, 16_000]);
  });

  it("counts a size as too large when as many probes as the RFC says were lost", async () => {
    const one = search(1_200, { steps: [1_348], most: 1_348 });
    one.mtu.start();
    await one.clock.advanceAsync(probeTimerMs * (maxProbes - 1));
    expect(one.probes).toEqual([1_348, 1_348, 1_348]);
  });

  it.for([1_130, 1_200, 1_347, 2_900, 7_999, 15_990])("is found within 40 bytes, never above: %i", async (bytes) => {
    const one = search(bytes);
    one.mtu.start();
    await settled(one);
    expect(one.mtu.size).toBeLessThanOrEqual(bytes);
    expect(one.mtu.size).toBeGreaterThan(bytes - 40);
    expect(one.probes.length).toBeLessThan(4 + maxProbes * 14);
  });

  it("is looked for again after ten minutes, for a path may come to take more", async () => {
    const one = search(1_400);
    one.mtu.start();
    await settled(one);
    one.path.bytes = 65_535;
    expect(one.mtu.size).toBeLessThanOrEqual(1_400);
    await one.clock.advanceAsync(raiseTimerMs);
    expect(one.mtu.size).toBe(16_000);
  });

  it("falls to the base at once when large packets are lost, and is found anew", async () => {
    const one = search(65_535);
    one.mtu.start();
    await one.clock.advanceAsync(0);
    one.path.bytes = 4_500;
    expect(one.mtu.blackHole()).toBe(true);
    expect(one.mtu.size).toBe(1_120);
    expect(one.mtu.blackHole()).toBe(false);
    await settled(one);
    expect(one.mtu.size).toBeLessThanOrEqual(4_500);
    expect(one.mtu.size).toBeGreaterThan(4_460);
  });

  it("comes back with one answer when the alarm was false", async () => {
    const one = search(65_535);
    one.mtu.start();
    await one.clock.advanceAsync(0);
    const before = one.probes.length;
    one.mtu.blackHole();
    await one.clock.advanceAsync(0);
    expect(one.mtu.size).toBe(16_000);
    expect(one.probes.slice(before)).toEqual([16_000]);
  });

  it("tells that the last alarm was false, until one is not", async () => {
    const one = search(65_535);
    one.mtu.start();
    await one.clock.advanceAsync(0);
    expect(one.mtu.wasFalseAlarm).toBe(false);
    one.mtu.blackHole();
    await one.clock.advanceAsync(0);
    expect(one.mtu.wasFalseAlarm).toBe(true);
    one.path.bytes = 4_500;
    one.mtu.blackHole();
    await settled(one);
    expect(one.mtu.wasFalseAlarm).toBe(false);
  });

  it("takes no answer to what it has not asked, or asks no more", async () => {
    const one = search(1_000);
    one.mtu.start();
    one.mtu.acknowledged(16_000);
    expect(one.mtu.size).toBe(1_120);
    one.mtu.stop();
    one.mtu.acknowledged(1_348);
    expect(one.mtu.size).toBe(1_120);
    expect(one.mtu.blackHole()).toBe(false);
    expect(one.clock.pending).toBe(0);
  });
});
