import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { defineNode, emission, FrameFlag, MeshError, ports, type JsonValue, type TypedNode } from "pipeline-mesh";
import { at, signatureOf, soundFrames, testNode, type NodeSignature } from "pipeline-mesh/testing";
import type { Schemas } from "../../../runtime/interface/caps.ts";
import { delay } from "../../../runtime/interface/clock.ts";
import { planOf } from "../../support/pipeline-run.ts";

/** As a build writes it. */
interface ShoutContract {
  readonly params: { readonly marks: number };
  readonly inputs: { in: string };
  readonly outputs: { out: string };
}

const Shout: TypedNode<ShoutContract> = {
  open: ({ marks }) => ({ process: ({ payload }) => payload.toUpperCase() + "!".repeat(marks) }),
};
const texts = { inputs: { in: "text" }, outputs: { out: "text" } } as const;

describe("a node in a test", () => {
  it("is fed and gives what it sends, by the types of its contract", async () => {
    await using node = await testNode(Shout, { params: { marks: 2 }, ...texts });
    await node.feed("in", ["hello", "world"]);
    expect(node.payloads("out")).toEqual(["HELLO!!", "WORLD!!"]);
    expectTypeOf(node.payloads("out")).toEqualTypeOf<string[]>();
    expectTypeOf(node.feed<"in">)
      .parameter(1)
      .not.toExtend<number[]>();
    // @ts-expect-error there is no such port
    await expect(node.feed("other", ["x"])).rejects.toThrow("The node has no input `other`; it has: in.");
    // @ts-expect-error there is no such parameter
    await (await testNode(Shout, { params: { loud: true }, ...texts })).close();
  });

  it("takes types and formats from what the code declares", async () => {
    const count = defineNode({
      parameters: z.object({ factor: z.number().default(2) }),
      inputs: { sound: ports.floats },
      outputs: { samples: ports.number },
      open: ({ factor }) => ({ map: (sound) => sound.length * factor }),
    });
    await using node = await testNode(count);
    await node.feed("sound", soundFrames(new Float32Array(2_000), { rate: 48_000 }));
    expect(node.payloads("samples")).toEqual([1_920, 1_920, 160]);
    expect(node.frames("samples").map(({ timestampUs }) => timestampUs)).toEqual([0, 20_000, 40_000]);
    expectTypeOf(node.payloads("samples")).toEqualTypeOf<number[]>();
    expectTypeOf(node.feed<"sound">)
      .parameter(1)
      .toExtend<Iterable<unknown> | AsyncIterable<unknown>>();
    // @ts-expect-error the port carries sound
    await expect(node.send("sound", "text")).rejects.toThrow("`sound` takes a Float32Array");
  });

  it("takes signature, schemas and joins from a plan", async () => {
    const plan = planOf(`
record Word { text: text }
node Pair { in left: Word
 in right: Word
 out both: text
 join index
 from "./pair.ts" }
pipeline P { in a: Word
 in b: Word
 out c: text
 let pair = Pair()
 a -> pair.left
 b -> pair.right
 pair.both -> c }`);
    const pair = defineNode<{
      params: object;
      inputs: { left: { text: string }; right: { text: string } };
      outputs: { both: string };
    }>({
      open: () => ({ join: ({ left, right }) => `${left.payload.text} ${right.payload.text}` }),
    });
    await using node = await testNode(pair, { signature: signatureOf(plan, "Pair") });
    await node.feed("left", [{ text: "good" }]);
    expect(node.payloads("both")).toEqual([]);
    await node.feed("right", [{ text: "morning" }]);
    expect(node.payloads("both")).toEqual(["good morning"]);
    await expect(node.send("left", { word: 1 } as never)).rejects.toThrow("`left` takes a value of type Word");
    const wrong = await testNode(defineNode({ open: () => ({ join: () => 7 }) }), {
      signature: { ...signatureOf(plan, "Pair"), outputs: { both: { kind: "list", element: { kind: "signal" } } } },
    });
    await wrong.feed("left", [{ text: "a" }]);
    await expect(wrong.feed("right", [{ text: "b" }])).rejects.toThrow("its output `both` takes");
    expect(() => signatureOf(plan, "Piar")).toThrow("No pipeline of the plan has a node `Piar`; there are: `Pair`.");
  });

  it("looks at records as a whole, on the way in and on the way out", async () => {
    const echo = defineNode({ open: () => ({ process: ({ payload }) => ({ said: payload as JsonValue }) }) });
    const word: Schemas = {
      Word: { kind: "record", fields: [{ name: "said", type: { kind: "scalar", name: "text" }, optional: false }] },
    };
    const signature: NodeSignature = {
      node: "Echo",
      inputs: { in: { kind: "scalar", name: "json" } },
      outputs: { out: { kind: "named", name: "Word" } },
      schemas: word,
    };
    await using node = await testNode(echo, { signature });
    await node.send("in", "hello");
    await expect(node.send("in", 7)).rejects.toMatchObject({
      code: "node-failed",
      message: '`out` sends a value of type Word, not {"said":7}.',
    });
  });

  it("says what is missing where nobody tells the formats", async () => {
    await expect(testNode(Shout, { params: { marks: 1 } })).rejects.toMatchObject({
      code: "invalid-argument",
      hint: expect.stringContaining("signatureOf"),
    });
    const wrong = testNode(Shout, { params: { marks: 1 }, inputs: { in: "audio<48kHz>" } });
    await expect(wrong).rejects.toThrow("`audio<48kHz>` is no format");
  });

  it("gives media time, by hand, by step, and by what the format tells", async () => {
    const times = defineNode({
      inputs: { in: ports.floats },
      outputs: { out: ports.value<[number, number]>() },
      open: () => ({ process: ({ timestampUs, flags }) => [timestampUs, flags] as [number, number] }),
    });
    await using node = await testNode(times);
    const frame = new Float32Array(480);
    await node.feed("in", [frame, frame, at(70_000, frame, FrameFlag.segmentEnd), frame]);
    await node.feed("in", [frame, frame], { startUs: 1_000_000, everyUs: 5_000 });
    expect(node.payloads("out")).toEqual([
      [0, 0],
      [10_000, 0],
      [70_000, 2],
      [80_000, 0],
      [1_000_000, 0],
      [1_005_000, 0],
    ]);
    await node.feed("in", soundFrames(new Float32Array(96), { rate: 48_000, samples: 48, startUs: 7, segment: true }));
    expect(node.payloads("out").slice(6)).toEqual([
      [7, FrameFlag.segmentStart],
      [1_007, FrameFlag.segmentEnd],
    ]);
  });

  it("waits in virtual time", async () => {
    const late = defineNode({
      inputs: { in: ports.text },
      outputs: { out: ports.text },
      open: (_, { clock, signal }) => ({
        async *process({ payload }) {
          for (const letter of payload) {
            await delay(clock, 1_000, signal);
            yield letter;
          }
        },
      }),
    });
    await using node = await testNode(late);
    const fed = node.send("in", "abc");
    await node.clock.advanceAsync(2_500);
    expect(node.payloads("out")).toEqual(["a", "b"]);
    await node.clock.advanceAsync(500);
    await fed;
    expect(node.payloads("out")).toEqual(["a", "b", "c"]);
  });

  it("drops at a flush what is of the epoch before", async () => {
    const flushes: number[] = [];
    let release = (): void => undefined;
    const slow = defineNode({
      inputs: { in: ports.text },
      outputs: { out: ports.text },
      open: () => ({
        process: async ({ payload }) => {
          if (payload === "old") await new Promise<void>((resolve) => (release = resolve));
          return payload;
        },
        flush: (epoch) => void flushes.push(epoch),
      }),
    });
    await using node = await testNode(slow);
    const fed = node.feed("in", ["old", "waiting"]);
    await node.clock.advanceAsync(0);
    node.flush();
    release();
    await fed;
    await node.send("in", "new");
    expect(node.frames("out").map(({ payload, epoch }) => [payload, epoch])).toEqual([["new", 1]]);
    expect(flushes).toEqual([1]);
    expect(node.describe().dropped).toBe(1);
  });

  it("tells of failures, logs and metrics, and opens anew as it is told to", async () => {
    let opened = 0;
    const picky = defineNode({
      inputs: { in: ports.text },
      outputs: { out: ports.text },
      open: (_, { log, metrics }) => {
        opened += 1;
        return {
          process({ payload }) {
            metrics.count("letters", payload.length);
            log("info", "read", { length: payload.length });
            if (payload === "bad") throw new Error("cannot read that");
            return payload;
          },
        };
      },
    });
    await using node = await testNode(picky, { restarts: 1 });
    await node.feed("in", ["good", "bad", "better"]);
    expect(node.payloads("out")).toEqual(["good", "better"]);
    expect([opened, node.metrics, node.failures.length]).toEqual([2, { letters: 13 }, 1]);
    expect(node.logs).toContainEqual({ level: "info", message: "read", fields: { length: 3 } });
    await expect(node.send("in", "bad")).rejects.toMatchObject({
      code: "node-failed",
      message: "Node `subject` of pipeline `test` (test.mesh:1:1) failed: cannot read that",
    });
    await expect(node.end()).rejects.toBeInstanceOf(MeshError);
  });

  it("runs sources, as far as somebody takes what they send", async () => {
    let rounds = 0;
    const counting = defineNode({
      outputs: { out: ports.number },
      open: (_, { emit }) => ({
        async run() {
          for (;;) await emit("out", rounds++);
        },
      }),
    });
    await using node = await testNode(counting);
    expect(await node.take("out", 3)).toEqual([0, 1, 2]);
    expect(await node.take("out", 2)).toEqual([3, 4]);
    expect(rounds).toBeLessThan(256);
    expect(() => node.flush()).toThrow("A source has no input");
    const short = defineNode({
      outputs: { out: ports.number },
      open: () => ({
        run: async function* () {
          yield 1;
        },
      }),
    });
    await using other = await testNode(short);
    expect(await other.take("out", 9)).toEqual([1]);
    await other.end();
  });

  it("sends what is left when it ends, and frees what it holds once", async () => {
    let closed = 0;
    const batch = defineNode({
      inputs: { in: ports.text },
      outputs: { out: ports.text, count: ports.number },
      open: (_, { emit }) => {
        const held: string[] = [];
        return {
          process: ({ payload }) => void held.push(payload),
          end: () => {
            void emit("out", held.join());
            return emission("count", held.length);
          },
          close: () => void (closed += 1),
        };
      },
    });
    await using node = await testNode(batch);
    await node.feed("in", ["a", "b"]);
    await node.end();
    expect([node.payloads("out"), node.payloads("count")]).toEqual([["a,b"], [2]]);
    expect(await node.closed).toEqual({ error: undefined });
    await node.close();
    expect(closed).toBe(1);
  });
});
