import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { laggardAfterMs } from "../../../runtime/pipeline/shared/tap.ts";
import { collected, meshRun } from "../../support/mesh-run.ts";

const text = { kind: "scalar", name: "text" } as const;
const sound = { kind: "audio", dims: { codec: ["pcm_f32"], rate: [16_000], channels: [1] } } as const;

/** Counts its instances, and what all of them have seen; fails at "bad", stops at "wait" until it is told. */
function room() {
  const log: string[] = [];
  const node: NodeDefinition = defineNode({
    open(_, { emit }) {
      log.push("open");
      let count = 0;
      return {
        async process({ payload }) {
          if (payload === "bad") throw new Error("no such word");
          count += 1;
          await emit("out", `${count}:${String(payload)}`);
        },
        flush: () => void log.push("flush"),
        end: () => void log.push("end"),
        close: () => void log.push("close"),
      };
    },
  });
  return { log, node };
}

const pairing: NodeDefinition = defineNode({
  open: (_, { emit }) => ({
    join: ({ left, right }) => void emit("out", `${String(left?.payload)}+${String(right?.payload)}`),
  }),
});
const loud: NodeDefinition = defineNode({ sync: true, open: () => ({ map: (payload) => payload }) });

const program = `
node Room { in text
 out text
 from "./x.ts" }
node Pair { in left: text
 in right: text
 out text
 join index
 from "./x.ts" }
node Loud { in audio<pcm_f32, 16kHz, mono>
 out audio<pcm_f32, 16kHz, mono>
 from "./x.ts" }
interface Talk { in say: text
 out hear: text }
interface Left { in left: text }
interface Right { in right: text
 out pairs: text }
pipeline Chat(topic: text = "all"): Talk { in say: text
 out hear: text
 let room = Room()
 say -> room -> hear }
pipeline Pairs { in left: text
 in right: text
 out pairs: text
 let pair = Pair()
 left -> pair.left
 right -> pair.right
 pair -> pairs }
pipeline Radio { in a: audio<pcm_f32, 16kHz, mono>
 out b: audio<pcm_f32, 16kHz, mono>
 a -> Loud() -> b }
pipeline Guest { in a: text
 out b: text
 remote chat: Talk { at host.Chat
  retry 5 times, backoff 100ms..200ms }
 a -> chat -> b }
pipeline LeftGuest { in a: text
 remote half: Left { at host.Pairs }
 a -> half }
pipeline RightGuest { in a: text
 out b: text
 remote half: Right { at host.Pairs }
 a -> half -> b }
peer host { runs Chat(topic: "cats") shared
 runs Pairs shared
 runs Radio shared
 listens "webrtc://127.0.0.1:1" }
`;

async function launch(nodes: Record<string, NodeDefinition> = {}) {
  const { log, node } = room();
  const run = await meshRun(program, { Room: node, Pair: pairing, Loud: loud, ...nodes });
  const close = (): Promise<void> => run.clock.until(run.mesh.close());
  return { ...run, log, close };
}

/** A link that takes so many frames and then none until it is opened. */
function sluggish(room = 0): Link & { readonly got: unknown[]; free(): void } {
  const got: unknown[] = [];
  let wake = (): void => undefined;
  return {
    got,
    get writable() {
      return got.length < room;
    },
    ready: () => new Promise((resolve) => (wake = resolve)),
    send: (frame) => void got.push(frame.payload),
    end: () => undefined,
    abort: () => undefined,
    free() {
      room = Number.POSITIVE_INFINITY;
      wake();
    },
  };
}

