import { describe, expect, it } from "vitest";
import { Balancer, type BalancerInit } from "../../../runtime/balancing/balancer.ts";
import { LoadMeter } from "../../../runtime/balancing/load-meter.ts";
import type { LoadReport } from "../../../runtime/balancing/load.ts";
import { place } from "../../../runtime/balancing/place.ts";
import { reportLoad } from "../../../runtime/balancing/report-load.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { seededRandom, virtualClock } from "../../../runtime/testing/index.ts";

function made(more: Partial<BalancerInit> = {}) {
  const clock = virtualClock();
  const all = new Balancer({ policy: "least_loaded", clock, random: seededRandom(3), ...more });
  return { clock, all, inFlight: (id: string): number | undefined => all.load(id)?.inFlight };
}

describe("what is in flight at a candidate", () => {
  it("is what was sent and has not ended, where nothing is reported", () => {
    const { all, inFlight } = made();
    all.add("a");
    const first = all.pick();
    all.pick();
    expect(inFlight("a")).toBe(2);
    first?.ended();
    first?.ended();
    expect(inFlight("a")).toBe(1);
  });

  it("is what is reported, with what was sent since and without what has ended since", () => {
    const { all, clock, inFlight } = made();
    all.report("a", { inFlight: 0 });
    const before = all.pick();
    clock.advance(1);
    all.report("a", { inFlight: 5, slots: 8 });
    expect(inFlight("a")).toBe(5);
    const after = all.pick();
    expect(inFlight("a")).toBe(6);
    before?.ended();
    expect(inFlight("a")).toBe(5);
    after?.failed();
    expect(inFlight("a")).toBe(4);
  });

  it("is not counted twice when a report knows of it before it is sure to", () => {
    const { all, clock, inFlight } = made({ arrivalMs: 1_000 });
    all.report("a", { inFlight: 3 });
    all.pick();
    clock.advance(100);
    all.pick();
    clock.advance(100);
    all.report("a", { inFlight: 4 });
    expect(inFlight("a")).toBe(5);
    all.report("a", { inFlight: 4 });
    expect(inFlight("a")).toBe(5);
    all.report("a", { inFlight: 5 });
    expect(inFlight("a")).toBe(5);
    clock.advance(1_000);
    all.pick();
    all.report("a", { inFlight: 5 });
    expect(inFlight("a")).toBe(6);
  });

  it("takes the report that comes with an answer, which no longer counts what was answered", () => {
    const { all, inFlight } = made();
    all.report("a", { inFlight: 3 });
    all.pick()?.ended({ inFlight: 7, slots: 9, serviceMs: 12 });
    expect(all.load("a")).toMatchObject({ inFlight: 7, slots: 9, serviceMs: 12 });
    all.pick();
    expect(inFlight("a")).toBe(8);
  });

  it("counts what is still on its way beside a report that cannot know of it", () => {
    const { all, clock, inFlight } = made({ arrivalMs: 500 });
    all.report("a", { inFlight: 0 });
    all.pick();
    clock.advance(300);
    all.report("a", { inFlight: 0 });
    expect(inFlight("a")).toBe(1);
    clock.advance(300);
    all.report("a", { inFlight: 1 });
    expect(inFlight("a")).toBe(1);
  });

  it("forgets what nobody has said anything of, where it may", () => {
    const { all, clock, inFlight } = made({ forgetMs: 10_000 });
    all.add("a");
    const first = all.pick();
    clock.advance(9_000);
    all.pick();
    expect(inFlight("a")).toBe(2);
    clock.advance(1_500);
    expect(inFlight("a")).toBe(1);
    first?.ended();
    expect(inFlight("a")).toBe(1);
  });
});

describe("a session", () => {
  it("stays with its candidate until that has gone, is excluded or is full", () => {
    const { all } = made({ policy: "round_robin", overflow: "refuse" });
    for (const id of ["a", "b", "c"]) all.report(id, { inFlight: 0, slots: 8 });
    const of = (session: string, exclude: readonly string[] = []): string | undefined =>
      all.pick({ session, exclude: new Set(exclude) })?.id;
    expect([of("one"), of("two"), of("one"), of("two")]).toEqual(["a", "b", "a", "b"]);
    expect(of("one", ["a"])).toBe("c");
    expect(of("one")).toBe("c");
    all.remove("c");
    expect(of("one")).not.toBe("c");
    all.report("b", { inFlight: 8, slots: 8 });
    expect(of("two")).toBe("a");
    all.release("two");
    all.report("b", { inFlight: 0, slots: 8 });
    expect(of("two")).toBe("b");
  });

  it("is forgotten when it was quiet for ten minutes", () => {
    const { all, clock } = made({ policy: "round_robin" });
    for (const id of ["a", "b"]) all.add(id);
    expect(all.pick({ session: "s" })?.id).toBe("a");
    clock.advance(599_000);
    expect(all.pick({ session: "s" })?.id).toBe("a");
    clock.advance(601_000);
    expect(all.pick({ session: "s" })?.id).toBe("b");
  });
});

