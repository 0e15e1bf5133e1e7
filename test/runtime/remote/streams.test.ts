import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import { encodeEnd, encodeFrames } from "../../../runtime/remote/frame-codec.ts";
import { Encoding } from "../../../runtime/remote/payload-codec.ts";
import { PipelineBuilder, planWith } from "../../support/pipeline-plan-builder.ts";
import { helloOf } from "./support/raw-peer.ts";
import { call, frameOf, rawCaller, rawHost, scene, serve, text } from "./support/scene.ts";

const window = { frames: 64, bytes: 1_048_576 };
const acceptOf = (change: object = {}): object => ({
  type: "accept",
  version: 1,
  schemas: {},
  inputs: [{ port: "a", type: text, window }],
  outputs: [{ port: "b", type: text }],
  ...change,
});

const record = (payload: string, seq: number, gap = 0): Uint8Array =>
  encodeFrames([
    {
      flags: 0,
      epoch: 0,
      seq,
      timestampUs: seq,
      encoding: Encoding.utf8,
      body: new TextEncoder().encode(payload),
      gap,
    },
  ]);

/** A session whose host the test speaks for. */
async function withRawHost() {
  const stage = scene();
  const { peers } = await rawHost(stage);
  const { opening, b } = call(stage);
  await stage.clock.settle();
  const [host] = peers;
  if (host === undefined) throw new Error("nobody dialled");
  const out = host.channel(2);
  host.say(acceptOf());
  const session = await stage.clock.until(opening);
  return { ...stage, host, out, session, b };
}

describe("a stream that its writer gives up", () => {
  it("ends the session of the host with the reason, and the caller hears it", async () => {
    const stage = scene();
    await serve(stage);
    const { opening } = call(stage);
    const session = await stage.clock.until(opening);
    session.inputs["a"]?.abort(new MeshError("invalid-argument", "The microphone was pulled out."));
    const { error } = await stage.clock.until(session.closed, 50);
    expect(error).toMatchObject({ code: "invalid-argument", message: "The microphone was pulled out." });
  });

  it("tells the other side once, with the channel, the code and the words", async () => {
    const { session, host, clock } = await withRawHost();
    const error = new MeshError("node-failed", "The camera is gone.");
    session.inputs["a"]?.abort(error);
    session.inputs["a"]?.abort(error);
    await clock.settle();
    expect(host.of("abort")).toEqual([
      { type: "abort", channel: 1, code: "node-failed", message: "The camera is gone." },
    ]);
    expect(() => session.inputs["a"]?.send(frameOf("x"))).toThrow("The camera is gone.");
  });

  it("aborts the link that reads it and drops what waits, while the other streams go on", async () => {
    const { host, out, b, session, clock } = await withRawHost();
    b.room = 1;
    out.send(record("one", 0));
    out.send(record("two", 1));
    await clock.settle();
    host.say({ type: "abort", channel: 2, code: "node-failed", message: "No more." });
    await clock.settle();
    b.room = 10;
    out.send(record("three", 2));
    await clock.settle();
    expect(b.payloads).toEqual(["one"]);
    expect(b.aborts).toMatchObject([{ code: "node-failed", message: "No more." }]);
    session.inputs["a"]?.send(frameOf("still"));
    host.say({ type: "finished" });
    expect((await clock.until(session.closed)).error).toMatchObject({ code: "node-failed" });
  });
});

