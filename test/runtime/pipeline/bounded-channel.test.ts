import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { BoundedChannel, type Overflow } from "../../../runtime/pipeline/bounded-channel.ts";
import { drain, frameOf, payloadsOf } from "../../support/pipeline-reader.ts";

const channelOf = (capacityFrames: number, overflow: Overflow = "block"): BoundedChannel =>
  new BoundedChannel({ capacityFrames, overflow, name: "a -> b" });
const fill = (channel: BoundedChannel, count: number): void => {
  for (let index = 0; index < count; index += 1) channel.offer(frameOf(`f${index}`, index));
};

describe("a bounded queue", () => {
  it("refuses to be overrun by who does not wait, naming the link", () => {
    const channel = channelOf(2);
    channel.send(frameOf("a"));
    channel.send(frameOf("b"));
    expect(channel.writable).toBe(false);
    expect(() => channel.send(frameOf("c"))).toThrow(/a -> b.*no room/);
    expect(channel.size).toBe(2);
  });

  it("wakes its writer when half of it is free, not at every frame", async () => {
    const channel = channelOf(4);
    fill(channel, 4);
    let woken = false;
    const ready = channel.ready().then(() => (woken = true));
    channel.take();
    await Promise.resolve();
    expect(woken).toBe(false);
    channel.take();
    await ready;
    expect(woken).toBe(true);
  });

  it("gives what waits after the end, and nothing after an abort", async () => {
    const ended = channelOf(4);
    fill(ended, 3);
    ended.end();
    expect(payloadsOf(await drain(ended))).toEqual(["f0", "f1", "f2"]);
    const aborted = channelOf(4);
    fill(aborted, 3);
    const error = new MeshError("peer-lost", "gone");
    aborted.abort(error);
    await expect(drain(aborted)).rejects.toBe(error);
    expect(aborted.dropped).toBe(3);
    expect(() => aborted.send(frameOf("x"))).toThrow("gone");
  });

  it.each<[Overflow, string[], number]>([
    ["drop_oldest", ["f3", "f4", "f5"], 3],
    ["drop_newest", ["f0", "f1", "f2"], 3],
  ])("counts what %s drops", async (overflow, left, dropped) => {
    const channel = channelOf(3, overflow);
    fill(channel, 6);
    channel.end();
    expect(channel.dropped).toBe(dropped);
    expect(channel.frames).toBe(6);
    expect(payloadsOf(await drain(channel))).toEqual(left);
  });

  it("fails an `error` queue that is full, with a way out", () => {
    const channel = channelOf(1, "error");
    fill(channel, 1);
    expect(() => channel.offer(frameOf("x"))).toThrow(
      expect.objectContaining({ code: "resource-exhausted", hint: expect.stringContaining("buffer") }),
    );
  });

  it("rejects a waiting writer when it is aborted or the signal says so", async () => {
    const channel = channelOf(1);
    fill(channel, 1);
    const stop = new AbortController();
    const impatient = channel.ready(stop.signal);
    const patient = channel.ready();
    stop.abort(new Error("no time"));
    await expect(impatient).rejects.toThrow("no time");
    channel.abort(new MeshError("peer-lost", "gone"));
    await expect(patient).rejects.toThrow("gone");
  });

  it("holds nobody up once its reader has gone", () => {
    const channel = channelOf(1);
    fill(channel, 1);
    channel.discard();
    expect(channel.writable).toBe(true);
    fill(channel, 5);
    expect([channel.size, channel.dropped]).toEqual([0, 6]);
  });

  it("behaves like a list, whatever is put in and taken out", () => {
    const step = fc.oneof(fc.constant("take" as const), fc.constant("offer" as const));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 400 }), (capacity, steps) => {
        const channel = channelOf(capacity);
        const model: string[] = [];
        let next = 0;
        for (const one of steps) {
          if (one === "take") expect(channel.take()?.payload).toBe(model.shift());
          else {
            channel.offer(frameOf(`f${next}`, next));
            model.push(`f${next}`);
            next += 1;
          }
          expect(channel.size).toBe(model.length);
          expect(channel.peek()?.payload).toBe(model[0]);
          expect(channel.writable).toBe(model.length < capacity);
        }
      }),
      { numRuns: 200 },
    );
  });
});
