import { describe, expect, it } from "vitest";
import { Balancer } from "../../../runtime/balancing/balancer.ts";
import { Breaker, usualBreaker, type BreakerSettings } from "../../../runtime/balancing/breaker.ts";
import { seededRandom, virtualClock } from "../../../runtime/testing/index.ts";

function made(settings: BreakerSettings = usualBreaker) {
  const clock = virtualClock();
  const breaker = new Breaker(clock, settings);
  const results = (text: string): void => {
    for (const one of text) {
      breaker.begin();
      if (one === "+") breaker.succeeded();
      else breaker.failed();
    }
  };
  return { clock, breaker, results };
}

describe("a breaker", () => {
  it("opens at five failures in a row, and not before", () => {
    const { breaker, results } = made({ ...usualBreaker, successShare: { under: 0, atLeast: 1 } });
    results("----+----");
    expect(breaker).toMatchObject({ state: "closed", allows: true });
    results("-");
    expect(breaker).toMatchObject({ state: "open", allows: false, opensForMs: 1_000 });
  });

  it("opens under 80 % of successes within 30 s, once there are five results", () => {
    const few = made();
    few.results("+--+");
    expect(few.breaker.state).toBe("closed");
    few.results("+");
    // Three of five; a result that is good does not open it, the next bad one does.
    expect(few.breaker.state).toBe("closed");
    few.results("-");
    expect(few.breaker.state).toBe("open");
    const most = made();
    most.results("++++-++++-");
    expect(most.breaker.state).toBe("closed");
    most.results("-");
    expect(most.breaker.state).toBe("open");
    const old = made();
    old.results("+--+");
    old.clock.advance(33_000);
    old.results("++++-");
    expect(old.breaker.state).toBe("closed");
  });

  it("opens at so many failures within a window, as a policy says", () => {
    const { breaker, clock, results } = made({ failures: 3, windowMs: 10_000, openMs: 2_000, maxOpenMs: 30_000 });
    results("-+-+");
    clock.advance(11_000);
    results("-+-+");
    expect(breaker.state).toBe("closed");
    clock.advance(5_000);
    results("-");
    expect(breaker).toMatchObject({ state: "open", opensForMs: 2_000 });
  });

  it("lets one probe through, and stays open twice as long each time that it fails, 30 s at most", () => {
    const { breaker, clock, results } = made();
    results("-----");
    for (const openMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      expect(breaker.opensForMs).toBe(openMs);
      clock.advance(openMs - 1);
      expect(breaker.state).toBe("open");
      clock.advance(1);
      expect(breaker).toMatchObject({ state: "half-open", allows: true });
      breaker.begin();
      expect(breaker.allows).toBe(false);
      breaker.failed();
    }
    clock.advance(30_000);
    results("+");
    expect(breaker).toMatchObject({ state: "closed", allows: true });
    // All of it begins anew.
    results("----");
    expect(breaker.state).toBe("open");
    expect(breaker.opensForMs).toBe(1_000);
  });

  it("lets another probe through when one was abandoned, or was never heard of again", () => {
    const { breaker, clock, results } = made();
    results("-----");
    clock.advance(1_000);
    breaker.begin();
    breaker.abandoned();
    expect(breaker.allows).toBe(true);
    breaker.begin();
    clock.advance(29_999);
    expect(breaker.allows).toBe(false);
    clock.advance(1);
    expect(breaker.allows).toBe(true);
  });

  it("takes no notice of what was begun before it opened", () => {
    const { breaker, results } = made();
    results("-----");
    breaker.succeeded();
    breaker.failed();
    expect(breaker).toMatchObject({ state: "open", opensForMs: 1_000 });
  });

  it("takes an attempt that is made in spite of it for the probe", () => {
    const { breaker, results } = made();
    results("------");
    expect(breaker).toMatchObject({ state: "open", opensForMs: 2_000 });
    results("+");
    expect(breaker.state).toBe("closed");
  });
});

describe("a balancer", () => {
  const four = (ids: string) => {
    const clock = virtualClock();
    const all = new Balancer({ policy: "round_robin", clock, random: seededRandom(5) });
    for (const id of "abcd") all.add(id);
    const fail = (): void => {
      for (let turn = 0; turn < 20; turn += 1) {
        const placement = all.pick();
        if (ids.includes(placement?.id ?? "")) placement?.failed();
        else placement?.ended();
      }
    };
    const used = (): string => [...new Set(Array.from({ length: 8 }, () => all.pick()?.id))].toSorted().join("");
    return { clock, all, fail, used };
  };

  it("leaves alone what fails again and again, and tries it once after a while", () => {
    const { clock, all, fail, used } = four("b");
    fail();
    expect(used()).toBe("acd");
    clock.advance(1_000);
    const probe = Array.from({ length: 4 }, () => all.pick()).find((one) => one?.id === "b");
    expect(used()).toBe("acd");
    probe?.accepted();
    expect(used()).toBe("abcd");
  });

  it("leaves alone half of all at most; beyond, it believes none of it", () => {
    const half = four("bc");
    half.fail();
    expect(half.used()).toBe("ad");
    const more = four("bcd");
    more.fail();
    expect(more.used()).toBe("abcd");
  });
});
