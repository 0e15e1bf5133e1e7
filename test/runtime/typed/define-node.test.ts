import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import {
  defineNode,
  emission,
  ports,
  type Frame,
  type NodeContext,
  type NodeDefinition,
  type Params,
} from "pipeline-mesh";
import { at, testNode, type ContractOfCode } from "pipeline-mesh/testing";
import { delay } from "../../../runtime/interface/clock.ts";

const io = { inputs: { in: ports.text }, outputs: { out: ports.text } } as const;

describe("the forms of a node", () => {
  it("map: one payload in, one out or none, with the same header", async () => {
    const code = defineNode({
      ...io,
      sync: true,
      open: () => ({
        map(text, header) {
          expectTypeOf(text).toEqualTypeOf<string>();
          return text === "" ? undefined : `${text}@${header.timestampUs}`;
        },
      }),
    });
    await using node = await testNode(code);
    await node.feed("in", [at(5, "a", 1), at(6, ""), at(7, "b", 2)]);
    expect(node.frames("out").map(({ payload, timestampUs, flags }) => [payload, timestampUs, flags])).toEqual([
      ["a@5", 5, 1],
      ["b@7", 7, 2],
    ]);
    // What is not sent is refused while the code is written.
    // @ts-expect-error the output carries text
    defineNode({ ...io, open: () => ({ map: (text) => text.length }) });
  });

  it("process, synchronous: returns, emits, or both", async () => {
    const code = defineNode({
      ...io,
      sync: true,
      open: (_, { emit }) => ({
        process(frame, port, work) {
          expectTypeOf(frame).toEqualTypeOf<Frame<string>>();
          expectTypeOf(port).toEqualTypeOf<"in">();
          expectTypeOf(work.signal).toEqualTypeOf<AbortSignal>();
          void emit("out", `${frame.payload}1`, { timestampUs: 70, flags: 4 });
          return `${frame.payload}2`;
        },
      }),
    });
    await using node = await testNode(code);
    await node.feed("in", [at(5, "a", 1)]);
    expect(node.frames("out")).toMatchObject([
      { payload: "a1", timestampUs: 70, flags: 4 },
      { payload: "a2", timestampUs: 5, flags: 1 },
    ]);
  });

  it("process, asynchronous: one frame at a time, in order", async () => {
    let now = 0;
    let most = 0;
    const code = defineNode({
      ...io,
      open: (_, { clock }) => ({
        async process({ payload }) {
          now += 1;
          most = Math.max(most, now);
          await delay(clock, Number(payload));
          now -= 1;
          return payload;
        },
      }),
    });
    await using node = await testNode(code);
    const fed = node.feed("in", ["30", "10", "20"]);
    await node.clock.advanceAsync(60);
    await fed;
    expect([node.payloads("out"), most]).toEqual([["30", "10", "20"], 1]);
  });

  it("process, generator: what is yielded goes out one by one", async () => {
    const code = defineNode({
      ...io,
      sync: true,
      open: () => ({
        *process({ payload }) {
          for (const word of payload.split(" ")) yield word;
        },
      }),
    });
    await using node = await testNode(code);
    await node.feed("in", [at(5, "one two"), at(6, "three")]);
    expect(node.frames("out").map(({ payload, timestampUs }) => [payload, timestampUs])).toEqual([
      ["one", 5],
      ["two", 5],
      ["three", 6],
    ]);
  });

  it("process, asynchronous generator: waits for room, and is closed when its epoch ends", async () => {
    const log: string[] = [];
    const code = defineNode({
      ...io,
      open: (_, { clock, signal }) => ({
        async *process({ payload }, _port, work) {
          try {
            for (let count = 0; ; count += 1) {
              await delay(clock, 10, signal);
              if (work.signal.aborted) log.push("told");
              yield `${payload}${count}`;
            }
          } finally {
            log.push(`closed ${payload}`);
          }
        },
      }),
    });
    await using node = await testNode(code, { capacity: 2 });
    const fed = node.send("in", "a");
    await node.clock.advanceAsync(25);
    expect(node.payloads("out")).toEqual(["a0", "a1"]);
    node.flush();
    await node.clock.advanceAsync(20);
    await fed;
    expect(log).toEqual(["told", "closed a"]);
    expect(node.payloads("out")).toEqual(["a0", "a1"]);
  });

  it("several ports: the name of the input tells what is in the frame, an emission where it goes", async () => {
    const code = defineNode({
      inputs: { text: ports.text, number: ports.number, stop: ports.pulse },
      outputs: { words: ports.text, sum: ports.number },
      open: () => {
        let sum = 0;
        return {
          process(...received) {
            const [{ payload }, port] = received;
            if (port === "number") {
              expectTypeOf(received[0]).toEqualTypeOf<Frame<number>>();
              sum += payload as number;
              return emission("sum", sum);
            }
            return port === "stop" ? emission("sum", -1, { flags: 2 }) : emission("words", payload as string);
          },
        };
      },
    });
    await using node = await testNode(code);
    await node.feed("number", [1, 2]);
    await node.send("text", "hi");
    await node.send("stop", null);
    expect([node.payloads("sum"), node.payloads("words")]).toEqual([[1, 3, -1], ["hi"]]);
    const unclear = defineNode({
      ...io,
      outputs: { a: ports.text, b: ports.text },
      open: () => ({ process: () => "x" }),
    });
    await using other = await testNode(unclear);
    await expect(other.send("in", "x")).rejects.toThrow("it returns a payload, but its outputs are: a, b.");
  });

  it("join: a whole set of frames at once", async () => {
    const code = defineNode({
      inputs: { picture: ports.bytes, caption: ports.text },
      outputs: { out: ports.text },
      open: () => ({
        join({ picture, caption }) {
          expectTypeOf(picture.payload).toEqualTypeOf<Uint8Array>();
          return `${caption.payload}: ${picture.payload.length}`;
        },
      }),
    });
    await using node = await testNode(code, {
      signature: {
        node: "Titled",
        inputs: { picture: { kind: "scalar", name: "bytes" }, caption: { kind: "scalar", name: "text" } },
        outputs: { out: { kind: "scalar", name: "text" } },
        schemas: {},
        join: { mode: "time", withinMs: 20, inputs: ["picture", "caption"] },
      },
    });
    await node.feed("picture", [at(0, new Uint8Array(3)), at(50_000, new Uint8Array(4))]);
    await node.feed("caption", [at(55_000, "late")]);
    await node.end();
    expect(node.payloads("out")).toEqual(["late: 4"]);
  });

  it("batch: each frame is answered", async () => {
    const code = defineNode({
      ...io,
      open: () => ({ process: async ({ payload }) => (payload === "?" ? undefined : payload.toUpperCase()) }),
    });
    const text = { kind: "scalar", name: "text" } as const;
    const signature = { node: "Ask", inputs: { in: text }, outputs: { out: text }, schemas: {}, batch: true };
    await using node = await testNode(code, { signature });
    await node.feed("in", ["a", "b"]);
    expect(node.payloads("out")).toEqual(["A", "B"]);
    await expect(node.send("in", "?")).rejects.toThrow("it is a batch node, but it has not answered a frame");
  });

  it("run: a source, by emitting or by yielding", async () => {
    const emitting = defineNode({
      outputs: { out: ports.number },
      open: (_, { emit }) => ({
        async run() {
          for (const one of [1, 2, 3]) await emit("out", one, { timestampUs: one * 10 });
        },
      }),
    });
    const yielding = defineNode({
      outputs: { out: ports.number },
      open: () => ({
        async *run() {
          yield* [1, 2, 3];
        },
      }),
    });
    for (const code of [emitting, yielding]) {
      await using node = await testNode(code);
      await node.end();
      expect(node.payloads("out")).toEqual([1, 2, 3]);
    }
  });
});

