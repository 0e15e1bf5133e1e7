import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { defaultPolicy } from "../../../runtime/interface/plan-defaults.ts";
import type { PipelineEndpoint } from "../../../runtime/interface/session.ts";
import { TargetHealth } from "../../../runtime/remote/target-health.ts";
import { givenRandom, localTarget, remoteOf, story } from "./support/remote.ts";
import { scene } from "./support/scene.ts";

const policy = {
  ...defaultPolicy,
  retryTimes: 1,
  backoffMinMs: 10,
  breaker: { failures: 3, windowMs: 30_000, openMs: 1_000 },
};

/** A target that can be had or not, and how often it was asked. */
function switched(stage: ReturnType<typeof scene>, mark: string) {
  const real = localTarget(stage, mark);
  const asked = { count: 0, up: false };
  const endpoint: PipelineEndpoint = {
    open(request) {
      asked.count += 1;
      return asked.up
        ? real.open(request)
        : Promise.reject(new MeshError("peer-unreachable", `Nothing answers at ${mark}.`));
    },
  };
  return { asked, endpoint };
}

describe("the breaker of a target", () => {
  it("R8.3 opens for all sessions of the remote, which then go straight to the next target; one probe decides", async () => {
    const stage = scene();
    const { clock } = stage;
    const first = switched(stage, "-first");
    const second = switched(stage, "-second");
    second.asked.up = true;
    const health = new TargetHealth(clock, policy, 2);
    const open = async () => {
      const targets = { first: first.endpoint, second: second.endpoint };
      const made = remoteOf(stage, targets, { policy, health, random: givenRandom(0.5) });
      await clock.until(made.node.open());
      return made;
    };
    const one = await open();
    expect(story(one.events)).toEqual([
      "try first",
      "try first",
      "gave up first (peer-unreachable) -> second",
      "try second",
      "connected second",
    ]);
    // The third failure opens it: the retry that the policy allows is not made.
    const two = await open();
    expect(first.asked.count).toBe(3);
    expect(two.events).toContainEqual(
      expect.objectContaining({ kind: "remote-breaker", target: "first", state: "open", forMs: 1_000 }),
    );
    const three = await open();
    expect(story(three.events)).toEqual(["try second", "connected second"]);
    expect(three.node.describe().breakers).toEqual([{ target: "first", state: "open", forMs: 1_000 }]);
    // After its time one session tries it; while it does, others do not.
    await clock.run(1_000);
    expect(three.node.describe().breakers).toEqual([{ target: "first", state: "half-open", forMs: 0 }]);
    const four = await open();
    expect(first.asked.count).toBe(4);
    expect(four.events).toContainEqual(
      expect.objectContaining({ kind: "remote-breaker", state: "open", forMs: 2_000 }),
    );
    await clock.run(2_000);
    first.asked.up = true;
    const five = await open();
    expect(story(five.events)).toEqual(["try first", "connected first"]);
    expect(five.events).toContainEqual(expect.objectContaining({ kind: "remote-breaker", state: "closed" }));
    expect(five.node.describe().breakers).toBeUndefined();
    await clock.until(Promise.all([one, two, three, four, five].map(({ node }) => node.close())));
    expect(clock.pending).toBe(0);
  });

  it("leaves no session without a target: one that is left alone is tried when no other is left", async () => {
    const stage = scene();
    const first = switched(stage, "-first");
    const second = switched(stage, "-second");
    const health = new TargetHealth(stage.clock, policy, 2);
    for (let failures = 0; failures < 3; failures += 1) health.failed(0);
    first.asked.up = true;
    const { node, events } = remoteOf(
      stage,
      { first: first.endpoint, second: second.endpoint },
      { policy: { ...policy, retryTimes: 0 }, health },
    );
    await stage.clock.until(node.open());
    expect(story(events)).toEqual([
      "try second",
      "gave up second (peer-unreachable) -> first",
      "try first",
      "connected first",
    ]);
    expect(node.describe().breakers).toBeUndefined();
    await stage.clock.until(node.close());
  });

  it("counts for nothing when more than half of all are open, nor for the only target", () => {
    const { clock } = scene();
    const health = new TargetHealth(clock, policy, 3);
    const fail = (index: number): void => {
      for (let failures = 0; failures < 3; failures += 1) health.failed(index);
    };
    fail(0);
    expect(health.order([0, 1, 2])).toEqual({ order: [1, 2, 0], willing: 2 });
    fail(1);
    expect(health.order([0, 1, 2])).toEqual({ order: [0, 1, 2], willing: 3 });
    const only = new TargetHealth(clock, policy, 1);
    for (let failures = 0; failures < 5; failures += 1) only.failed(0);
    expect(only.order([0])).toEqual({ order: [0], willing: 1 });
    expect(only.retryAfterMs(0, 70)).toBe(70);
  });
});

describe("the retry budget of a target", () => {
  it("R8.2 lets a fifth of what is tried be tried again, and three a second beside that; what is beyond waits, or is not made", async () => {
    const { clock } = scene();
    const health = new TargetHealth(clock, defaultPolicy, 1);
    for (let free = 0; free < 30; free += 1) expect(health.retryAfterMs(0, 5)).toBe(5);
    // From here on they come three a second, and none more than ten seconds from now.
    expect(health.retryAfterMs(0, 5)).toBeCloseTo(333.3, 0);
    expect(health.retryAfterMs(0, 500)).toBeCloseTo(666.7, 0);
    let granted = 2;
    while (health.retryAfterMs(0, 0) !== undefined) granted += 1;
    expect(granted).toBe(30);
    await clock.run(1_000);
    granted = 0;
    while (health.retryAfterMs(0, 0) !== undefined) granted += 1;
    expect(granted).toBe(3);
    for (let calls = 0; calls < 11; calls += 1) health.begin(0, false);
    granted = 0;
    while (health.retryAfterMs(0, 0) !== undefined) granted += 1;
    expect(granted).toBe(2);
  });
});
