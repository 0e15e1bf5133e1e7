import { describe, expect, it } from "vitest";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { SessionRequest } from "../../../runtime/interface/session.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { collector, depsOf, feed, planOf } from "../../support/pipeline-run.ts";

const text = { kind: "scalar", name: "text" } as const;

const upper: NodeDefinition = defineNode({
  sync: true,
  open: (_, { emit }) => ({ process: (frame) => void emit("out", String(frame.payload).toUpperCase()) }),
});

/** Answers after a turn of the event loop. */
const later: NodeDefinition = defineNode({
  open: (_, { emit }) => ({
    async process(frame) {
      await Promise.resolve();
      await emit("out", `${String(frame.payload)}!`);
    },
  }),
});

const program = (body: string): string => `
node Upper { in text
 out text
 from "./x.ts" }
node Later { in text
 out text
 from "./x.ts" }
pipeline P {
  in a: text
  out b: text
${body}
}`;

async function open(
  body: string,
  nodes: Record<string, NodeDefinition> = { Upper: upper, Later: later },
  outputs: SessionRequest["outputs"] = {},
) {
  const deps = depsOf(nodes);
  const b = collector();
  const session = await pipelineEndpoint(planOf(program(body)), "P", deps).open({
    params: {},
    inputs: { a: text },
    outputs: { b: { type: text, link: b.link }, ...outputs },
    schemas: {},
    signal: new AbortController().signal,
  });
  return { session, b, deps };
}