describe("the life of a node", () => {
  it("is open, process, flush, end, close, each when it is due", async () => {
    const log: string[] = [];
    const code = defineNode({
      ...io,
      async open() {
        await Promise.resolve();
        log.push("open");
        return {
          process: ({ payload }) => void log.push(`process ${payload}`),
          flush: (epoch) => void log.push(`flush ${epoch}`),
          async end() {
            await Promise.resolve();
            log.push("end");
            return "last";
          },
          async close() {
            await Promise.resolve();
            log.push("close");
          },
        };
      },
    });
    const node = await testNode(code);
    await node.send("in", "a");
    node.flush();
    await node.end();
    await node.close();
    expect(log).toEqual(["open", "process a", "flush 1", "end", "close"]);
    expect(node.frames("out")).toMatchObject([{ payload: "last", epoch: 1 }]);
  });

  it("has a context that knows its place, its formats and its session, and a signal that tells of the end", async () => {
    let seen: NodeContext<{ in: string }, { out: string }> | undefined;
    const code = defineNode<{ params: { marks: number }; inputs: { in: string }; outputs: { out: string } }>({
      open(params, context) {
        expectTypeOf(params).toEqualTypeOf<{ marks: number }>();
        seen = context;
        return {};
      },
    });
    const node = await testNode(code, { params: { marks: 1 }, inputs: { in: "text" }, outputs: { out: "text" } });
    expect(seen).toMatchObject({
      id: "subject",
      location: { file: "test.mesh", line: 1, column: 1 },
      session: { id: expect.stringMatching(/^[\w-]{22}$/) },
      formats: { inputs: { in: { kind: "scalar", name: "text" } }, outputs: { out: { kind: "scalar", name: "text" } } },
    });
    expect(seen?.random.next()).toBeLessThan(1);
    expect(seen?.signal.aborted).toBe(false);
    await node.close();
    expect(seen?.signal.aborted).toBe(true);
  });

  it("can fail without a call, for a socket or a timer of its own", async () => {
    const code = defineNode({
      ...io,
      open: (_, { clock, fail }) => {
        clock.schedule(1_000, () => fail(new Error("the camera has gone")));
        return { map: (text) => text };
      },
    });
    await using node = await testNode(code);
    await node.send("in", "a");
    node.clock.advance(1_000);
    await expect(node.idle()).rejects.toMatchObject({
      code: "node-failed",
      message: expect.stringContaining("failed: the camera has gone"),
    });
  });
});

