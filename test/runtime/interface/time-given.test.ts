import { describe, expect, it } from "vitest";
import { withDeadline } from "../../../runtime/interface/deadline.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { giveTime } from "../../../runtime/interface/time-given.ts";
import { MachineTime } from "../../support/machine-time.ts";

/** A time that is given, and when it was over; undefined before. */
function given(ms: number) {
  const clock = new MachineTime();
  let overMs: number | undefined;
  const time = giveTime(clock, ms, () => (overMs = clock.wallMs()));
  return { clock, time, overMs: () => overMs };
}

describe("time that others are given", () => {
  it.each([1, 7, 333, 4_000])("is no longer and no shorter on a machine that runs: %i ms", async (ms) => {
    const { clock, time, overMs } = given(ms);
    await clock.pass(ms - 1);
    expect(time.leftMs()).toBe(1);
    expect(overMs()).toBeUndefined();
    await clock.pass(1);
    expect(overMs()).toBe(ms);
    expect(clock.pending).toBe(0);
  });

  it("is shorter by a tenth at most where the machine stands still, however long and whenever it does so again", async () => {
    const { clock, time, overMs } = given(4_000);
    for (const leftMs of [3_200, 2_400]) {
      await clock.pass(400);
      await clock.standStill(60_000);
      expect(time.leftMs()).toBe(leftMs);
    }
    await clock.pass(2_399);
    expect(overMs()).toBeUndefined();
    await clock.pass(1);
    expect(overMs()).toBe(120_000 + 3_200);
  });

  it("is not over when the machine goes on: what has come meanwhile is read first", async () => {
    const { clock, overMs } = given(4_000);
    await clock.pass(3_900);
    await clock.standStill(5_000);
    expect(overMs()).toBeUndefined();
    await clock.pass(400);
    expect(overMs()).toBe(9_300);
  });

  it("is over soon after its time in a page whose timers come once a second, as in one that nobody sees", async () => {
    const { clock, overMs } = given(4_000);
    for (let count = 0; count < 40 && overMs() === undefined; count += 1) await clock.standStill(1_000);
    expect(overMs()).toBe(6_000);
  });

  it("is not waited for once it is stopped", async () => {
    const { clock, time, overMs } = given(1_000);
    await clock.pass(950);
    time.stop();
    expect(clock.pending).toBe(0);
    await clock.pass(1_000);
    expect(overMs()).toBeUndefined();
  });
});

describe("a deadline", () => {
  const error = (): MeshError => new MeshError("deadline-exceeded", "too late");

  it("does not strike because this process stood still", async () => {
    const clock = new MachineTime();
    let answer: (text: string) => void = () => undefined;
    const answered = withDeadline(
      { clock, afterMs: 4_000, error },
      () => new Promise<string>((resolve) => (answer = resolve)),
    );
    await clock.pass(3_700);
    // Its timers are due before it has read the answer.
    await clock.standStill(5_000);
    answer("here");
    expect(await answered).toBe("here");
    expect(clock.pending).toBe(0);
  });

  it("strikes at its time otherwise, also at one that it was given later", async () => {
    const clock = new MachineTime();
    const never = withDeadline({ clock, afterMs: 1_000, error }, (_, extend) => {
      clock.schedule(600, () => extend(1_000, error));
      return new Promise(() => undefined);
    });
    let overMs = 0;
    const over = expect(never.finally(() => (overMs = clock.wallMs()))).rejects.toThrow("too late");
    await clock.pass(1_700);
    await over;
    expect(overMs).toBeLessThanOrEqual(1_601);
    expect(overMs).toBeGreaterThanOrEqual(1_600);
  });
});
