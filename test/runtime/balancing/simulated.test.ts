import { describe, expect, it } from "vitest";
import { calls, quantile } from "../../bench/balancing-calls.ts";
import { contenders } from "../../bench/balancing-contenders.ts";
import { oursWithRefusal, sessions, withoutReports } from "../../bench/balancing-sessions.ts";

// A small part of `npm run bench -- balancing`, so that it is noticed when the module falls behind.
describe("simulated", () => {
  it("calls wait less than with power of two choices, by far for the slowest", () => {
    const scene = { load: 0.8, seed: 2, slowdowns: true, forMs: 8_000 };
    const p99 = (make: (typeof contenders)["adaptive"]): number => quantile(calls({ ...scene, make }), 0.99);
    const ours = p99(contenders.adaptive);
    expect(ours).toBeGreaterThan(124);
    expect(ours / p99(contenders.envoy)).toBeLessThan(0.6);
    expect(ours / p99(contenders.finagle)).toBeLessThan(0.7);
    // Nothing of chance is left: the same seed gives the same.
    expect(p99(contenders.adaptive)).toBe(ours);
  });

  it("R12.3 sessions are never placed at a peer that is full, and hardly ever refused", async () => {
    const ours = await sessions(oursWithRefusal, 1, 120_000);
    expect(ours.sessions).toBeGreaterThan(250);
    expect(ours.over).toBe(0);
    expect(ours.refused).toBeLessThan(0.01);
    expect((await sessions(withoutReports("round_robin"), 1, 120_000)).over).toBeGreaterThan(0.2);
  });
});