describe("parameters", () => {
  it("are read once more by a Zod schema, which gives the code what it works with", async () => {
    const code = defineNode({
      ...io,
      parameters: z.object({
        pattern: z.string().transform((text) => new RegExp(text, "u")),
        times: z.number().default(2),
      }),
      open({ pattern, times }) {
        expectTypeOf(pattern).toEqualTypeOf<RegExp>();
        expectTypeOf(times).toEqualTypeOf<number>();
        return { map: (text) => (pattern.test(text) ? text.repeat(times) : undefined) };
      },
    });
    await using node = await testNode(code, { params: { pattern: "^a" } });
    await node.feed("in", ["ab", "b"]);
    expect(node.payloads("out")).toEqual(["abab"]);
    await expect(testNode(code, { params: { pattern: "a", times: "3" } })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining("does not take its parameter `times`"),
    });
  });
});

describe("the types of what is declared", () => {
  it("are known to whoever tests it", () => {
    const code = defineNode({
      ...io,
      parameters: z.object({ gain: z.number() }),
      open: () => ({ map: (text) => text }),
    });
    type Contract = ContractOfCode<typeof code>;
    expectTypeOf<Contract["params"]>().toEqualTypeOf<Params>();
    expectTypeOf<Contract["inputs"]["in"]>().toEqualTypeOf<string>();
    expectTypeOf(code).toExtend<NodeDefinition>();
    const whole = defineNode<{ params: { a: 1 }; inputs: { x: number }; outputs: { y: null } }>({ open: () => ({}) });
    expectTypeOf<ContractOfCode<typeof whole>["outputs"]["y"]>().toEqualTypeOf<null>();
    expect(whole.open).toBeTypeOf("function");
  });
});
