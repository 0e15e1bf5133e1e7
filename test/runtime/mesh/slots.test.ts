import { describe, expect, it } from "vitest";
import { LoadMeter } from "../../../runtime/balancing/load-meter.ts";
import type { Capability } from "../../../runtime/interface/capabilities.ts";
import type { PipelineSession, SessionEnd } from "../../../runtime/interface/session.ts";
import { Slots, slotsOf } from "../../../runtime/mesh/slots.ts";
import { virtualClock } from "../../../runtime/testing/index.ts";

const provides = (...values: string[]): Capability[] => [
  { name: "gpu", values: [], properties: {} },
  { name: "slots", values: values.map((value) => ({ quantity: "int", value })), properties: {} },
];

describe("the slots of a peer", () => {
  it("are those that it provides", () => {
    expect(slotsOf("tts", [])).toBeUndefined();
    expect(slotsOf("tts", provides("8"))).toBe(8);
  });

  it.each([[[]], [["0"]], [["2.5"]], [["many"]], [["1", "2"]], [["1000001"]]])(
    "are a whole number, not %j",
    (values) => {
      expect(() => slotsOf("tts", provides(...values))).toThrow(
        expect.objectContaining({
          code: "invalid-argument",
          hint: expect.stringContaining("`provides slots(8)`") as unknown,
        }),
      );
    },
  );

  it("R12.3 hold a session until it ends, a call until it is answered, and refuse what is beyond them before any work", async () => {
    const clock = virtualClock();
    const meter = new LoadMeter(clock, 2);
    const slots = new Slots("tts", meter);
    const ends: ((end: SessionEnd) => void)[] = [];
    const open = (): Promise<PipelineSession> =>
      Promise.resolve({
        closed: new Promise((resolve) => ends.push(resolve)),
      } as Partial<PipelineSession> as PipelineSession);
    await slots.session(open);
    let answer: ((value: string) => void) | undefined;
    const call = slots.call(() => new Promise<string>((resolve) => (answer = resolve)));
    expect(meter.report()).toEqual({ inFlight: 2, slots: 2 });
    const refusal = { code: "resource-exhausted", message: /`tts` \(2\)/, retryAfterMs: 500 };
    await expect(slots.session(open)).rejects.toMatchObject(refusal);
    await expect(slots.call(() => Promise.resolve(1))).rejects.toMatchObject(refusal);
    expect(ends).toHaveLength(1);
    clock.advance(40);
    answer?.("yes");
    expect(await call).toBe("yes");
    expect(meter.report()).toEqual({ inFlight: 1, slots: 2, serviceMs: 40 });
    await slots.session(open);
    await expect(slots.session(open)).rejects.toMatchObject({ retryAfterMs: 20 });
    clock.advance(60_000);
    for (const end of ends) end({ error: undefined });
    await Promise.resolve();
    // How long a session lasts is up to its caller.
    expect(meter.report()).toEqual({ inFlight: 0, slots: 2, serviceMs: 40 });
  });

  it("are free again after what has failed", async () => {
    const meter = new LoadMeter(virtualClock(), 1);
    const slots = new Slots("tts", meter);
    const wrong = new Error("wrong");
    await expect(slots.session(() => Promise.reject(wrong))).rejects.toBe(wrong);
    await expect(slots.call(() => Promise.reject(wrong))).rejects.toBe(wrong);
    expect(meter.report()).toEqual({ inFlight: 0, slots: 1 });
  });
});
