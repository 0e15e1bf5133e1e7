import { describe, expect, it } from "vitest";
import { Admission } from "../../../runtime/calls/admission.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { virtualClock, type VirtualClock } from "../remote/support/virtual-clock.ts";

/** Work that takes as long as the test lets it. */
function held(): { readonly work: () => Promise<string>; readonly done: () => void } {
  let done: () => void = () => undefined;
  const ended = new Promise<string>((resolve) => (done = () => resolve("done")));
  return { work: () => ended, done };
}

const never = new AbortController().signal;

function admissionOf(clock: VirtualClock): Admission {
  return new Admission(clock, "Ask", { concurrent: 2, queued: 2 });
}

describe("calls to a pipeline", () => {
  it("run so many at once, and the others in the order in which they came", async () => {
    const admission = admissionOf(virtualClock());
    const begun: number[] = [];
    const all = [0, 1, 2, 3].map((index) => {
      const { work, done } = held();
      const result = admission.run(never, () => {
        begun.push(index);
        return work();
      });
      return { result, done };
    });
    expect(begun).toEqual([0, 1]);
    all[1]?.done();
    expect(await all[1]?.result).toBe("done");
    expect(begun).toEqual([0, 1, 2]);
    all[0]?.done();
    await all[0]?.result;
    expect(begun).toEqual([0, 1, 2, 3]);
    all[2]?.done();
    all[3]?.done();
    await Promise.all(all.map(({ result }) => result));
    // All places are free again.
    const next = [held(), held()];
    const running = next.map(({ work }) => admission.run(never, work));
    for (const { done } of next) done();
    expect(await Promise.all(running)).toEqual(["done", "done"]);
  });

  it("are refused at once beyond that, and told when to come again, by the time that calls have taken", async () => {
    const clock = virtualClock();
    const admission = admissionOf(clock);
    const first = held();
    const timed = admission.run(never, first.work);
    await clock.run(400);
    first.done();
    await timed;
    const busy = [held(), held(), held(), held()];
    const running = busy.map(({ work }) => admission.run(never, work));
    const refusal = await admission.run(never, () => Promise.reject(new Error("must not run"))).catch((error) => error);
    expect(refusal).toBeInstanceOf(MeshError);
    // Three calls before it, two at a time, 400 ms each.
    expect(refusal).toMatchObject({ code: "resource-exhausted", retryable: true, retryAfterMs: 600 });
    expect((refusal as MeshError).message).toBe("`Ask` works on 2 calls, and 2 wait already.");
    for (const { done } of busy) done();
    await Promise.all(running);
  });

  it("leave the queue when nobody waits for them any more", async () => {
    const admission = admissionOf(virtualClock());
    const busy = [held(), held()];
    const running = busy.map(({ work }) => admission.run(never, work));
    const gone = new AbortController();
    const waiting = admission.run(gone.signal, () => Promise.reject(new Error("must not run")));
    const other = held();
    const behind = admission.run(never, other.work);
    gone.abort(new MeshError("cancelled", "The caller has gone."));
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
    // Its place in the queue is free.
    const last = held();
    const queued = admission.run(never, last.work);
    for (const { done } of [...busy, other, last]) done();
    expect(await Promise.all([...running, behind, queued])).toEqual(["done", "done", "done", "done"]);
    await expect(admission.run(gone.signal, other.work)).rejects.toMatchObject({ code: "cancelled" });
  });

  it("give their place on when they fail", async () => {
    const admission = new Admission(virtualClock(), "Ask", { concurrent: 1, queued: 1 });
    const failing = admission.run(never, () => Promise.reject(new Error("out of memory")));
    const next = admission.run(never, () => Promise.resolve("next"));
    await expect(failing).rejects.toThrow("out of memory");
    expect(await next).toBe("next");
  });
});
