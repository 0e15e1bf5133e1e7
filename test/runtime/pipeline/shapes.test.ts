import { describe, expect, it } from "vitest";
import { delay } from "../../../runtime/interface/clock.ts";
import type { Payload } from "../../../runtime/interface/frame.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { meshRun, type MeshRun, type OpenCall } from "../../support/mesh-run.ts";
import { seen, timed } from "../../support/timed-nodes.ts";

const passing: NodeDefinition = defineNode({ sync: true, open: () => ({ map: (payload) => payload }) });

/** Gives the sets that it is called with, as one text. */
const set: NodeDefinition = defineNode({
  open: (_, { emit }) => ({
    join: ({ left, right }) => void emit("out", `${String(left?.payload)}+${String(right?.payload)}`),
  }),
});

/** Sends a frame at a media time of its own. */
function at({ session }: OpenCall, port: string, ms: number, payload: Payload = `${port}${ms}`, seq = 0): void {
  session.inputs[port]?.send({ timestampUs: ms * 1_000, seq, epoch: 0, flags: 0, payload });
}

const joinProgram = (join: string, extra = ""): string => `
node Set { in left: text
 in right: text
 out text
 join ${join}
 from "./x.ts" }
pipeline P { in l: text
 in r: text
 out b: text
 let s = Set()${extra}
 l -> s.left
 r -> s.right
 s -> b }
`;

const joined = (mode: string, extra?: string): Promise<MeshRun> => meshRun(joinProgram(mode, extra), { Set: set });

/** The counts of the queues in front of the join. */
const dropped = ({ session }: OpenCall): number[] =>
  session
    .describe()
    .streams.filter((stream) => stream.name.includes("-> s."))
    .map((stream) => stream.dropped);

describe("R9.3 a join", () => {
  it("by time: pairs what lies within the tolerance, whenever it comes; what is late is dropped and counted", async () => {
    const run = await joined("time within 20ms");
    const call = await run.open("P");
    for (const ms of [0, 40, 80, 120]) at(call, "l", ms);
    await run.clock.run(1_000);
    // 20 is just near enough to 40, 61 and 99 are a little too far from 40, 80 and 120.
    for (const ms of [20, 61, 101, 139]) at(call, "r", ms);
    await run.clock.run(1_000);
    expect(call.outputs["b"]?.payloads).toEqual(["l0+r20", "l80+r61", "l120+r101"]);
    expect(call.outputs["b"]?.frames.map((frame) => frame.timestampUs)).toEqual([0, 80_000, 120_000]);
    expect(dropped(call)).toEqual([1, 0]);
    call.end("l");
    expect((await run.clock.until(call.session.closed)).error).toBeUndefined();
    // The one that has lost its partners is not delivered to anybody either.
    expect(dropped(call)).toEqual([1, 1]);
    await run.clock.until(run.mesh.close());
  });

  it("by time: the same sets, whatever the order in which frames of different inputs come", async () => {
    const lefts = [0, 30, 60, 95, 130];
    const rights = [5, 41, 62, 90, 160];
    const results = new Set<string>();
    for (let turn = 0; turn < 6; turn += 1) {
      const run = await joined("time within 10ms");
      const call = await run.open("P");
      const [a, b] = [[...lefts], [...rights]];
      for (let step = 0; a.length + b.length > 0; step += 1) {
        const takeLeft = b.length === 0 || (a.length > 0 && (step * 7 + turn * 3) % 5 < 1 + turn / 2);
        const ms = (takeLeft ? a : b).shift();
        if (ms !== undefined) at(call, takeLeft ? "l" : "r", ms);
        if ((step + turn) % 2 === 0) await run.clock.settle();
      }
      await run.clock.settle();
      results.add(JSON.stringify([call.outputs["b"]?.payloads, dropped(call)]));
      await run.clock.until(run.mesh.close());
    }
    expect([...results].map((one) => JSON.parse(one) as unknown)).toEqual([
      [
        ["l0+r5", "l60+r62", "l95+r90"],
        [2, 1],
      ],
    ]);
  });

  it("by index: the first of each, the second of each, and so on", async () => {
    const run = await joined("index");
    const call = await run.open("P");
    for (const ms of [1, 2, 3]) at(call, "l", ms);
    await run.clock.settle();
    for (const ms of [500, 600, 700, 800]) at(call, "r", ms);
    call.end("l", "r");
    expect((await run.clock.until(call.session.closed)).error).toBeUndefined();
    expect(call.outputs["b"]?.payloads).toEqual(["l1+r500", "l2+r600", "l3+r700"]);
    expect(dropped(call)).toEqual([0, 1]);
    await run.clock.until(run.mesh.close());
  });

  it("by the latest: each frame with the latest of the others, once each has had one", async () => {
    const run = await joined("latest");
    const call = await run.open("P");
    for (const [port, ms] of [
      ["l", 1],
      ["l", 2],
      ["r", 3],
      ["r", 4],
      ["l", 5],
    ] as const) {
      at(call, port, ms);
      await run.clock.settle();
    }
    call.end("r");
    at(call, "l", 6);
    call.end("l");
    expect((await run.clock.until(call.session.closed)).error).toBeUndefined();
    expect(call.outputs["b"]?.payloads).toEqual(["l2+r3", "l2+r4", "l5+r4", "l6+r4"]);
    expect(dropped(call)).toEqual([1, 0]);
    await run.clock.until(run.mesh.close());
  });

  it("holds up the quicker of its inputs, which loses nothing", async () => {
    const run = await joined("index");
    const call = await run.open("P");
    const sending = call.send("l", ...Array.from({ length: 200 }, (_, index) => `a${index}`));
    await run.clock.run(100);
    for (let index = 0; index < 200; index += 1) {
      at(call, "r", index, `b${index}`);
      await run.clock.settle();
    }
    await sending;
    await run.clock.settle();
    expect(call.outputs["b"]?.payloads).toEqual(Array.from({ length: 200 }, (_, index) => `a${index}+b${index}`));
    expect(dropped(call)).toEqual([0, 0]);
    await run.clock.until(run.mesh.close());
  });
});