describe("a pipeline that a peer runs `shared`", () => {
  it("R6.3 R9.2 R9.3 lets all callers, here and from other peers, meet in one instance", async () => {
    const { clock, open, log, close } = await launch();
    const one = await open("Guest");
    const two = await open("Guest");
    const here = await open("Chat");
    await one.send("a", "one");
    await clock.run(100);
    await two.send("a", "two");
    await clock.run(100);
    const late = await open("Chat");
    await here.send("say", "three");
    await clock.run(100);
    const all = ["1:one", "2:two", "3:three"];
    expect(one.outputs["b"]?.payloads).toEqual(all);
    expect(two.outputs["b"]?.payloads).toEqual(all);
    expect(here.outputs["hear"]?.payloads).toEqual(all);
    expect(here.outputs["hear"]?.frames.map((frame) => frame.seq)).toEqual([0, 1, 2]);
    expect(late.outputs["hear"]?.payloads).toEqual(["3:three"]);
    expect(late.outputs["hear"]?.frames[0]?.seq).toBe(0);
    expect(log).toEqual(["open"]);
    await close();
    expect(log).toEqual(["open", "close"]);
  });

  it("R9.3 joins what different callers feed; an interface names the ports that a caller has a part in", async () => {
    const { clock, open, close } = await launch();
    const left = await open("LeftGuest");
    const right = await open("RightGuest");
    await left.send("a", "l1", "l2");
    left.end("a");
    await right.send("a", "r1", "r2", "r3");
    await clock.run(100);
    expect(right.outputs["b"]?.payloads).toEqual(["l1+r1", "l2+r2"]);
    expect((await clock.until(left.session.closed)).error).toBeUndefined();
    await close();
  });

  it("goes on while callers leave, give up, end their inputs and begin epochs of their own", async () => {
    const { clock, open, log, close } = await launch();
    const [stays, leaves, aborts, ends] = [
      await open("Chat"),
      await open("Chat"),
      await open("Chat"),
      await open("Chat"),
    ];
    const say = (payload: string, epoch: number) =>
      leaves.session.inputs["say"]?.send({ timestampUs: 0, seq: 0, epoch, flags: 0, payload });
    say("a", 0);
    say("b", 3);
    say("stale", 2);
    await clock.settle();
    leaves.session.inputs["say"]?.flush?.(7);
    await clock.run(10);
    // What a caller gets is never older than the epoch that it has told of itself.
    expect(leaves.outputs["hear"]?.frames.map(({ payload, epoch }) => [payload, epoch])).toEqual([
      ["1:a", 3],
      ["2:b", 3],
    ]);
    expect(stays.outputs["hear"]?.frames.map(({ epoch }) => epoch)).toEqual([0, 0]);
    await leaves.session.close();
    expect(() => say("late", 9)).toThrow("closed by its caller");
    aborts.session.inputs["say"]?.abort(new MeshError("peer-lost", "the microphone has gone"));
    expect((await aborts.session.closed).error?.message).toBe("the microphone has gone");
    ends.end("say");
    await stays.send("say", "c");
    await clock.run(100);
    expect(stays.outputs["hear"]?.payloads).toEqual(["1:a", "2:b", "3:c"]);
    expect(ends.outputs["hear"]?.payloads).toEqual(["1:a", "2:b", "3:c"]);
    expect(log).toEqual(["open"]);
    await close();
    expect((await stays.session.closed).error).toMatchObject({ code: "cancelled", message: "The peer stops." });
    expect(clock.pending).toBe(0);
  });

  it("refuses a payload of the wrong kind where it comes in, and nobody else hears of it", async () => {
    const { clock, open, close } = await launch();
    const wrong = await open("Chat");
    const right = await open("Chat");
    const frame = { timestampUs: 0, seq: 4, epoch: 0, flags: 0 };
    expect(() => wrong.session.inputs["say"]?.send({ ...frame, payload: 1 })).toThrow(
      "`say` takes a value of type text; frame 4 carries a number, which is none.",
    );
    await right.send("say", "x");
    await clock.run(10);
    expect(right.outputs["hear"]?.payloads).toEqual(["1:x"]);
    await close();
  });

  it("waits for a caller that is slow to take data, but gives it up when it takes nothing at all", async () => {
    const { clock, open, close } = await launch();
    const slow = sluggish(3);
    const stuck = await open("Chat", { outputs: { hear: { type: text, link: slow } } });
    const other = await open("Chat");
    const sent = Array.from({ length: 400 }, (_, index) => `w${index}`);
    const sending = other.send("say", ...sent);
    await clock.run(laggardAfterMs - 100);
    expect(other.outputs["hear"]?.payloads.length).toBeLessThan(150);
    await clock.until(sending);
    await clock.run(100);
    expect(other.outputs["hear"]?.payloads).toEqual(sent.map((word, index) => `${index + 1}:${word}`));
    expect((await stuck.session.closed).error).toMatchObject({ code: "resource-exhausted" });
    expect(slow.got).toEqual(["1:w0", "2:w1", "3:w2"]);
    await close();
    expect(clock.pending).toBe(0);
  });

  it("drops media, oldest first and counted, for the caller alone that is slow to take it", async () => {
    const { clock, open, close } = await launch();
    const slow = sluggish();
    const late = await open("Radio", { inputs: {}, outputs: { b: { type: sound, link: slow } } });
    const other = await open("Radio");
    const frames = Array.from({ length: 200 }, (_, index) => Float32Array.of(index));
    await other.send("a", ...frames);
    await clock.run(2 * laggardAfterMs);
    expect(other.outputs["b"]?.payloads).toEqual(frames);
    slow.free();
    await clock.settle();
    expect(slow.got).toEqual(frames.slice(-64));
    const [stream] = late.session.describe().streams;
    expect(stream).toMatchObject({ name: "b", frames: 200, dropped: 136, queued: 0 });
    await close();
  });

  it("R8.1 R8.2 tells its callers when it fails; those that try again meet in a new instance", async () => {
    const { clock, open, log, events, close } = await launch();
    const [one, two] = [await open("Guest"), await open("Guest")];
    const here = await open("Chat");
    await one.send("a", "x");
    await clock.run(100);
    await two.send("a", "bad");
    await clock.run(3_000);
    expect((await here.session.closed).error).toMatchObject({
      code: "peer-lost",
      node: "room",
      message: expect.stringMatching(/instance of pipeline `Chat` that its callers share has failed: .*no such word/),
    });
    await one.send("a", "y");
    await clock.run(100);
    await two.send("a", "z");
    await clock.run(100);
    expect(one.outputs["b"]?.payloads).toEqual(["1:x", "1:y", "2:z"]);
    expect(two.outputs["b"]?.payloads).toEqual(["1:x", "1:y", "2:z"]);
    expect(log).toEqual(["open", "close", "open"]);
    expect(events.filter((event) => event.kind === "node-failed")).toHaveLength(1);
    await close();
  });

  it("opens once, however many call while it does, and tells all of them when it cannot", async () => {
    let opened = 0;
    let ready = (): void => undefined;
    const slow = defineNode({
      async open() {
        opened += 1;
        await new Promise<void>((resolve) => (ready = resolve));
        if (opened === 1) throw new MeshError("dependency-missing", "There is no model.", { hint: "Get it." });
        return { map: (payload) => payload };
      },
    });
    const { clock, mesh, plan, close } = await launch({ Room: slow });
    const call = () =>
      mesh.open("Chat", {
        params: {},
        inputs: { say: text },
        outputs: { hear: { type: text, link: collected() } },
        schemas: plan.schemas,
        signal: new AbortController().signal,
      });
    const first = call();
    first.catch(() => undefined);
    await clock.settle();
    const second = await clock.until(call());
    ready();
    await expect(first).rejects.toMatchObject({ code: "dependency-missing", hint: "Get it." });
    expect((await second.closed).error?.message).toContain("There is no model.");
    const again = call();
    await clock.settle();
    ready();
    await clock.until(again);
    expect(opened).toBe(2);
    await close();
  });

  it("takes parameters from its peer alone, and the formats that the first caller settled", async () => {
    const { open, close } = await launch();
    await expect(open("Chat", { params: { topic: "dogs" } })).rejects.toThrow(
      "Parameter `topic` of pipeline `Chat` is for its peer to set: all its callers share one instance.",
    );
    await expect(open("Radio", { inputs: { a: { ...sound, dims: { rate: [48_000] } } } })).rejects.toMatchObject({
      code: "format-mismatch",
    });
    await expect(open("Chat", { inputs: { yell: text, say: text } })).rejects.toThrow("has no input `yell`");
    await close();
  });
});

it("a circle of pipelines may lead through a shared one", async () => {
  const run = await meshRun(
    `
node Pass { in text
 out text
 from "./x.ts" }
interface Hub { in notes: text }
interface Talks { in question: text
 out answer: text }
pipeline Main { in question: text
 in notes: text
 out answer: text
 out noted: text
 remote far: Talks { at there.Far }
 question -> far -> answer
 notes -> Pass() -> noted }
pipeline Far: Talks { in question: text
 out answer: text
 remote back: Hub { at here.Main }
 question -> [Pass() -> answer, back] }
peer here { runs Main shared
 listens "webrtc://127.0.0.1:1" }
peer there { runs Far
 listens "webrtc://127.0.0.1:2" }
`,
    { Pass: loud },
  );
  const { clock, open, mesh } = run;
  const call = await open("Main", {
    inputs: { question: text },
  });
  expect(clock.nowMs).toBeLessThan(1_000);
  await call.send("question", "why");
  await clock.run(1_000);
  expect(call.outputs["answer"]?.payloads).toEqual(["why"]);
  expect(call.outputs["noted"]?.payloads).toEqual(["why"]);
  await clock.until(mesh.close());
});
