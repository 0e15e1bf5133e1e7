import { afterEach, describe, expect, it } from "vitest";
import { Thread, type ThreadProgram } from "../../stdlib/common/thread.ts";

/** Adds up what it is given; `0` throws, `-1` ends the thread, `-2` breaks it outside of any call. */
const adding: ThreadProgram<{ sum: number }, number, number> = (state, request) => {
  if (request === 0) throw new Error("nothing to add");
  if (request === -1) process.exit(7);
  if (request === -2) {
    queueMicrotask(() => {
      throw new Error("out of turn");
    });
    return state.sum;
  }
  state.sum += request;
  return state.sum;
};

describe("a thread", () => {
  let thread: Thread<number, number>;
  const start = async () => (thread = await Thread.start(adding, { sum: 10 }));
  afterEach(() => thread.close());

  it("answers in order and keeps its state", async () => {
    await start();
    expect(await Promise.all([1, 2, 3].map((number) => thread.call(number)))).toEqual([11, 13, 16]);
  });

  it("has a copy of what it was given", async () => {
    const init = { sum: 1 };
    thread = await Thread.start(adding, init);
    expect(await thread.call(1)).toBe(2);
    expect(init).toEqual({ sum: 1 });
  });

  it("passes on what the program throws, and goes on", async () => {
    await start();
    await expect(thread.call(0)).rejects.toMatchObject({ code: "node-failed", message: "nothing to add" });
    expect(thread.alive).toBe(true);
    expect(await thread.call(1)).toBe(11);
  });

  it("rejects all calls with one error when it dies", async () => {
    await start();
    const calls = await Promise.allSettled([thread.call(1), thread.call(-1), thread.call(2)]);
    const [first, ...rest] = calls;
    expect(first).toEqual({ status: "fulfilled", value: 11 });
    const reasons = rest.map((call) => (call.status === "rejected" ? call.reason : undefined));
    expect(reasons[0]).toMatchObject({
      code: "node-failed",
      message: "The thread it works on has died: A worker ended with status 7",
    });
    expect(reasons[1]).toBe(reasons[0]);
    expect(thread.alive).toBe(false);
    await expect(thread.call(1)).rejects.toBe(reasons[0]);
  });

  it("tells what it died of", async () => {
    await start();
    const calls = Promise.allSettled([thread.call(-2), ...Array.from({ length: 20 }, () => thread.call(1))]);
    const last = (await calls).at(-1);
    expect(last).toMatchObject({
      status: "rejected",
      reason: { code: "node-failed", message: "The thread it works on has died: out of turn" },
    });
  });

  it("rejects what is not answered yet when it is closed", async () => {
    await start();
    const call = thread.call(1);
    thread.close();
    await expect(call).rejects.toMatchObject({ code: "cancelled" });
    await expect(thread.call(1)).rejects.toMatchObject({ code: "cancelled" });
  });
});