describe("offering it to one after the other", () => {
  const full = new MeshError("resource-exhausted", "I am full.", { retryAfterMs: 400 });

  it("R12.3 asks the next when one refuses, and leaves that one alone until it says otherwise", async () => {
    const { all, clock } = made({ policy: "round_robin" });
    for (const id of ["a", "b", "c"]) all.report(id, { inFlight: 0, slots: 2 });
    const asked: string[] = [];
    const offer = (id: string): Promise<string> => {
      asked.push(id);
      return id === "a" ? Promise.reject(full) : Promise.resolve(`taken by ${id}`);
    };
    const { value, placement } = await place(all, {}, offer);
    expect([value, placement.id, asked.join("")]).toEqual(["taken by b", "b", "ab"]);
    await place(all, {}, offer);
    await place(all, {}, offer);
    expect(asked.join("")).toBe("abcb");
    clock.advance(400);
    await place(all, {}, offer);
    expect(asked.join("")).toBe("abcbac");
    all.report("a", { inFlight: 0, slots: 2 });
    expect([all.pick()?.id, all.pick()?.id]).toEqual(["b", "a"]);
  });

  it("gives up after four, and says when to come again", async () => {
    const { all } = made();
    for (const id of "abcdef") all.add(id);
    const asked: string[] = [];
    const offer = (id: string): Promise<never> => Promise.reject((asked.push(id), full));
    await expect(place(all, {}, offer)).rejects.toMatchObject({ code: "resource-exhausted", retryAfterMs: 400 });
    expect(new Set(asked).size).toBe(4);
    expect(asked).toHaveLength(4);
  });

  it("says so when there is none, or none can be reached; another failure is the caller's to know", async () => {
    const { all } = made({ overflow: "refuse" });
    await expect(place(all, {}, () => Promise.resolve(1))).rejects.toMatchObject({
      code: "resource-exhausted",
      message: "Nobody takes it. No candidate has a free slot.",
    });
    all.add("a");
    const gone = new MeshError("peer-unreachable", "Nothing answers.");
    await expect(place(all, {}, () => Promise.reject(gone))).rejects.toMatchObject({ code: "peer-unreachable" });
    const wrong = new MeshError("invalid-argument", "No such parameter.");
    await expect(place(all, {}, () => Promise.reject(wrong))).rejects.toBe(wrong);
    expect(all.load("a")?.inFlight).toBe(0);
  });
});

describe("the load of a candidate", () => {
  it("counts what has arrived and has not ended, and the time of the work without the wait", () => {
    const clock = virtualClock();
    const meter = new LoadMeter(clock, 2);
    expect(meter.report()).toEqual({ inFlight: 0, slots: 2 });
    const [one, other] = [meter.arrived(), meter.arrived()];
    clock.advance(10);
    other.started();
    clock.advance(20);
    one.ended();
    one.ended();
    expect(meter.report()).toEqual({ inFlight: 1, slots: 2, serviceMs: 30 });
    other.ended();
    expect(meter.report()).toEqual({ inFlight: 0, slots: 2, serviceMs: 25 });
  });

  it("is reported every 250 ms when it has changed, and every 2 s in any case; nothing is left when it is stopped", () => {
    const clock = virtualClock();
    const meter = new LoadMeter(clock);
    const sent: LoadReport[] = [];
    const stop = reportLoad(clock, meter, (report) => sent.push(report));
    expect(sent).toHaveLength(1);
    meter.arrived();
    clock.advance(249);
    expect(sent).toHaveLength(1);
    clock.advance(1);
    expect(sent.at(-1)).toEqual({ inFlight: 1 });
    clock.advance(1_999);
    expect(sent).toHaveLength(2);
    clock.advance(1);
    expect(sent).toHaveLength(3);
    // What is the same need not be said, and no timer waits for it.
    expect(clock.pending).toBe(0);
    const work = meter.arrived();
    expect(sent.at(-1)).toEqual({ inFlight: 2 });
    work.released();
    stop();
    meter.arrived();
    expect(sent).toHaveLength(4);
    expect(clock.pending).toBe(0);
  });
});
