import { describe, expect, it } from "vitest";
import { ask, Unanswered, type AskInit } from "../../../runtime/calls/asking.ts";
import { RetryBudget } from "../../../runtime/balancing/retry-budget.ts";
import { MeshError, type ErrorCode, type MeshErrorInit } from "../../../runtime/interface/errors.ts";
import { virtualClock } from "../remote/support/virtual-clock.ts";

const answer = { answer: { payload: "yes", timestampUs: 0 } };
const never = new AbortController().signal;

/** Asks where the attempts fail with these, in order, and then succeed. */
function asked(failures: readonly (readonly [ErrorCode, MeshErrorInit?])[], more: Partial<AskInit> = {}) {
  const clock = virtualClock();
  const atMs: number[] = [];
  const left = [...failures];
  const init: AskInit = {
    clock,
    // The longest of all waits.
    random: { next: () => 1, bytes: (count) => new Uint8Array(count) },
    policy: { retryTimes: 3, backoffMinMs: 100, backoffMaxMs: 300, callTimeoutMs: undefined },
    budget: new RetryBudget(clock),
    idempotent: false,
    uri: "grpc://a:1/Ask",
    attempt: () => {
      atMs.push(clock.nowMs);
      const [code, given] = left.shift() ?? [];
      return code === undefined
        ? Promise.resolve(answer)
        : Promise.reject(new MeshError(code, `failed: ${code}`, given));
    },
    ...more,
  };
  const result = ask(init, never);
  result.catch(() => undefined);
  return { clock, atMs, result, init };
}

async function unanswered(run: ReturnType<typeof asked>): Promise<{ code: string; repeatable: boolean }> {
  const reason: unknown = await run.clock.until(run.result).catch((error: unknown) => error);
  expect(reason).toBeInstanceOf(Unanswered);
  const { error, repeatable } = reason as Unanswered;
  return { code: error.code, repeatable };
}

describe("a question", () => {
  it("that may have been worked on is asked again only where the program says that it may", async () => {
    const once = asked([["peer-lost"]]);
    expect(await unanswered(once)).toEqual({ code: "peer-lost", repeatable: false });
    expect(once.atMs).toEqual([0]);
    const again = asked([["peer-lost"], ["peer-lost"]], { idempotent: true });
    expect(await again.clock.until(again.result)).toBe(answer);
    // Exponential, up to the policy's limit.
    expect(again.atMs).toEqual([0, 100, 300]);
  });

  it.each([
    ["that never arrived", "peer-unreachable", {}, 100],
    ["that was refused before any work", "resource-exhausted", { retryAfterMs: 40 }, 140],
  ] as const)("%s is asked again in any case", async (_, code, init, secondMs) => {
    const run = asked([[code, init]]);
    expect(await run.clock.until(run.result)).toBe(answer);
    expect(run.atMs).toEqual([0, secondMs]);
  });

  it("is asked as often as the policy says, and then elsewhere", async () => {
    const run = asked(Array.from({ length: 9 }, () => ["peer-unreachable"] as const));
    expect(await unanswered(run)).toEqual({ code: "peer-unreachable", repeatable: true });
    expect(run.atMs).toEqual([0, 100, 300, 600]);
  });

  it("is not asked again where that helps nothing", async () => {
    const run = asked([["invalid-argument"]], { idempotent: true });
    expect(await unanswered(run)).toEqual({ code: "invalid-argument", repeatable: true });
    expect(run.atMs).toEqual([0]);
  });

  it("is not asked again beyond the budget of its target", async () => {
    const first = asked([["peer-unreachable"], ["peer-unreachable"]]);
    const { budget } = first.init;
    while (budget.take());
    expect(await unanswered(first)).toEqual({ code: "peer-unreachable", repeatable: true });
    expect(first.atMs).toEqual([0]);
  });

  it("has one time limit for all its attempts", async () => {
    const policy = { retryTimes: 3, backoffMinMs: 100, backoffMaxMs: 300, callTimeoutMs: 250 };
    const run = asked([["peer-unreachable"], ["peer-unreachable"]], { policy });
    expect(await unanswered(run)).toEqual({ code: "deadline-exceeded", repeatable: false });
    expect(run.clock.nowMs).toBe(250);
    expect(run.atMs).toEqual([0, 100]);
    expect(run.clock.pending).toBe(0);
  });

  it("is given up when nobody waits any more, in the middle of a wait too", async () => {
    const gone = new AbortController();
    const { clock, init } = asked([["peer-unreachable"]]);
    const left = ask({ ...init, attempt: () => Promise.reject(new MeshError("peer-unreachable", "no")) }, gone.signal);
    left.catch(() => undefined);
    await clock.run(50);
    gone.abort(new MeshError("cancelled", "The caller has gone."));
    await expect(left).rejects.toMatchObject({ code: "cancelled" });
    await clock.run(1_000);
    expect(clock.pending).toBe(0);
  });
});

describe("the budget of a target for repeated calls", () => {
  const spent = (budget: RetryBudget): number => {
    let count = 0;
    while (budget.take()) count += 1;
    return count;
  };

  it("has 3 to begin with, and 3 more each second", async () => {
    const clock = virtualClock();
    const budget = new RetryBudget(clock);
    expect(spent(budget)).toBe(3);
    await clock.run(500);
    expect(spent(budget)).toBe(1);
    await clock.run(1_500);
    // Half a one was left.
    expect(spent(budget)).toBe(5);
  });

  it("grows by a fifth of the calls that are made", () => {
    const budget = new RetryBudget(virtualClock());
    spent(budget);
    for (let calls = 0; calls < 9; calls += 1) budget.called();
    expect(spent(budget)).toBe(1);
    for (let calls = 0; calls < 51; calls += 1) budget.called();
    expect(spent(budget)).toBeGreaterThanOrEqual(10);
  });

  it("may be drawn on ahead, by whoever waits so long", async () => {
    const clock = virtualClock();
    const budget = new RetryBudget(clock, { tokens: 1 });
    expect(budget.reserve(1_000)).toBe(0);
    expect(budget.reserve(300)).toBeUndefined();
    expect(budget.reserve(1_000)).toBeCloseTo(333.3, 0);
    await clock.run(400);
    // What was reserved is gone.
    expect(budget.take()).toBe(false);
  });

  it("does not pile up while all is well", async () => {
    const clock = virtualClock();
    const budget = new RetryBudget(clock);
    for (let calls = 0; calls < 10_000; calls += 1) budget.called();
    await clock.run(60_000);
    expect(spent(budget)).toBe(30);
  });
});
