import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { pipelineCalls } from "../../../runtime/calls/calls.ts";
import type { ExecuteResponse, PipelineCalls } from "../../../runtime/interface/calls.ts";
import { CallCancellation, type CallSignal } from "../../../runtime/interface/call-signal.ts";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import type { PipelineDescription } from "../../../runtime/interface/description.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { JsonValue } from "../../../runtime/interface/frame.ts";
import type { PipelineEndpoint, SessionEnd } from "../../../runtime/interface/session.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";

const text: FlowType = { kind: "scalar", name: "text" };

const description: PipelineDescription = {
  pipeline: "Ask",
  batch: true,
  inputs: { question: { type: text, optional: false } },
  outputs: { answer: { type: text, optional: false } },
  schemas: {},
};

/** Says which session answers; `wait` is a question without an answer. */
function numbered(): { readonly endpoint: PipelineEndpoint; readonly ends: (MeshError | undefined)[] } {
  const ends: (MeshError | undefined)[] = [];
  const open: PipelineEndpoint["open"] = ({ outputs }) => {
    const index = ends.push(undefined) - 1;
    let isClosed: (end: SessionEnd) => void = () => undefined;
    const closed = new Promise<SessionEnd>((resolve) => (isClosed = resolve));
    const question = {
      writable: true,
      ready: () => Promise.resolve(),
      send: (frame: { readonly payload: unknown }) => {
        if (frame.payload === "wait") return;
        outputs["answer"]?.link.send({ payload: `by ${index}`, timestampUs: 0, seq: 0, epoch: 0, flags: 0 });
      },
      end: () => undefined,
      abort: () => undefined,
    };
    return Promise.resolve({
      id: String(index),
      inputs: { question },
      formats: { inputs: {}, outputs: {} },
      closed,
      close: (error) => {
        ends[index] = error;
        isClosed({ error });
        return Promise.resolve();
      },
      describe: () => ({ id: String(index), pipeline: "Ask", nodes: [], remotes: [], streams: [] }),
    });
  };
  return { endpoint: { open }, ends };
}

function setUp() {
  const clock = virtualClock();
  const { endpoint, ends } = numbered();
  const find = (name: string) => (name === "Ask" ? { endpoint, describe: () => description } : undefined);
  const calls = pipelineCalls({ find, names: () => ["Ask"], clock });
  return { clock, calls, ends };
}

function ask(
  calls: PipelineCalls,
  payload: string,
  { params = {}, signal = new CallCancellation() }: { params?: Record<string, JsonValue>; signal?: CallSignal } = {},
): Promise<ExecuteResponse> {
  return calls.execute({ pipeline: "Ask", params, inputs: { question: { payload, timestampUs: 0 } }, signal });
}

describe("sessions that answer calls", () => {
  it("wait 30 s for the next question with the same parameters, each from its own last answer on", async () => {
    const { clock, calls, ends } = setUp();
    expect(await ask(calls, "a")).toMatchObject({ answer: { payload: "by 0" } });
    expect(await ask(calls, "b")).toMatchObject({ answer: { payload: "by 0" } });
    clock.advance(20_000);
    expect(await ask(calls, "c", { params: { loud: true } })).toMatchObject({ answer: { payload: "by 1" } });
    clock.advance(9_000);
    expect(await ask(calls, "d")).toMatchObject({ answer: { payload: "by 0" } });
    // The other one has waited 30 s, this one 21.
    clock.advance(21_000);
    expect(ends).toMatchObject([undefined, { code: "cancelled", message: "Nobody has called for a while." }]);
    clock.advance(8_999);
    expect(ends[0]).toBeUndefined();
    clock.advance(1);
    expect(ends[0]).toMatchObject({ code: "cancelled" });
    expect(await ask(calls, "e")).toMatchObject({ answer: { payload: "by 2" } });
  });

  it("end with the peer, and no timer is left", async () => {
    const { clock, calls, ends } = setUp();
    await ask(calls, "a");
    expect(clock.pending).toBe(1);
    await calls.close(new MeshError("cancelled", "The peer stops."));
    expect(ends).toMatchObject([{ message: "The peer stops." }]);
    expect(clock.pending).toBe(0);
  });

  it("end with a question that nobody waits for any more", async () => {
    const { calls, ends } = setUp();
    const signal = new CallCancellation();
    const answer = ask(calls, "wait", { signal });
    const gone = new MeshError("cancelled", "The caller waits no longer.");
    await Promise.resolve();
    signal.abort(gone);
    signal.abort(new MeshError("internal", "Said twice."));
    await expect(answer).rejects.toBe(gone);
    expect(ends).toEqual([gone]);
    await expect(ask(calls, "b", { signal })).rejects.toBe(gone);
    expect(await ask(calls, "c")).toMatchObject({ answer: { payload: "by 1" } });
  });

  it("end together by one signal of their callers, who are not told that it has too many listeners", async () => {
    const { calls } = setUp();
    const all = new AbortController();
    // 16 are worked on, the others wait.
    const answers = Array.from({ length: 50 }, () => ask(calls, "wait", { signal: all.signal }));
    await Promise.resolve();
    expect(getEventListeners(all.signal, "abort")).toHaveLength(1);
    all.abort(new MeshError("cancelled", "The program stops."));
    const ends = await Promise.allSettled(answers);
    expect(ends.map((end) => (end.status === "rejected" ? end.reason : undefined))).toEqual(
      answers.map(() => all.signal.reason),
    );
  });
});