describe("a stream that its reader wants no more", () => {
  it("takes and drops what is still written, so that the writer is not held up", async () => {
    const { host, session, clock } = await withRawHost();
    host.say({ type: "abort", channel: 1, code: "channel-closed", message: "Enough." });
    await clock.settle();
    const link = session.inputs["a"];
    for (let seq = 0; seq < 200; seq += 1) {
      expect(link?.writable).toBe(true);
      link?.send(frameOf("x", seq));
    }
    link?.end();
    await clock.settle();
    expect(session.describe().streams[0]).toMatchObject({ name: "a", frames: 0, dropped: 200 });
  });

  it("ends in good order when the pipeline is done while its input still waits to get in", async () => {
    let release: () => void = () => undefined;
    const go = new Promise<void>((resolve) => (release = resolve));
    const once = defineNode({
      open: (_, { emit }) => ({
        run: async () => {
          await go;
          await emit("out", "only");
        },
      }),
    });
    const stuck = defineNode({
      open: (_, { signal }) => ({
        process: () => new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
      }),
    });
    const stage = scene();
    await serve(stage, {
      plan: planWith(
        new PipelineBuilder("P", { a: text }, { b: text })
          .node("Once", {}, { out: text })
          .node("Stuck", { in: text }, {})
          .link("Once.out", "b")
          .link("a", "Stuck.in"),
      ),
      nodes: { Once: once, Stuck: stuck },
    });
    const { opening, b } = call(stage);
    const session = await stage.clock.until(opening);
    for (let seq = 0; seq < 1_400 && session.inputs["a"]?.writable; seq += 1) {
      session.inputs["a"].send(frameOf("x", seq));
      await stage.clock.run(20);
    }
    expect(session.inputs["a"]?.writable).toBe(false);
    release();
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
    expect(b.payloads).toEqual(["only"]);
    expect(b.ends).toBe(1);
  });
});

describe("gaps in a stream", () => {
  it("go on counting after the first one, exactly", async () => {
    const { out, b, session, clock } = await withRawHost();
    out.send(record("0", 0));
    out.send(record("4", 4, 3));
    out.send(record("5", 5));
    out.send(record("8", 8, 2));
    out.send(encodeEnd(10));
    await clock.settle();
    expect(b.frames.map((frame) => [frame.payload, frame.seq])).toEqual([
      ["0", 0],
      ["4", 4],
      ["5", 5],
      ["8", 8],
    ]);
    expect(b.ends).toBe(1);
    expect(session.describe().streams[1]).toMatchObject({ name: "b", frames: 4, dropped: 6 });
  });

  it.each([
    ["a number that does not follow", [record("0", 0), record("2", 2)]],
    ["a gap that is smaller than the hole", [record("0", 0), record("4", 4, 2)]],
    ["a number that comes again after a gap", [record("3", 3, 3), record("3", 3)]],
    ["an end before the frames that came", [record("3", 3, 3), encodeEnd(2)]],
  ])("refuse %s", async (_, messages) => {
    const { out, session, clock } = await withRawHost();
    for (const message of messages) out.send(message);
    expect((await clock.until(session.closed)).error).toMatchObject({ code: "protocol-violation" });
  });

  it("are told to the other side when a queue before the border has dropped frames", async () => {
    const stage = scene();
    await serve(stage);
    const { opening, b } = call(stage);
    const session = await stage.clock.until(opening);
    for (const seq of [0, 1, 5, 6, 9]) session.inputs["a"]?.send(frameOf(`${seq}`, seq));
    await stage.clock.settle();
    expect(b.payloads).toEqual(["0", "1", "5", "6", "9"]);
    expect(session.describe().streams[0]).toMatchObject({ name: "a", frames: 5, dropped: 5 });
  });
});

describe("credits", () => {
  it("go back for what was delivered before the link behind filled up", async () => {
    const stage = scene();
    await serve(stage);
    const caller = await rawCaller(stage);
    const a = caller.channel(1);
    caller.channel(2);
    caller.say(helloOf("P"));
    await stage.clock.run(5);
    for (let seq = 0; seq < 20; seq += 1) a.send(record("x", seq));
    await stage.clock.run(25);
    expect(caller.of("credit").at(-1)).toMatchObject({ channel: 1, frames: 20, bytes: 20 });
  });

  it.each([
    ["more than was sent", { channel: 1, frames: 1, bytes: 0 }],
    ["nothing new", { channel: 1, frames: 0, bytes: 0 }],
    ["an output", { channel: 2, frames: 1, bytes: 1 }],
    ["a channel that carries nothing", { channel: 9, frames: 1, bytes: 1 }],
  ])("for %s end the session", async (_, credit) => {
    const { host, session, clock } = await withRawHost();
    host.say({ type: "credit", ...credit });
    expect((await clock.until(session.closed)).error).toMatchObject({ code: "protocol-violation" });
  });
});
