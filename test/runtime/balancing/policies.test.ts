import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Balancer, type BalancerInit } from "../../../runtime/balancing/balancer.ts";
import type { LoadReport } from "../../../runtime/balancing/load.ts";
import { seededRandom, virtualClock, type VirtualClock } from "../../../runtime/testing/index.ts";

function balancer(
  policy: BalancerInit["policy"],
  reports: Readonly<Record<string, Partial<LoadReport>>>,
  more: Partial<BalancerInit> = {},
): { readonly clock: VirtualClock; readonly all: Balancer } {
  const clock = virtualClock();
  const all = new Balancer({ policy, clock, random: seededRandom(7), ...more });
  for (const [id, report] of Object.entries(reports)) all.report(id, { inFlight: 0, ...report });
  return { clock, all };
}

const picks = (all: Balancer, count: number): string[] =>
  Array.from({ length: count }, () => all.pick()?.id ?? "nobody");

const counts = (ids: readonly string[]): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const id of ids) found[id] = (found[id] ?? 0) + 1;
  return found;
};

describe("round_robin", () => {
  it("R12.1 gives each of three its turn, in the order in which they came", () => {
    const { all } = balancer("round_robin", { a: {}, b: {}, c: {} });
    expect(picks(all, 7).join("")).toBe("abcabca");
  });

  it("keeps the turns of the others when one goes and one comes", () => {
    const { all } = balancer("round_robin", { a: {}, b: {}, c: {} });
    expect(picks(all, 2).join("")).toBe("ab");
    all.remove("b");
    all.add("d");
    expect(picks(all, 6).join("")).toBe("cdacda");
  });
});

describe("fastest", () => {
  it("R12.2 prefers the lowest latency that is reported", () => {
    const { all } = balancer("fastest", { a: { latencyMs: 40 }, b: { latencyMs: 10 }, c: { latencyMs: 20 } });
    expect(counts(picks(all, 31))).toEqual({ b: 31 });
  });

  it("R12.2 prefers the lowest latency that is measured, after each has been tried once", () => {
    const { all, clock } = balancer("fastest", { a: {}, b: {}, c: {} });
    const takes: Record<string, number> = { a: 30, b: 10, c: 20 };
    const ids = Array.from({ length: 31 }, () => {
      const placement = all.pick();
      clock.advance(takes[placement?.id ?? ""] ?? 0);
      placement?.ended();
      return placement?.id ?? "nobody";
    });
    expect(ids.slice(0, 3).toSorted()).toEqual(["a", "b", "c"]);
    expect(counts(ids.slice(3))).toEqual({ b: 28 });
  });

  it("shares the work among those that are about as fast, and holds to them when times sway a little", () => {
    const { all } = balancer("fastest", { a: { latencyMs: 10 }, b: { latencyMs: 10.8 }, c: { latencyMs: 30 } });
    const first = counts(picks(all, 30));
    expect(first["c"]).toBeUndefined();
    expect(Math.min(first["a"] ?? 0, first["b"] ?? 0)).toBeGreaterThan(10);
    all.report("b", { inFlight: 0, latencyMs: 12 });
    expect(counts(picks(all, 20))["b"]).toBeGreaterThan(5);
    // One that was not among them has to come closer than that.
    all.report("c", { inFlight: 0, latencyMs: 12 });
    expect(counts(picks(all, 12))["c"] ?? 0).toBeLessThanOrEqual(1);
  });

  it("holds a peak against a candidate until it has decayed, and tries a slow one again now and then", () => {
    const { all, clock } = balancer("fastest", { a: { latencyMs: 10 }, b: { latencyMs: 20 } });
    all.report("a", { inFlight: 0, latencyMs: 200 });
    all.report("a", { inFlight: 0, latencyMs: 10 });
    expect(all.pick()?.id).toBe("b");
    clock.advance(60_000);
    expect(all.pick()?.id).toBe("a");
    const probes = picks(all, 96).filter((id) => id === "b");
    expect(probes).toHaveLength(3);
  });
});

