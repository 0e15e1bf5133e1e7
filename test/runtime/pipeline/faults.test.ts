import { describe, expect, it } from "vitest";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import { defineNode, type NodeContext, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { placeOf } from "../../../runtime/pipeline/value-place.ts";
import { meshRun } from "../../support/mesh-run.ts";

/** `a -> n -> b`, with what is said of how `n` is run. */
const program = (options = ""): string => `
node N { in text
 out text
 from "./x.ts" }
pipeline P { in a: text
 out b: text
 let n = N()${options}
 a -> n -> b }
`;

const nodeFailure = (events: readonly MeshEvent[]) =>
  events.filter((event) => event.kind === "node-failed" || event.kind === "node-restarting");

/** Passes on what it gets, but for what `fault` does with it. */
function faulty(fault: (payload: string, context: NodeContext) => unknown) {
  const log: string[] = [];
  const node: NodeDefinition = defineNode({
    open(_, context) {
      log.push("open");
      return {
        process({ payload }) {
          const outcome = fault(String(payload), context as NodeContext);
          if (outcome !== undefined) return outcome as Promise<undefined>;
          return String(payload);
        },
        close: () => void log.push("close"),
      };
    },
  });
  return { node, log };
}

describe("a node that fails", () => {
  it.each<[string, NodeDefinition, string]>([
    ["throws", faulty((one) => (one === "bad" ? boom() : undefined)).node, "no such word"],
    ["rejects", faulty((one) => (one === "bad" ? Promise.reject(new Error("gone")) : undefined)).node, "gone"],
    [
      "rejects with what is no error",
      // eslint-disable-next-line prefer-promise-reject-errors -- what code of others may do
      faulty((one) => (one === "bad" ? Promise.reject("why") : undefined)).node,
      "why",
    ],
    [
      "gives a payload of the wrong kind",
      faulty((one) => (one === "bad" ? Promise.resolve(7) : undefined)).node,
      "its output `out` takes a value of type text, not a number",
    ],
    [
      "emits from a timer what is of the wrong kind",
      faulty((one, { clock, emit }) => void (one === "bad" && clock.schedule(1, () => void emit("out", 7)))).node,
      "its output `out` takes a value of type text, not a number",
    ],
    [
      "throws while it is told of the end",
      defineNode({ open: () => ({ process: ({ payload }) => payload, end: boom }) }),
      "no such word",
    ],
    [
      "throws in the middle of what it yields",
      defineNode({
        open: () => ({
          *process({ payload }) {
            yield payload;
            if (payload === "bad") boom();
          },
        }),
      }),
      "no such word",
    ],
  ])("%s: ends its session with its name and place; R8.1 no other session hears of it", async (_, node, reason) => {
    const { clock, open, events, mesh } = await meshRun(program(), { N: node });
    const [one, other] = [await open("P"), await open("P")];
    await one.send("a", "good", "bad");
    await clock.run(10);
    if (_.includes("end")) one.end("a");
    const { error } = await clock.until(one.session.closed);
    expect(error).toMatchObject({ code: "node-failed", node: "n", location: { file: "main.mesh", line: 7 } });
    expect(error?.message).toMatch(/^Node `n` of pipeline `P` \(main\.mesh:7:\d+\) failed: /);
    expect(error?.message).toContain(reason);
    await other.send("a", "still", "here");
    await clock.run(10);
    expect(other.outputs["b"]?.payloads).toEqual(["still", "here"]);
    expect(nodeFailure(events)).toHaveLength(1);
    await clock.until(mesh.close());
    expect(clock.pending).toBe(0);
  });
});

function boom(): never {
  throw new Error("no such word");
}

describe("a node that never answers", () => {
  it("is named by the watchdog, with how long it has not, each time it has taken twice as long", async () => {
    const { node } = faulty(() => new Promise<void>(() => undefined));
    const { clock, open, events, warnings, mesh } = await meshRun(program(), { N: node });
    const { send, session } = await open("P");
    await send("a", "x", "y");
    await clock.run(75_000);
    const told = events.flatMap((event) => (event.kind === "node-stalled" ? [[event.node, event.forMs]] : []));
    expect(told).toEqual([
      ["n", 10_000],
      ["n", 20_000],
      ["n", 40_000],
    ]);
    expect(warnings[0]).toBe("n has not answered for 10000 ms");
    // It is left behind when the session is over, and that is told too.
    const closing = session.close();
    await clock.run(5_000);
    await closing;
    expect(warnings.at(-1)).toBe("n did not stop within 5000 ms");
    await clock.until(mesh.close());
    expect(clock.pending).toBe(0);
  });

  it("fails after as long as the launch says, and its session with it", async () => {
    const { node } = faulty((one) => (one === "hang" ? new Promise<void>(() => undefined) : undefined));
    const watchdog = { reportAfterMs: 500, failAfterMs: 2_000 };
    const { clock, open, mesh } = await meshRun(program(), { N: node }, { watchdog });
    const [one, other] = [await open("P"), await open("P")];
    await one.send("a", "hang");
    const { error } = await clock.until(one.session.closed);
    expect(error).toMatchObject({ code: "deadline-exceeded", node: "n" });
    expect(error?.message).toContain("it has not answered for 2000 ms");
    await other.send("a", "x");
    await clock.run(10);
    expect(other.outputs["b"]?.payloads).toEqual(["x"]);
    await clock.until(mesh.close());
  });

  it("is not taken for stuck while it waits for room, or while it is a source", async () => {
    const flood = defineNode({
      open: (_, { emit }) => ({
        async process({ payload }) {
          for (let index = 0; index < 200; index += 1) await emit("out", payload);
        },
      }),
    });
    const blocked = {
      writable: false,
      ready: () => new Promise<void>(() => undefined),
      send() {},
      end() {},
      abort() {},
    };
    const { clock, open, events, mesh } = await meshRun(program(), { N: flood });
    const outputs = { b: { type: { kind: "scalar", name: "text" } as const, link: blocked } };
    const { send } = await open("P", { outputs });
    await send("a", "x");
    await clock.run(60_000);
    expect(events.filter((event) => event.kind === "node-stalled")).toEqual([]);
    await clock.until(mesh.close());
  });
});

describe("a node that is restarted", () => {
  const failing = () => faulty((one) => (one === "bad" ? boom() : undefined));

  it("gets a new instance; the frame in work is lost, what waits is not, and the epoch of the session stays", async () => {
    const { node, log } = failing();
    const { clock, open, events, mesh } = await meshRun(program(" with { restart: on_failure, attempts: 3 }"), {
      N: node,
    });
    const { send, end, session, outputs } = await open("P");
    await send("a", "1", "bad", "2", "3", "bad", "4");
    end("a");
    expect((await clock.until(session.closed)).error).toBeUndefined();
    expect(outputs["b"]?.payloads).toEqual(["1", "2", "3", "4"]);
    expect(outputs["b"]?.frames.map((frame) => frame.seq)).toEqual([0, 1, 2, 3]);
    expect(log).toEqual(["open", "close", "open", "close", "open", "close"]);
    expect(nodeFailure(events).map((event) => event.kind)).toEqual(["node-restarting", "node-restarting"]);
    expect(session.describe().nodes[0]).toMatchObject({ id: "n", state: "ended", restarts: 2, frames: 6 });
    // The first restart comes at once, the second after 100 ms.
    expect(clock.nowMs).toBe(100);
    await clock.until(mesh.close());
  });

  it("ends its session when its attempts are used up, and no other", async () => {
    const { node } = failing();
    const { clock, open, events, mesh } = await meshRun(program(" with { restart: on_failure, attempts: 2 }"), {
      N: node,
    });
    const [one, other] = [await open("P"), await open("P")];
    await one.send("a", "bad", "bad", "bad", "lost");
    const { error } = await clock.until(one.session.closed);
    expect(error).toMatchObject({ code: "node-failed", node: "n" });
    expect(nodeFailure(events).map((event) => ("attempt" in event ? event.attempt : event.kind))).toEqual([
      1,
      2,
      "node-failed",
    ]);
    await other.send("a", "bad", "x");
    await clock.run(1_000);
    expect(other.outputs["b"]?.payloads).toEqual(["x"]);
    await clock.until(mesh.close());
  });

  it("counts an instance that cannot open against its attempts, with growing waits between", async () => {
    let opened = 0;
    const times: number[] = [];
    const node = defineNode({
      open(_, { clock }) {
        opened += 1;
        times.push(clock.nowUs() / 1_000);
        if (opened > 1) throw new Error("no model");
        return { process: boom };
      },
    });
    const { clock, open, mesh } = await meshRun(program(" with { restart: on_failure, attempts: 4 }"), { N: node });
    const { send, session } = await open("P");
    await send("a", "x");
    expect((await clock.until(session.closed)).error?.message).toContain("no model");
    expect(times).toEqual([0, 0, 100, 300, 700]);
    await clock.until(mesh.close());
    expect(clock.pending).toBe(0);
  });

  it("is restarted too when it does not answer, and what waited is worked off", async () => {
    const { node } = faulty((one) => (one === "hang" ? new Promise<void>(() => undefined) : undefined));
    const watchdog = { reportAfterMs: 500, failAfterMs: 2_000 };
    const { clock, open, mesh } = await meshRun(
      program(" with { restart: on_failure, attempts: 1 }"),
      { N: node },
      { watchdog },
    );
    const { send, end, outputs, session } = await open("P");
    await send("a", "hang", "x");
    end("a");
    expect((await clock.until(session.closed)).error).toBeUndefined();
    expect(outputs["b"]?.payloads).toEqual(["x"]);
    await clock.until(mesh.close());
  });

  it("is not restarted where the program says `never`", async () => {
    const { node, log } = failing();
    const { clock, open, mesh } = await meshRun(program(" with { restart: never }"), { N: node });
    const { send, session } = await open("P");
    await send("a", "bad");
    expect((await clock.until(session.closed)).error?.code).toBe("node-failed");
    expect(log).toEqual(["open", "close"]);
    await clock.until(mesh.close());
  });
});

describe("a node that goes on after its end", () => {
  it("emits for nobody, which is counted, and is told so where it waits", async () => {
    let emit: NodeContext["emit"] = () => undefined;
    const node = defineNode({
      open(_, context) {
        emit = context.emit as NodeContext["emit"];
        return { process: ({ payload }) => payload };
      },
    });
    const { clock, open, mesh, events } = await meshRun(program(), { N: node });
    const { send, end, session, outputs } = await open("P");
    await send("a", "x");
    end("a");
    expect((await clock.until(session.closed)).error).toBeUndefined();
    await expect(emit("out", "late")).rejects.toThrow("The session has ended.");
    expect(outputs["b"]?.payloads).toEqual(["x"]);
    expect(session.describe().nodes[0]).toMatchObject({ state: "ended", dropped: 1 });
    expect(nodeFailure(events)).toEqual([]);
    await clock.until(mesh.close());
  });

  it("leaves timers behind, which are cancelled and counted", async () => {
    let fired = 0;
    const node = defineNode({
      open(_, { clock }) {
        const again = (): void => void clock.schedule(20, () => ((fired += 1), again()));
        again();
        const cancel = clock.schedule(1_000, () => undefined);
        return { process: ({ payload }) => payload, close: cancel };
      },
    });
    const { clock, open, mesh, warnings } = await meshRun(program(), { N: node });
    const { session } = await open("P");
    await clock.run(100);
    expect(fired).toBe(5);
    await clock.until(session.close());
    expect(clock.pending).toBe(0);
    await clock.run(1_000);
    expect(fired).toBe(5);
    expect(session.describe().nodes[0]).toMatchObject({ id: "n", leaked: 1 });
    expect(warnings).toEqual(["n has left 1 timer behind"]);
    await clock.until(mesh.close());
  });
});

describe("a payload that breaks the format of its port", () => {
  const heard = (inner: string): string => `
enum Language { en, de }
record Word { text: text, confidence: float in 0..1, language: Language?, parts: [Part] = [] }
record Part { start: duration }
node N { in text
 out Word
 from "./x.ts" }
interface Step { in words: Word
 out heard: Word }
pipeline Near: Step { in words: Word
 out heard: Word
 words -> heard }
pipeline P { in a: text
 out b: Word
 let n = N()
 ${inner} }
pipeline Words { in a: Word
 out b: Word
 a -> b }
`;
  const good = { text: "hi", confidence: 1, parts: [{ start: 3 }] };
  const bad = { text: "hi", confidence: 0.5, parts: [{ start: 3 }, { start: "soon" }] };
  const talker: NodeDefinition = defineNode({
    open: () => ({ process: ({ payload }) => (payload === "bad" ? bad : good) as never }),
  });

  it("is caught at the port while a program is developed, with the place in the value", async () => {
    const { clock, open, mesh } = await meshRun(heard("a -> n -> b"), { N: talker }, { checks: placeOf });
    const { send, session, outputs } = await open("P");
    await send("a", "good");
    await clock.run(10);
    await send("a", "bad");
    const { error } = await clock.until(session.closed);
    expect(error?.message).toContain(
      "failed: its output `out` takes a value of type Word, not a record whose `parts[1].start` is none.",
    );
    expect(outputs["b"]?.payloads).toEqual([good]);
    await clock.until(mesh.close());
  });

  it("is looked at by kind alone otherwise", async () => {
    const { clock, open, mesh } = await meshRun(heard("a -> n -> b"), { N: talker });
    const { send, outputs } = await open("P");
    await send("a", "good", "bad");
    await clock.run(10);
    expect(outputs["b"]?.payloads).toEqual([good, bad]);
    await clock.until(mesh.close());
  });

  it.each<[string, unknown]>([
    ["a field of another type", bad],
    ["a number beyond its range", { ...good, confidence: 1.01 }],
    ["a name that no enum has", { ...good, language: "fr" }],
    ["a field that is missing", { text: "hi" }],
    ["a number that is none", { ...good, confidence: Number.NaN }],
  ])("is refused and counted at the border of a pipeline in any case: %s", async (_, payload) => {
    const { clock, open, mesh } = await meshRun(heard("a -> n -> b"), { N: talker });
    const { session, send, end, outputs } = await open("Words");
    const frame = { timestampUs: 0, seq: 0, epoch: 0, flags: 0, payload: payload as never };
    expect(() => session.inputs["a"]?.send(frame)).toThrow(
      "`a` takes a value of type Word; frame 0 carries a record, which is none.",
    );
    // It is the writer's fault, who may go on.
    await send("a", good);
    end("a");
    expect((await clock.until(session.closed)).error).toBeUndefined();
    expect(outputs["b"]?.payloads).toEqual([good]);
    expect(session.describe().refused).toEqual({ a: 1 });
    await clock.until(mesh.close());
  });

  it("is refused at the border to a remote too, which fails for it and is named", async () => {
    const inner = "remote near: Step { at Near() }\n a -> n -> near -> b";
    const { clock, open, mesh } = await meshRun(heard(inner), { N: talker });
    const { send, session, outputs } = await open("P");
    await send("a", "good");
    await clock.run(10);
    await send("a", "bad");
    const { error } = await clock.until(session.closed);
    expect(error?.message).toMatch(
      /Remote `near`[^]*`words` takes a value of type Word; frame 1 carries a record, which is none/,
    );
    expect(outputs["b"]?.payloads).toEqual([good]);
    await clock.until(mesh.close());
    expect(clock.pending).toBe(0);
  });
});
