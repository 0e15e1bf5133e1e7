import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { PipelineBuilder, pulse, text } from "../../support/pipeline-plan-builder.ts";
import { drain, frameOf, openSession, payloadsOf, write } from "../../support/pipeline-reader.ts";

const pass: NodeDefinition = defineNode({
  sync: true,
  open: (_, { emit }) => ({ process: (frame) => void emit("out", frame.payload) }),
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A promise and what resolves it. */
function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
}

const straight = (): PipelineBuilder =>
  new PipelineBuilder("P", { a: text }, { b: text }).node("N").link("a", "N.in").link("N.out", "b");

describe("how a session ends", () => {
  it("ends a session that gives nothing once its last node has ended, in line or not", async () => {
    const seen: string[] = [];
    const source = defineNode({
      open: (_, { emit }) => ({
        async run() {
          for (const word of ["x", "y", "z"]) await emit("out", word);
        },
      }),
    });
    const sink = defineNode({
      sync: true,
      open: () => ({
        process: (frame) => void seen.push(String(frame.payload)),
        async end() {
          await turn();
          seen.push("end");
        },
      }),
    });
    const builder = new PipelineBuilder("P")
      .node("Source", {})
      .node("Sink", { in: text }, {})
      .link("Source.out", "Sink.in");
    const { session } = await openSession(builder, { nodes: { Source: source, Sink: sink } });
    expect(await session.closed).toEqual({ error: undefined });
    expect(seen).toEqual(["x", "y", "z", "end"]);
  });

  it("waits for a file beside the output to get its last frame", async () => {
    const written: string[] = [];
    const file = defineNode({
      open: () => ({
        async process(frame) {
          await turn();
          written.push(String(frame.payload));
        },
      }),
    });
    const builder = straight().node("File", { in: text }, {}).link("N.out", "File.in");
    const { session, channels } = await openSession(builder, { nodes: { N: pass, File: file } });
    await write(session, "a", ["1", "2", "3"]);
    session.inputs["a"]?.end();
    await drain(channels["b"]);
    await session.closed;
    expect(written).toEqual(["1", "2", "3"]);
  });

  it("gives nobody what nobody asked for, and is not held up by it", async () => {
    const builder = new PipelineBuilder("P", { a: text }, { b: text, c: text })
      .node("N")
      .link("a", "N.in")
      .link("N.out", "b")
      .link("N.out", "c", { capacityFrames: 1 });
    const first = await openSession(builder, { nodes: { N: pass } });
    const { session, channels } = await openSession(builder, {
      nodes: { N: pass },
      outputs: { b: { type: text, link: first.channels["b"] as never } },
    });
    await write(session, "a", Array.from({ length: 300 }, String));
    session.inputs["a"]?.end();
    expect((await session.closed).error).toBeUndefined();
    expect(channels["c"]?.frames).toBe(0);
    expect(first.channels["b"]?.frames).toBe(300);
    await first.session.close();
  });

  it("is cancelled, not finished, when its caller closes it before the end", async () => {
    const { session } = await openSession(straight(), { nodes: { N: pass } });
    await session.close();
    expect((await session.closed).error?.code).toBe("cancelled");
    expect(() => session.inputs["a"]?.send(frameOf("late"))).toThrow("closed by its caller");
  });

  it("fails when the writer of an input gives it up", async () => {
    const { session } = await openSession(straight(), { nodes: { N: pass } });
    session.inputs["a"]?.abort(new MeshError("peer-lost", "the microphone has gone"));
    expect((await session.closed).error).toMatchObject({ code: "peer-lost", message: "the microphone has gone" });
  });

  it("leaves the caller's outputs alone when it fails, so that another session may go on with them", async () => {
    const broken = defineNode({
      open: () => ({ process: () => Promise.reject(new Error("no")) }),
    });
    const { session, channels } = await openSession(straight(), { nodes: { N: broken } });
    await write(session, "a", ["x"]);
    expect((await session.closed).error?.code).toBe("node-failed");
    expect(channels["b"]?.ended).toBe(false);
  });

  it("R8.1 lets other sessions of the same pipeline go on", async () => {
    const picky = defineNode({
      sync: true,
      open: (_, { emit }) => ({
        process(frame) {
          if (frame.payload === "bad") throw new Error("cannot read that");
          void emit("out", frame.payload);
        },
      }),
    });
    const one = await openSession(straight(), { nodes: { N: picky } });
    const two = await openSession(straight(), { nodes: { N: picky } });
    await write(one.session, "a", ["bad"]);
    expect((await one.session.closed).error?.message).toBe(
      "Node `N` of pipeline `P` (main.mesh:2:3) failed: cannot read that",
    );
    await write(two.session, "a", ["good"]);
    two.session.inputs["a"]?.end();
    expect(payloadsOf(await drain(two.channels["b"]))).toEqual(["good"]);
    expect((await two.session.closed).error).toBeUndefined();
  });
});

describe("how nodes open and close", () => {
  it("keeps what a node emits while it opens", async () => {
    const greeter = defineNode({
      async open(_, { emit }) {
        await emit("out", "hello");
        return { process: (frame) => void emit("out", frame.payload) };
      },
    });
    const { session, channels } = await openSession(straight(), { nodes: { N: greeter } });
    await write(session, "a", ["world"]);
    session.inputs["a"]?.end();
    expect(payloadsOf(await drain(channels["b"]))).toEqual(["hello", "world"]);
  });

  it("does not wait for a slow node when another cannot open, and still closes the slow one, once", async () => {
    let finish = (): void => undefined;
    const slowlyOpen = new Promise<void>((resolve) => (finish = resolve));
    let closed = 0;
    let aborted = false;
    const slow = defineNode({
      async open(_, { signal }) {
        signal.addEventListener("abort", () => {
          aborted = true;
          finish();
        });
        await slowlyOpen;
        return { close: () => void (closed += 1) };
      },
    });
    const missing = defineNode({
      open: () => {
        throw new MeshError("dependency-missing", "PocketSphinx is not installed.", {
          hint: "apt install pocketsphinx",
        });
      },
    });
    const builder = straight().node("Slow", { in: text }, {}).link("N.out", "Slow.in");
    await expect(openSession(builder, { nodes: { N: missing, Slow: slow } })).rejects.toMatchObject({
      code: "dependency-missing",
      node: "N",
      hint: "apt install pocketsphinx",
      message: "Node `N` of pipeline `P` (main.mesh:2:3) failed: PocketSphinx is not installed.",
    });
    expect([aborted, closed]).toEqual([true, 1]);
  });

  it("gives up opening when the caller does", async () => {
    const stop = new AbortController();
    const endless = defineNode({
      open: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    });
    const opening = openSession(straight(), { nodes: { N: endless }, signal: stop.signal });
    await turn();
    stop.abort(new MeshError("cancelled", "never mind"));
    await expect(opening).rejects.toThrow("never mind");
  });

  it("frees a node only when it is not at work any more", async () => {
    const log: string[] = [];
    let release = (): void => undefined;
    const busy = defineNode({
      open: () => ({
        async process() {
          log.push("begin");
          await new Promise<void>((resolve) => (release = resolve));
          log.push("done");
        },
        close: () => void log.push("close"),
      }),
    });
    const { session } = await openSession(straight(), { nodes: { N: busy } });
    await write(session, "a", ["x"]);
    await turn();
    const closing = session.close();
    await turn();
    expect(log).toEqual(["begin"]);
    release();
    await closing;
    expect(log).toEqual(["begin", "done", "close"]);
  });

  it("stops a source that does not look at its signal at its next emit", async () => {
    let rounds = 0;
    const endless = defineNode({
      open: (_, { emit }) => ({
        async run() {
          for (;;) {
            rounds += 1;
            await emit("out", "tick");
          }
        },
      }),
    });
    const builder = new PipelineBuilder("P", {}, { b: text }).node("Tick", {}).link("Tick.out", "b");
    const { session } = await openSession(builder, { nodes: { Tick: endless } });
    await turn();
    await session.close();
    const before = rounds;
    await turn();
    expect(rounds).toBe(before);
  });

  it("lets timers run beside a source that always has more", async () => {
    let stop = false;
    const endless = defineNode({
      open: (_, { emit }) => ({
        async run() {
          while (!stop) await emit("out", "tick");
        },
      }),
    });
    const sink = defineNode({ sync: true, open: () => ({ process: () => undefined }) });
    const builder = new PipelineBuilder("P")
      .node("Tick", {})
      .node("Sink", { in: text }, {})
      .link("Tick.out", "Sink.in");
    const { session } = await openSession(builder, { nodes: { Tick: endless, Sink: sink } });
    setTimeout(() => (stop = true), 5);
    expect((await session.closed).error).toBeUndefined();
  });
});

describe("what a node may not do", () => {
  it.each<[string, NodeDefinition, string]>([
    [
      "emit to a port it does not have",
      defineNode({ open: (_, { emit }) => ({ process: () => void emit("oops", "x") }) }),
      "it emits to `oops`, but its outputs are: out",
    ],
    [
      "call itself synchronous and return a promise",
      defineNode({ sync: true, open: () => ({ process: async () => undefined }) }),
      "declared `sync`",
    ],
    [
      "fail at the end",
      defineNode({ open: () => ({ end: () => Promise.reject(new Error("tail lost")) }) }),
      "tail lost",
    ],
  ])("%s", async (_, node, reason) => {
    const { session, events } = await openSession(straight(), { nodes: { N: node } });
    await write(session, "a", ["x"]).catch(() => undefined);
    session.inputs["a"]?.end();
    const { error } = await session.closed;
    expect(error).toMatchObject({ code: "node-failed", node: "N", location: { file: "main.mesh", line: 2 } });
    expect(error?.message).toContain(reason);
    expect(events).toMatchObject([{ kind: "node-failed", node: "N" }]);
  });

  it("bring down the process from a timer", async () => {
    const late = defineNode({
      open: (_, { emit }) => {
        setImmediate(() => void emit("out", new Uint8Array(1)));
        return {};
      },
    });
    const { session } = await openSession(straight(), { nodes: { N: late } });
    expect((await session.closed).error?.message).toContain(
      "its output `out` takes a value of type text, not a Uint8Array",
    );
  });

  it("overrun a queue that may not be, and the link is named", async () => {
    const stuck = defineNode({ open: () => ({ process: () => new Promise<void>(() => undefined) }) });
    const flood = defineNode({
      sync: true,
      open: (_, { emit }) => ({
        process() {
          for (let index = 0; index < 5; index += 1) void emit("out", "x");
        },
      }),
    });
    const builder = new PipelineBuilder("P", { a: text })
      .node("Flood")
      .node("Stuck", { in: text }, {})
      .link("a", "Flood.in")
      .link("Flood.out", "Stuck.in", { capacityFrames: 2, overflow: "error" });
    const clock = {
      nowUs: () => 0,
      wallMs: () => 0,
      schedule: (_ms: number, run: () => void) => (queueMicrotask(run), () => undefined),
    };
    const { session } = await openSession(builder, { nodes: { Flood: flood, Stuck: stuck }, deps: { clock } });
    await write(session, "a", ["x"]);
    const { error } = await session.closed;
    expect(error).toMatchObject({ code: "resource-exhausted", node: "Flood" });
    expect(error?.message).toContain("The queue of `Flood.out -> Stuck.in` is full");
  });
});

describe("signals and epochs", () => {
  it("takes a signal before media that came earlier", async () => {
    const seen: string[] = [];
    const busy = deferred();
    const released = deferred();
    const node = defineNode({
      open: () => ({
        async process(frame, port) {
          seen.push(port === "stop" ? "stop" : String(frame.payload));
          busy.resolve();
          await released.promise;
        },
      }),
    });
    const builder = new PipelineBuilder("P", { a: text, s: pulse })
      .node("N", { in: text, stop: pulse }, {})
      .link("a", "N.in")
      .link("s", "N.stop");
    const { session } = await openSession(builder, { nodes: { N: node } });
    await write(session, "a", ["1", "2", "3"]);
    await busy.promise;
    session.inputs["s"]?.send(frameOf(null));
    await turn();
    released.resolve();
    session.inputs["a"]?.end();
    session.inputs["s"]?.end();
    await session.closed;
    expect(seen).toEqual(["1", "stop", "2", "3"]);
  });

  it("does not stand still in a loop closed by a signal, however small its queues", async () => {
    const worker = defineNode({
      open: (_, { emit }) => ({
        async process(frame, port) {
          if (port === "in") await emit("out", frame.payload);
        },
      }),
    });
    const checker = defineNode({
      open: (_, { emit }) => ({
        async process(frame) {
          await emit("again", null);
          await emit("out", frame.payload);
        },
      }),
    });
    const builder = new PipelineBuilder("P", { a: text }, { b: text })
      .node("Worker", { in: text, again: pulse })
      .node("Checker", { in: text }, { out: text, again: pulse })
      .link("a", "Worker.in", { capacityFrames: 1 })
      .link("Worker.out", "Checker.in", { capacityFrames: 1 })
      .link("Checker.again", "Worker.again", { capacityFrames: 1 })
      .link("Checker.out", "b", { capacityFrames: 1 });
    const { session, channels } = await openSession(builder, { nodes: { Worker: worker, Checker: checker } });
    const sent = Array.from({ length: 100 }, String);
    const feeding = write(session, "a", sent).then(() => session.inputs["a"]?.end());
    expect(payloadsOf(await drain(channels["b"]))).toEqual(sent);
    await feeding;
    expect((await session.closed).error).toBeUndefined();
  });

  it("tells nodes of a new epoch and drops, counted, what is of an older one", async () => {
    const flushed: number[] = [];
    const node = defineNode({
      sync: true,
      open: (_, { emit }) => ({
        process: (frame) => void emit("out", frame.payload),
        flush: (epoch) => void flushed.push(epoch),
      }),
    });
    const { session, channels } = await openSession(straight(), { nodes: { N: node } });
    const link = session.inputs["a"];
    for (const [payload, epoch] of [
      ["a", 0],
      ["b", 1],
      ["late", 0],
      ["c", 1],
    ] as const)
      link?.send(frameOf(payload, 0, epoch));
    link?.end();
    const frames = await drain(channels["b"]);
    // "a" still waited when the new epoch began.
    expect(frames.map(({ payload, epoch }) => [payload, epoch])).toEqual([
      ["b", 1],
      ["c", 1],
    ]);
    expect(flushed).toEqual([1]);
    expect(session.describe().streams.find((stream) => stream.name === "a -> N.in")?.dropped).toBe(1);
  });
});