describe("R9.3 a merge", () => {
  it("passes on frames as they arrive, each stream in its order, numbered without holes", async () => {
    const log = seen();
    const run = await meshRun(
      `
node Work(name: text, ms: int = 0) { in text
 out text
 from "./x.ts" }
pipeline P { in x: text
 in y: text
 in z: text
 out b: text
 [x, y -> Work(name: "y", ms: 25), z] -> Work(name: "w") -> b }
`,
      { Work: timed(log) },
    );
    const call = await run.open("P");
    for (let index = 0; index < 3; index += 1) {
      await call.send("x", `x${index}`);
      await call.send("y", `y${index}`);
      await call.send("z", `z${index}`);
      await run.clock.run(10);
    }
    call.end("x", "y", "z");
    await run.clock.until(call.session.closed);
    expect(call.outputs["b"]?.payloads).toEqual(
      ["x0", "z0", "x1", "z1", "x2", "z2", "y:y0", "y:y1", "y:y2"].map((one) => `w:${one}`),
    );
    expect(call.outputs["b"]?.frames.map((frame) => frame.seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await run.clock.until(run.mesh.close());
  });
});

/** Sends round what is not done: `n` comes back as `n - 1` until it is 0. */
const countdown: NodeDefinition = defineNode({
  open: (_, { emit }) => ({
    async process({ payload }, port) {
      const left = Number(String(payload));
      if (port === "in" || left > 0) await emit("out", String(payload));
      else await emit("done", "done");
    },
  }),
});
const minus: NodeDefinition = defineNode({ open: () => ({ map: (payload) => String(Number(payload) - 1) }) });

describe("a loop", () => {
  it("through a node that `delays` comes to rest, and ends with what comes from outside", async () => {
    const run = await meshRun(
      `
node Round { in text
 in back: text
 out out: text
 out done: text
 from "./x.ts" }
node Minus { in text
 out text
 delays
 from "./x.ts" }
pipeline P { in a: text
 out b: text
 let r = Round()
 a -> r.in
 r.out -> Minus() -> r.back
 r.done -> b }
`,
      { Round: countdown, Minus: minus },
    );
    const call = await run.open("P");
    await call.send("a", "5", "3");
    await run.clock.run(10);
    expect(call.outputs["b"]?.payloads).toEqual(["done", "done"]);
    call.end("a");
    expect((await run.clock.until(call.session.closed)).error).toBeUndefined();
    await run.clock.until(run.mesh.close());
  });
});

const flushProgram = (inner: string): string => `
node Work(name: text, ms: int = 0) { in text
 out text
 from "./x.ts" }
node Watch { in text
 out text
 from "./x.ts" }
node Pass { in text
 out text
 from "./x.ts" }
interface Step { in x: text
 out y: text }
pipeline Far: Step { in x: text
 out y: text
 x -> Work(name: "far", ms: 100) -> y }
pipeline Inner { in x: text
 out y: text
 x -> Watch() -> y }
pipeline P { in a: text
 in stop: signal
 out b: text
 ${inner} }
peer far { runs Far
 listens "webrtc://127.0.0.1:1" }
`;

describe("a flush", () => {
  /** Tells of the epochs that it hears of. */
  const watching = (epochs: number[]): NodeDefinition =>
    defineNode({ open: () => ({ map: (payload) => payload, flush: (epoch) => void epochs.push(epoch) }) });

  it("drops what is queued and in work from its target on, counted, tells nodes, and leaves other sessions alone", async () => {
    const [log, epochs] = [seen(), [] as number[]];
    const nodes = { Work: timed(log), Watch: watching(epochs), Pass: passing };
    const inner = `let w = Work(name: "w", ms: 100)\n a -> w -> Watch() -> b\n stop -> flush w`;
    const run = await meshRun(flushProgram(inner), nodes);
    const [call, other] = [await run.open("P"), await run.open("P")];
    for (const one of [call, other]) await one.send("a", "1", "2", "3");
    await run.clock.run(110);
    await call.send("stop", null);
    await run.clock.settle();
    expect(log.givenUp).toEqual(["w:2"]);
    await call.send("a", "4");
    await run.clock.run(400);
    expect(call.outputs["b"]?.frames.map(({ payload, epoch }) => [payload, epoch])).toEqual([
      ["w:1", 0],
      ["w:4", 1],
    ]);
    expect(other.outputs["b"]?.payloads).toEqual(["w:1", "w:2", "w:3"]);
    expect(epochs).toEqual([1]);
    expect(call.session.describe().streams.find((one) => one.name === "a -> w.in")?.dropped).toBe(1);
    await run.clock.until(run.mesh.close());
  });

  it("goes on to other peers, in order: nothing of the old epoch comes after the first frame of the new one", async () => {
    const log = seen();
    const inner = `remote r: Step { at far.Far }\n a -> r -> b\n stop -> flush r`;
    const run = await meshRun(flushProgram(inner), { Work: timed(log), Watch: watching([]), Pass: passing });
    const call = await run.open("P");
    await call.send("a", "1", "2", "3", "4");
    await run.clock.run(150);
    await call.send("stop", null);
    await call.send("a", "5");
    await run.clock.run(1_000);
    const got = call.outputs["b"]?.frames.map(({ payload, epoch }) => [payload, epoch]);
    expect(got).toEqual([
      ["far:1", 0],
      ["far:5", 1],
    ]);
    expect(log.givenUp).toEqual(["far:2"]);
    await run.clock.until(run.mesh.close());
  });

  it("overtakes media that wait, as every signal does", async () => {
    const order: string[] = [];
    const node = defineNode({
      open: (_, { clock }) => ({
        async process({ payload }, port) {
          order.push(port === "stop" ? "stop" : String(payload));
          await delay(clock, 10);
        },
      }),
    });
    const run = await meshRun(
      `
node N { in text
 in stop: signal
 from "./x.ts" }
pipeline P { in a: text
 in stop: signal
 let n = N()
 a -> n.in
 stop -> n.stop }
`,
      { N: node },
    );
    const call = await run.open("P");
    await call.send("a", "1", "2", "3");
    await run.clock.run(5);
    await call.send("stop", null);
    await run.clock.run(100);
    expect(order).toEqual(["1", "stop", "2", "3"]);
    await run.clock.until(run.mesh.close());
  });
});

describe("a pipeline that stands where a node may", () => {
  it("is put in place: its nodes are named after it, behave and end as if they stood there", async () => {
    const inner = "let one = Inner()\n let two = Inner()\n a -> one -> two -> b";
    const ended: string[] = [];
    const watch = defineNode({
      open: (_, { id }) => ({ map: (payload) => `${String(payload)},${id}`, end: () => void ended.push(id) }),
    });
    const run = await meshRun(flushProgram(inner), { Work: passing, Watch: watch, Pass: passing });
    const call = await run.open("P");
    await call.send("a", "x");
    call.end("a");
    await run.clock.until(call.session.closed);
    expect(call.outputs["b"]?.payloads).toEqual(["x,one/Watch,two/Watch"]);
    expect(call.session.describe().nodes.map((node) => node.id)).toEqual(["one/Watch", "two/Watch"]);
    expect(ended).toEqual(["one/Watch", "two/Watch"]);
    await run.clock.until(run.mesh.close());
  });
});

describe("the end of a stream", () => {
  const chain = `a -> Work(name: "x", ms: 5) -> Work(name: "y", ms: 7) -> b`;

  it("drains what is on its way, and an abort does not", async () => {
    const run = await meshRun(flushProgram(chain), { Work: timed(seen()), Watch: passing, Pass: passing });
    const [ends, aborts] = [await run.open("P"), await run.open("P")];
    for (const one of [ends, aborts]) await one.send("a", "1", "2", "3", "4");
    await run.clock.run(13);
    await aborts.session.close();
    ends.end("a", "stop");
    expect((await run.clock.until(ends.session.closed)).error).toBeUndefined();
    expect(ends.outputs["b"]?.payloads).toEqual(["1", "2", "3", "4"].map((one) => `y:x:${one}`));
    expect(ends.outputs["b"]?.ended).toBe(true);
    await run.clock.run(100);
    expect(aborts.outputs["b"]?.payloads).toEqual(["y:x:1"]);
    expect(aborts.outputs["b"]?.ended).toBe(false);
    // What was not worked off is told: each queue has counted what it lost.
    const { streams } = aborts.session.describe();
    expect(streams.map(({ frames, dropped: lost, queued }) => [frames, lost, queued])).toEqual([
      [4, 1, 0],
      [2, 0, 0],
      [1, 0, 0],
    ]);
    await run.clock.until(run.mesh.close());
    expect(run.clock.pending).toBe(0);
  });
});
