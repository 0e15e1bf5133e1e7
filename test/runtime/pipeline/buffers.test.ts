import { describe, expect, it } from "vitest";
import { virtualClock } from "pipeline-mesh/testing";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import type { Frame, Payload } from "../../../runtime/interface/frame.ts";
import { defineNode, type NodeContext, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { LinkPlan, NodePlan, PipelinePlan } from "../../../runtime/interface/plan.ts";
import type { NodeDescription, PipelineSession } from "../../../runtime/interface/session.ts";
import { BoundedChannel } from "../../../runtime/pipeline/bounded-channel.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { placeOf } from "../../../runtime/pipeline/value-place.ts";
import { Gain } from "../../../stdlib/audio/gain.node.ts";
import { Remix } from "../../../stdlib/audio/remix.node.ts";
import { Resample } from "../../../stdlib/audio/resample.node.ts";
import { ToFloat } from "../../../stdlib/audio/to-float.node.ts";
import { ToInteger } from "../../../stdlib/audio/to-integer.node.ts";
import { PipelineBuilder } from "../../support/pipeline-plan-builder.ts";
import { drain, frameOf, openSession } from "../../support/pipeline-reader.ts";
import { depsOf, planOf } from "../../support/pipeline-run.ts";
const floats: FlowType = {
  kind: "audio",
  dims: { codec: ["pcm_f32"], rate: [48_000], channels: [1] },
};
const number: FlowType = { kind: "scalar", name: "int" };
const samples = 960;

const first = (payload: Payload): number => (payload as Float32Array)[0] ?? Number.NaN;

/** Adds one to each sample, in a buffer of the runtime. */
const plusOne = (buffers: NodeContext["buffers"], payload: Payload): Float32Array => {
  const given = payload as Float32Array;
  const output = buffers.float32(given.length);
  for (let index = 0; index < output.length; index += 1) output[index] = (given[index] ?? 0) + 1;
  return output;
};

const Mapping = defineNode({
  sync: true,
  borrows: true,
  open: (_, { buffers }) => ({ map: (payload) => plusOne(buffers, payload) }),
});
const Framed = defineNode({
  sync: true,
  borrows: true,
  open: (_, { buffers, emit }) => ({ process: ({ payload }) => void emit("out", plusOne(buffers, payload)) }),
});
const Waiting = defineNode({
  borrows: true,
  open: (_, { buffers }) => ({
    async process({ payload }) {
      await Promise.resolve();
      return plusOne(buffers, payload);
    },
  }),
});
const Meter = defineNode({ sync: true, borrows: true, open: () => ({ map: first }) });
const LateMeter = defineNode({
  borrows: true,
  open: () => ({
    async process({ payload }) {
      await Promise.resolve();
      return first(payload);
    },
  }),
});

const nodes: Record<string, NodeDefinition> = { Mapping, Framed, Waiting, Meter, LateMeter };

/** A chain of these nodes, the last of which gives numbers. */
function chainOf(names: readonly string[], link: Partial<LinkPlan> = {}): PipelineBuilder {
  const builder = new PipelineBuilder("P", { a: floats }, { b: number });
  let from = "a";
  names.forEach((name, index) => {
    const id = `${name}#${index}`;
    builder.node(id, { in: floats }, { out: index === names.length - 1 ? number : floats });
    builder.link(from, `${id}.in`, index === 0 ? {} : link);
    from = `${id}.out`;
  });
  return builder.link(from, "b");
}

/** Changes one node of a plan. */
function changed(builder: PipelineBuilder, id: string, change: Partial<NodePlan>): PipelineBuilder {
  return builder.with({ nodes: builder.build().nodes.map((node) => (node.id === id ? { ...node, ...change } : node)) });
}

/** Sends a frame, as a microphone does: the next comes when this one has been worked off. */
async function say(session: PipelineSession, value: number, seq: number, port = "a"): Promise<void> {
  const link = session.inputs[port];
  if (link === undefined) throw new Error(`no input ${port}`);
  if (!link.writable) await link.ready();
  link.send(frameOf(new Float32Array(samples).fill(value), seq));
  await new Promise((resolve) => setImmediate(resolve));
}

/** The next frame of a queue, once it has come. */
async function next(channel: BoundedChannel | undefined): Promise<Frame | undefined> {
  const readable = new Promise<void>((resolve) => channel?.readBy({ readable: resolve }));
  const waiting = channel?.take();
  if (waiting !== undefined || channel === undefined) return waiting;
  await readable;
  return channel.take();
}

const buffersOf = (session: PipelineSession): Record<string, NodeDescription["buffers"]> =>
  Object.fromEntries(
    session.describe().nodes.flatMap(({ id, buffers }) => (buffers === undefined ? [] : [[id, buffers]])),
  );

const madeBy = (session: PipelineSession): number =>
  Object.values(buffersOf(session)).reduce((sum, one) => sum + (one?.made ?? 0), 0);

describe("payload buffers", () => {
  it.each([
    ["of `map`, as one function", ["Mapping", "Mapping", "Mapping", "Meter"], 3],
    ["that emit, in line", ["Framed", "Mapping", "Framed", "Meter"], 3],
    ["with queues between", ["Mapping", "Waiting", "Framed", "LateMeter"], 6],
  ])("are made once for a steady chain %s, and none for each frame", async (_what, names, most) => {
    const { session, channels } = await openSession(chainOf(names), { nodes });
    const heard: Payload[] = [];
    const speak = async (until: number): Promise<void> => {
      for (let seq = heard.length; seq < until; seq += 1) {
        await say(session, seq, seq);
        heard.push((await next(channels["b"]))?.payload ?? null);
      }
    };
    await speak(70);
    const before = madeBy(session);
    expect(before).toBeLessThanOrEqual(most);
    await speak(1_070);
    expect(madeBy(session)).toBe(before);
    for (const buffers of Object.values(buffersOf(session))) expect(buffers?.taken).toBe(1_070);
    expect(heard).toEqual(Array.from({ length: 1_070 }, (_, seq) => seq + names.length - 1));
    await session.close();
  });

  it("are as many as wait in a queue, which holds each until its reader has done with it", async () => {
    const clock = virtualClock();
    const heard: number[] = [];
    const Slow = defineNode({
      borrows: true,
      open: () => ({
        async process({ payload }) {
          const before = first(payload);
          await new Promise<void>((resolve) => clock.schedule(30, resolve));
          heard.push(first(payload));
          expect(first(payload)).toBe(before);
        },
      }),
    });
    const link = { overflow: "drop_oldest", capacityFrames: 3 } as const;
    const builder = chainOf(["Framed", "Slow"], link);
    const { session } = await openSession(builder, { nodes: { ...nodes, Slow }, deps: { clock } });
    for (let seq = 0; seq < 300; seq += 1) {
      await say(session, seq, seq);
      await clock.advanceAsync(20);
    }
    // Three wait, one is in work, one is being filled.
    expect(buffersOf(session)["Framed#0"]).toEqual({ taken: 300, made: 5 });
    const [queue] = session.describe().streams.filter(({ dropped }) => dropped > 0);
    expect(queue?.dropped).toBeGreaterThan(90);
    expect(heard.length).toBeGreaterThan(190);
    expect(heard).toEqual([...heard].toSorted((a, b) => a - b));
    session.inputs["a"]?.end();
    await clock.advanceAsync(200);
    expect(await session.closed).toEqual({});
  });

  /** Reads a node's output as said, besides a meter in line. */
  const beside = (reader: string, link: Partial<LinkPlan> = {}, change: Partial<NodePlan> = {}): PipelineBuilder =>
    changed(
      chainOf(["Mapping", "Meter"]).node(reader, { in: floats }, {}).link("Mapping#0.out", `${reader}.in`, link),
      reader,
      change,
    );
  const restart = { restart: "on_failure", attempts: 1, worker: false } as const;
  const ask: PipelinePlan["splits"] = [
    {
      kind: "first",
      id: "s",
      staggerMs: 0,
      branches: 1,
      location: { file: "main.mesh", line: 1, column: 1 },
    },
  ];
  const Keeping = defineNode({ sync: true, open: () => ({ process: () => undefined }) });

  it.each<[string, PipelineBuilder]>([
    [
      "the caller",
      new PipelineBuilder("P", { a: floats }, { b: floats })
        .node("Mapping", { in: floats }, { out: floats })
        .link("a", "Mapping.in")
        .link("Mapping.out", "b"),
    ],
    ["a node that does not say that it borrows", beside("Keeping")],
    ["one that is opened anew when it fails", beside("LateMeter#9", {}, { run: restart })],
    ["a `first`", beside("LateMeter#9", { branch: [{ split: "s", branch: 0 }] }).with({ splits: ask })],
    [
      "a join that gives the latest again",
      changed(
        chainOf(["Mapping", "Meter"])
          .node("Pair", { left: floats, right: floats }, {})
          .link("Mapping#0.out", "Pair.left")
          .link("a", "Pair.right"),
        "Pair",
        { join: { mode: "latest", inputs: ["left", "right"] } },
      ),
    ],
  ])("are new for each frame where it goes to %s", async (_who, builder) => {
    const Pair = defineNode({ borrows: true, open: () => ({ join: () => undefined }) });
    const { session } = await openSession(builder, { nodes: { ...nodes, Keeping, Pair } });
    for (let seq = 0; seq < 20; seq += 1) await say(session, seq, seq);
    expect(Object.values(buffersOf(session))[0]).toEqual({ taken: 20, made: 20 });
    await session.close();
  });

  it("that are taken in one call are different ones, whatever their size", async () => {
    const seen: Float32Array[][] = [];
    const Cutting = defineNode({
      sync: true,
      borrows: true,
      open: (_, { buffers, emit }) => ({
        process({ payload }) {
          const parts = Array.from({ length: 100 }, (_unused, index) =>
            buffers.float32(1 + index * 3).fill(first(payload)),
          );
          seen.push(parts);
          for (const part of parts) void emit("out", part);
        },
      }),
    });
    const { session, channels } = await openSession(chainOf(["Cutting", "Meter"]), { nodes: { ...nodes, Cutting } });
    for (let seq = 0; seq < 10; seq += 1) await say(session, seq, seq);
    for (const parts of seen) {
      expect(new Set(parts.map(({ buffer }) => buffer)).size).toBe(100);
      expect(parts.map(({ length }) => length)).toEqual(Array.from({ length: 100 }, (_unused, index) => 1 + index * 3));
    }
    session.inputs["a"]?.end();
    let count = 0;
    for (const { payload } of await drain(channels["b"])) {
      expect(payload).toBe(Math.floor(count / 100));
      count += 1;
    }
    expect(count).toBe(1_000);
    // No more than 64 of a call are kept track of, and 16 unused ones kept.
    expect(buffersOf(session)["Cutting#0"]?.made).toBeGreaterThan(500);
  });

  it("come in each type, with what was in them; very large ones are new, and lengths that are none are refused", async () => {
    const made: [string, number, number][] = [];
    const Odd = defineNode({
      sync: true,
      open: (_, { buffers }) => ({
        map() {
          const [bytes, integers, large] = [buffers.uint8(7), buffers.int16(300), buffers.float32(2_000_000)];
          for (const one of [bytes, integers, large]) made.push([one.constructor.name, one.length, one[0] ?? -1]);
          bytes.fill(1);
          integers.fill(2);
          large.fill(3);
          expect(buffers.float32(0)).toHaveLength(0);
          expect(() => buffers.float32(-1)).toThrow(RangeError);
          return 1;
        },
      }),
    });
    const { session } = await openSession(chainOf(["Odd"]), { nodes: { Odd } });
    for (let seq = 0; seq < 3; seq += 1) await say(session, seq, seq);
    const again = [
      ["Uint8Array", 7, 1],
      ["Int16Array", 300, 2],
      ["Float32Array", 2_000_000, 0],
    ];
    expect(made).toEqual([...again.map(([type, length]) => [type, length, 0]), ...again, ...again]);
    await session.close();
  });

  it("that are taken before the first call are new, for what is sent then waits for the start", async () => {
    const early: Float32Array[] = [];
    const Early = defineNode({
      sync: true,
      borrows: true,
      open(_, { buffers, emit }) {
        for (let index = 0; index < 3; index += 1) early.push(buffers.float32(samples).fill(index));
        for (const one of early) void emit("out", one);
        return { map: (payload) => plusOne(buffers, payload) };
      },
    });
    const { session, channels } = await openSession(chainOf(["Early", "LateMeter"]), { nodes: { ...nodes, Early } });
    const heard: Payload[] = [];
    const hear = async (): Promise<void> => void heard.push((await next(channels["b"]))?.payload ?? null);
    for (let index = 0; index < 3; index += 1) await hear();
    for (let seq = 0; seq < 20; seq += 1) {
      await say(session, 10, seq);
      await hear();
    }
    expect(early.map(first)).toEqual([0, 1, 2]);
    expect(heard).toEqual([0, 1, 2, ...Array.from({ length: 20 }, () => 11)]);
    expect(buffersOf(session)["Early#0"]).toEqual({ taken: 23, made: 4 });
    await session.close();
  });

  it("go round a loop: what comes back to a node is not filled while that reads it", async () => {
    const torn: string[] = [];
    /** Sends what it gets to whom it calls in line, who sends it back; and looks at it before and after. */
    const Round = defineNode({
      borrows: true,
      open: (_, { buffers, emit }) => ({
        process({ payload }, port) {
          const before = first(payload);
          if (before < 40) void emit("on", plusOne(buffers, payload));
          if (first(payload) !== before) torn.push(`${port}: ${before} has become ${first(payload)}`);
        },
      }),
    });
    const builder = new PipelineBuilder("P", { a: floats }, { b: number })
      .node("Round", { in: floats, again: floats }, { on: floats })
      .node("Mapping", { in: floats }, { out: floats })
      .node("Meter", { in: floats }, { out: number })
      .link("a", "Round.in")
      .link("Round.on", "Mapping.in")
      .link("Mapping.out", "Round.again")
      .link("Mapping.out", "Meter.in")
      .link("Meter.out", "b");
    const { session, channels } = await openSession(builder, { nodes: { ...nodes, Round } });
    for (let seq = 0; seq < 5; seq += 1) await say(session, seq * 0.001, seq);
    expect(torn).toEqual([]);
    session.inputs["a"]?.end();
    const heard: number[] = [];
    for (const { payload } of await drain(channels["b"])) heard.push(payload as number);
    expect(heard).toHaveLength(100);
    const made = buffersOf(session)["Mapping"]?.made ?? 0;
    expect([buffersOf(session)["Mapping"]?.taken, made > 0 && made < 20]).toEqual([100, true]);
  });

  it("go round a loop of one node with `map` in the same way", async () => {
    const torn: string[] = [];
    const Again = defineNode({
      sync: true,
      borrows: true,
      open: (_, { buffers }) => ({
        map(payload) {
          const before = first(payload);
          const next = before < 40 ? plusOne(buffers, payload) : undefined;
          if (first(payload) !== before) torn.push(`${before} has become ${first(payload)}`);
          return next;
        },
      }),
    });
    const builder = chainOf(["Again", "Meter"]).link("Again#0.out", "Again#0.in");
    const { session, channels } = await openSession(builder, { nodes: { ...nodes, Again } });
    for (let seq = 0; seq < 5; seq += 1) await say(session, seq * 0.001, seq);
    session.inputs["a"]?.end();
    const count = (await drain(channels["b"])).length;
    expect([torn, count]).toEqual([[], 200]);
    expect(buffersOf(session)["Again#0"]?.made).toBeLessThan(20);
  });

  describe("in development", () => {
    it("show who keeps what it was given although it says that it borrows, and who does not fill what it takes", async () => {
      const kept: Float32Array[] = [];
      const Lying = defineNode({
        sync: true,
        borrows: true,
        open: () => ({
          map(payload) {
            kept.push(payload as Float32Array);
            return 1;
          },
        }),
      });
      const { session } = await openSession(chainOf(["Mapping", "Lying"]), {
        nodes: { ...nodes, Lying },
        deps: { checks: placeOf },
      });
      for (let seq = 0; seq < 5; seq += 1) await say(session, seq, seq);
      // Each from the next call on, and for good.
      expect(kept.map(first)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN, 5]);
      expect(new Set(kept.map(({ buffer }) => buffer)).size).toBe(5);
      await session.close();

      const raw: number[][] = [];
      const Empty = defineNode({
        sync: true,
        open: (_, { buffers }) => ({
          map: () => raw.push([...buffers.float32(1), ...buffers.int16(1), ...buffers.uint8(1)]),
        }),
      });
      const other = await openSession(chainOf(["Empty"]), { nodes: { Empty }, deps: { checks: placeOf } });
      for (let seq = 0; seq < 2; seq += 1) await say(other.session, seq, seq);
      expect(raw).toEqual(Array.from({ length: 2 }, () => [Number.NaN, 32_767, 255]));
      await other.session.close();
    });
  });
});