describe("a session of a pipeline", () => {
  it("carries every frame, in order, through nodes that are called in line and nodes that wait", async () => {
    const { session, b } = await open("  a -> Upper() -> Upper() -> Later() -> Upper() -> b");
    const sent = Array.from({ length: 500 }, (_, index) => `f${index}`);
    await feed(session, "a", sent);
    expect(await session.closed).toEqual({ error: undefined });
    expect(b.payloads).toEqual(sent.map((one) => `${one.toUpperCase()}!`));
    expect(b.frames.map((frame) => frame.seq)).toEqual(sent.map((_, index) => index));
    expect(b.frames[7]?.timestampUs).toBe(140_000);
  });

  it("hands on what a synchronous node sends at its end, and for a set of joined frames, after a stage has called it", async () => {
    const tail = defineNode({
      sync: true,
      open: (_, { emit }) => ({
        process: (frame) => void emit("out", frame.payload),
        end: () => void emit("out", "the end"),
      }),
    });
    const atEnd = await open('  a -> Tail() -> Upper() -> b\n}\nnode Tail { in text\n out text\n from "./x.ts"', {
      Tail: tail,
      Upper: upper,
    });
    await feed(atEnd.session, "a", ["one"]);
    expect(await atEnd.session.closed).toEqual({ error: undefined });
    expect(atEnd.b.payloads).toEqual(["ONE", "THE END"]);

    // The pulse comes by a stage of its own, before the first set.
    const both = defineNode({
      sync: true,
      open: (_, { emit }) => ({
        process: () => undefined,
        join: ({ left, right }) => void emit("out", `${String(left?.payload)}${String(right?.payload)}`),
      }),
    });
    const split = defineNode({
      sync: true,
      open: (_, { emit }) => ({
        process: ({ payload }) => {
          void emit("pulse", null);
          void emit("out", payload);
        },
      }),
    });
    const joined = await open(
      `  let both = Both()
  let split = Split()
  a -> split
  split.pulse -> both.stop
  split.out -> both.left
  split.out -> both.right
  both -> Upper() -> b
}
node Split { in text
 out out: text
 out pulse: signal
 from "./x.ts" }
node Both { in left: text
 in right: text
 in stop: signal
 out text
 join index
 from "./x.ts"`,
      { Both: both, Split: split, Upper: upper },
    );
    await feed(joined.session, "a", ["x", "y"]);
    expect(await joined.session.closed).toEqual({ error: undefined });
    expect(joined.b.payloads).toEqual(["XX", "YY"]);
  });

  it("calls `map` of a batch node for each frame", async () => {
    const louder = defineNode({ open: () => ({ map: (payload) => `${String(payload)}!` }) });
    const body = '  a -> Louder() -> b\n}\nbatch node Louder { in text\n out text\n from "./x.ts"';
    const { session, b } = await open(body, { Louder: louder });
    await feed(session, "a", ["one", "two"]);
    expect(await session.closed).toEqual({ error: undefined });
    expect(b.payloads).toEqual(["one!", "two!"]);
  });

  it("has a queue only at borders, forks and nodes that wait", async () => {
    const { session } = await open("  a -> Upper() -> Upper() -> Later() -> b");
    expect(session.describe().streams.map((stream) => stream.name)).toEqual([
      "a -> Upper.in",
      "Upper#2.out -> Later.in",
      "Later.out -> b",
    ]);
    await session.close();
  });

  it("fans out and merges by arrival", async () => {
    const { session, b } = await open("  let x = Upper()\n  let y = Later()\n  a -> [x, y]\n  [x, y] -> b");
    await feed(session, "a", ["one", "two"]);
    await session.closed;
    expect(b.payloads.toSorted()).toEqual(["ONE", "TWO", "one!", "two!"]);
  });

  it("stops its producer when the consumer does not read", async () => {
    const deps = depsOf({ Upper: upper, Later: later });
    const stuck = {
      writable: false,
      ready: () => new Promise<void>(() => undefined),
      send: () => undefined,
      end: () => undefined,
      abort: () => undefined,
    };
    const session = await pipelineEndpoint(planOf(program("  a -> Upper() -> b with { buffer: 8 }")), "P", deps).open({
      params: {},
      inputs: { a: text },
      outputs: { b: { type: text, link: stuck } },
      schemas: {},
      signal: new AbortController().signal,
    });
    const link = session.inputs["a"];
    let sent = 0;
    for (let turn = 0; turn < 200; turn += 1) {
      if (link?.writable) {
        link.send({ timestampUs: 0, seq: sent, epoch: 0, flags: 0, payload: "x" });
        sent += 1;
      }
      await Promise.resolve();
    }
    // The queue at the input holds 64, the one before the output 8.
    expect(sent).toBeLessThanOrEqual(64 + 8 + 1);
    expect(sent).toBeGreaterThanOrEqual(64);
    await session.close();
  });

  it("ends with an error that names the node and its line when a node throws", async () => {
    const broken = defineNode({
      sync: true,
      open: () => ({
        process: () => {
          throw new Error("no such word");
        },
      }),
    });
    const { session, deps } = await open("  a -> Upper() -> b", { Upper: broken });
    await feed(session, "a", ["x"]).catch(() => undefined);
    const { error } = await session.closed;
    expect(error).toMatchObject({ code: "node-failed", node: "Upper", location: { file: "main.mesh", line: 11 } });
    expect(error?.message).toContain("no such word");
    expect(deps.events.map((event) => event.kind)).toEqual(["node-failed"]);
  });

  it("refuses a payload of the wrong kind at the port that emits it", async () => {
    const wrong = defineNode({ open: (_, { emit }) => ({ process: () => void emit("out", new Uint8Array(3)) }) });
    const { session } = await open("  a -> Upper() -> b", { Upper: wrong });
    await feed(session, "a", ["x"]).catch(() => undefined);
    expect((await session.closed).error?.message).toContain("takes a value of type text, not a Uint8Array");
  });

  it("closes every node once, whatever happened", async () => {
    const closed: string[] = [];
    const counting = (name: string): NodeDefinition =>
      defineNode({
        open: (_, { emit }) => ({
          process: (frame) => void emit("out", frame.payload),
          close: () => void closed.push(name),
        }),
      });
    const { session } = await open("  a -> Upper() -> Later() -> b", {
      Upper: counting("upper"),
      Later: counting("later"),
    });
    await Promise.all([session.close(), session.close()]);
    expect(closed.toSorted()).toEqual(["later", "upper"]);
  });

  it("opens nothing when one node cannot open, and says why", async () => {
    const closed: string[] = [];
    const fine = defineNode({ open: () => ({ close: () => void closed.push("fine") }) });
    const missing = defineNode({ open: () => Promise.reject(new Error("model not there")) });
    await expect(open("  a -> Upper() -> Later() -> b", { Upper: fine, Later: missing })).rejects.toMatchObject({
      node: "Later",
    });
    expect(closed).toEqual(["fine"]);
  });

  it("refuses a caller whose format it does not take, naming port and formats", async () => {
    const plan = planOf(`node N { in audio<pcm_f32, 16kHz, mono>\n out text\n from "./x.ts" }
      pipeline P { in a: audio<pcm_f32>\n out b: text\n a -> N() -> b }`);
    const request: SessionRequest = {
      params: {},
      inputs: { a: { kind: "audio", dims: { codec: ["pcm_f32"], rate: [48_000], channels: [1] } } },
      outputs: {},
      schemas: {},
      signal: new AbortController().signal,
    };
    const opening = pipelineEndpoint(plan, "P", depsOf({ N: upper })).open(request);
    await expect(opening).rejects.toMatchObject({ code: "format-mismatch" });
    await expect(opening).rejects.toThrow("no rate (16kHz and 48kHz)");
  });
});
