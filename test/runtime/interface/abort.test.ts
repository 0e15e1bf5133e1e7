import { getEventListeners } from "node:events";
import process from "node:process";
import { describe, expect, it, onTestFinished } from "vitest";
import { whenAborted } from "../../../runtime/interface/abort.ts";
import { CallCancellation } from "../../../runtime/interface/call-signal.ts";

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("who waits for a signal", () => {
  it("shares one listener with all others, however many come and go", () => {
    const { signal } = new AbortController();
    const stops = Array.from({ length: 100 }, () => whenAborted(signal, () => undefined));
    expect(listeners(signal)).toBe(1);
    for (const stop of stops) stop();
    for (let count = 0; count < 100; count += 1) whenAborted(signal, () => undefined);
    expect(listeners(signal)).toBe(1);
  });

  it.each([
    ["an AbortSignal", () => new AbortController()],
    ["the cancellation of a call", () => new CallCancellation()],
  ])("is called once, in the order of coming, unless it has left: %s", (_what, make) => {
    const controller = make();
    const signal = controller instanceof AbortController ? controller.signal : controller;
    const called: string[] = [];
    const stops = ["a", "b", "c", "d"].map((name) => whenAborted(signal, () => called.push(name)));
    stops[1]?.();
    stops[1]?.();
    controller.abort("enough");
    controller.abort("enough");
    expect(called).toEqual(["a", "c", "d"]);
    whenAborted(signal, () => called.push("late"));
    controller.abort("enough");
    expect(called).toEqual(["a", "c", "d"]);
  });

  it("may come twice with the same function, and leaves once for each time", () => {
    const controller = new AbortController();
    let called = 0;
    const callback = (): void => void (called += 1);
    const stop = whenAborted(controller.signal, callback);
    whenAborted(controller.signal, callback);
    stop();
    controller.abort();
    expect(called).toBe(1);
  });

  it("is not called when one before it has taken it away", () => {
    const controller = new AbortController();
    let called = false;
    whenAborted(controller.signal, () => stop());
    const stop = whenAborted(controller.signal, () => (called = true));
    controller.abort();
    expect(called).toBe(false);
  });

  it("is called though one before it throws, which ends where other events' mistakes do", async () => {
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    onTestFinished(() => before.forEach((listener) => process.on("uncaughtException", listener)));
    const thrown = new Promise((resolve) => process.once("uncaughtException", resolve));
    const controller = new AbortController();
    let called = false;
    whenAborted(controller.signal, () => {
      throw new Error("mine");
    });
    whenAborted(controller.signal, () => (called = true));
    controller.abort();
    expect(called).toBe(true);
    expect(await thrown).toMatchObject({ message: "mine" });
  });
});