describe("a steady pipeline of the standard library", () => {
  const program = (level: string): string => `
import { Gain, ToInteger } from "std/audio"
node Level { in  audio<pcm_s16, 16kHz, mono>
 out int
 from "./level.ts" }
pipeline P { in mic: audio<pcm_s16, 44100Hz, stereo>
 out level: int
 mic ~> Gain(gain: 6dB) ~> ${level} -> level }
`;
  /** In line with its producer, or behind a queue. */
  const levelOf = (sync: boolean): NodeDefinition =>
    defineNode({
      sync,
      borrows: true,
      open: () => ({
        process({ payload }) {
          const loudest = (payload as Int16Array).reduce((most, one) => Math.max(most, one), 0);
          return sync ? loudest : Promise.resolve(loudest);
        },
      }),
    });

  it.each([
    ["called in line", true],
    ["behind a queue", false],
  ])(
    "of frames of 20 ms takes no memory for payloads: converters, remix, resampling; its end %s",
    async (_where, sync) => {
      const plan = planOf(program("Level()"));
      const levels = new BoundedChannel({ capacityFrames: 4, overflow: "block" });
      let heard = 0;
      const main = plan.pipelines["P"] as PipelinePlan;
      const session = await pipelineEndpoint(
        plan,
        "P",
        depsOf({ Gain, Remix, Resample, ToFloat, ToInteger, Level: levelOf(sync) }),
      ).open({
        params: {},
        inputs: { mic: main.inputs["mic"]?.type as FlowType },
        outputs: { level: { type: number, link: levels } },
        schemas: {},
        signal: new AbortController().signal,
      });
      const frame = Int16Array.from({ length: 882 * 2 }, (_, index) => Math.sin(index / 40) * 8_000);
      let seq = 0;
      const speak = async (count: number): Promise<void> => {
        for (let index = 0; index < count; index += 1, seq += 1) {
          session.inputs["mic"]?.send({ timestampUs: seq * 20_000, seq, epoch: 0, flags: 0, payload: frame });
          const loudest = (await next(levels))?.payload;
          if (seq > 1) expect(loudest).toBeGreaterThan(15_000);
          heard += 1;
        }
      };
      await speak(100);
      const before = buffersOf(session);
      expect(Object.keys(before).map((id) => id.split("#")[0])).toEqual(
        expect.arrayContaining(["ToFloat", "Gain", "Remix", "Resample", "ToInteger"]),
      );
      const { arrayBuffers } = process.memoryUsage();
      await speak(1_000);
      const grown = process.memoryUsage().arrayBuffers - arrayBuffers;
      for (const [id, buffers] of Object.entries(buffersOf(session))) {
        expect([id, buffers?.made]).toEqual([id, before[id]?.made]);
        expect(buffers?.taken).toBeGreaterThanOrEqual(1_099);
      }
      // It would be 18 MB.
      expect(grown).toBeLessThan(200_000);
      expect(heard).toBe(1_100);
      await session.close();
    },
  );
});