describe("least_loaded", () => {
  it("R12.3 routes to the one with the most room for its size, and never beyond it", () => {
    const { all } = balancer(
      "least_loaded",
      { small: { slots: 2, inFlight: 1 }, large: { slots: 16, inFlight: 4 }, full: { slots: 4, inFlight: 4 } },
      { overflow: "refuse" },
    );
    // What was sent since the report counts as well: 12 and 1 are free.
    const ids = picks(all, 14);
    expect(counts(ids)).toEqual({ large: 12, small: 1, nobody: 1 });
    expect(ids.slice(0, 6)).toEqual(["large", "large", "large", "large", "large", "large"]);
    expect(ids.at(-1)).toBe("nobody");
    all.report("full", { slots: 4, inFlight: 3 });
    expect(all.pick()?.id).toBe("full");
  });

  it("takes equals in turn by what it has sent, and by chance before", () => {
    const { all } = balancer("least_loaded", { a: {}, b: {}, c: {}, d: {} });
    expect(counts(picks(all, 40))).toEqual({ a: 10, b: 10, c: 10, d: 10 });
  });
});

describe("adaptive", () => {
  it("goes where one more costs the least: its own time, what is in use, and the wait", () => {
    const { all } = balancer("adaptive", {
      quick: { slots: 1, serviceMs: 10 },
      slow: { slots: 1, serviceMs: 35 },
      wide: { slots: 4, serviceMs: 60 },
    });
    // 15, 35, 55, 75…; 45, 60…; 52.5…
    expect(picks(all, 6)).toEqual(["quick", "quick", "wide", "slow", "quick", "wide"]);
  });

  it("takes one that nobody has measured for as quick as the quickest", () => {
    const { all } = balancer("adaptive", { known: { serviceMs: 10, inFlight: 1 }, fresh: {} });
    expect(all.pick()?.id).toBe("fresh");
  });

  it("draws a few of very many, and still leaves the busy ones alone", () => {
    const many = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`p${index}`, { slots: 1, inFlight: index % 2 === 0 ? 0 : 8 }]),
    );
    const { all } = balancer("adaptive", many);
    const busy = picks(all, 400).filter((id) => Number(id.slice(1)) % 2 === 1);
    // All four of a draw are busy in one of 16.
    expect(busy.length).toBeGreaterThan(5);
    expect(busy.length).toBeLessThan(60);
  });

  it("finds the only one of very many that can be had", () => {
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`p${index}`, { slots: 1, inFlight: index === 77 ? 0 : 1 }]),
    );
    const { all } = balancer("adaptive", many, { overflow: "refuse" });
    expect([all.pick()?.id, all.pick()]).toEqual(["p77", undefined]);
  });
});

describe("hash", () => {
  it("gives a key the same candidate, and moves only the keys of one that has gone", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 8 }), fc.nat(7), (ids, gone) => {
        const { all } = balancer("hash", Object.fromEntries(ids.map((id) => [id, {}])));
        const keys = Array.from({ length: 40 }, (_, index) => `key ${index}`);
        const before = keys.map((key) => all.pick({ key })?.id);
        expect(keys.map((key) => all.pick({ key })?.id)).toEqual(before);
        const left = ids[gone % ids.length] as string;
        all.remove(left);
        for (const [index, key] of keys.entries()) {
          const now = all.pick({ key })?.id;
          if (before[index] === left) expect(now).not.toBe(left);
          else expect(now).toBe(before[index]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("shares the keys out by slots", () => {
    const { all } = balancer("hash", { one: { slots: 1 }, three: { slots: 3 } });
    const share = counts(Array.from({ length: 4_000 }, (_, index) => all.pick({ key: `key ${index}` })?.id ?? ""));
    expect(share["three"]).toBeGreaterThan(2_850);
    expect(share["three"]).toBeLessThan(3_150);
  });
});
