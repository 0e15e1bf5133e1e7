import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import { encodeEnd } from "../../../runtime/remote/frame-codec.ts";
import { call, frameOf, rawHost, scene, serve, text } from "./support/scene.ts";

async function withRawHost() {
  const stage = scene();
  const { peers } = await rawHost(stage);
  const { opening, b } = call(stage);
  await stage.clock.settle();
  const [host] = peers;
  if (host === undefined) throw new Error("nobody dialled");
  const out = host.channel(2);
  host.say({
    type: "accept",
    version: 1,
    schemas: {},
    inputs: [{ port: "a", type: text, window: { frames: 64, bytes: 1_048_576 } }],
    outputs: [{ port: "b", type: text }],
  });
  const session = await stage.clock.until(opening);
  return { ...stage, host, out, session, b };
}

describe("a session is lost, not done,", () => {
  it("when the host says bye before its outputs have ended", async () => {
    const { host, session, b, clock } = await withRawHost();
    host.say({ type: "bye" });
    const { error } = await clock.until(session.closed);
    expect(error).toMatchObject({ code: "peer-lost", message: /before its output `b` had ended/ });
    expect(b.ends).toBe(0);
  });

  it("when the host says bye before its pipeline has finished", async () => {
    const { host, out, session, b, clock } = await withRawHost();
    out.send(encodeEnd(0));
    await clock.settle();
    expect(b.ends).toBe(1);
    host.say({ type: "bye" });
    const { error } = await clock.until(session.closed);
    expect(error).toMatchObject({ code: "peer-lost", message: /before its pipeline had ended/ });
  });

  it("when the connection is closed in good order without a bye", async () => {
    const { host, session, b, clock } = await withRawHost();
    await clock.until(host.connection.close());
    expect((await clock.until(session.closed)).error).toMatchObject({ code: "peer-lost" });
    expect(b.ends).toBe(0);
  });

  it("when the host says bye instead of an answer", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const { opening } = call(stage);
    await stage.clock.settle();
    peers[0]?.say({ type: "bye" });
    await expect(stage.clock.until(opening)).rejects.toMatchObject({
      code: "peer-lost",
      message: /before it answered/,
    });
  });

  it("and keeps the words of a bye that gives a reason", async () => {
    const { host, session, clock } = await withRawHost();
    const location = { file: "gpu.mesh", line: 3, column: 5 };
    host.say({ type: "bye", code: "node-failed", message: "Node `stt` failed.", node: "stt", location });
    const { error } = await clock.until(session.closed);
    expect(error).toMatchObject({ code: "node-failed", message: "Node `stt` failed.", node: "stt", location });
  });

  it("also for a code that this peer does not know", async () => {
    const { host, session, clock } = await withRawHost();
    host.say({ type: "bye", code: "code-of-version-9" });
    expect((await clock.until(session.closed)).error).toMatchObject({ code: "internal" });
  });
});

describe("a session that ends well", () => {
  it("delivers all that was under way to a reader that is slow, and only then closes", async () => {
    const stage = scene();
    await serve(stage);
    const { opening, b } = call(stage);
    b.room = 1;
    const session = await stage.clock.until(opening);
    for (let seq = 0; seq < 40; seq += 1) session.inputs["a"]?.send(frameOf(`${seq}`, seq));
    session.inputs["a"]?.end();
    let closed = false;
    void session.closed.then(() => (closed = true));
    // Far longer than any timeout: only the reader holds it up.
    for (let room = 1; room < 40; room += 1) {
      await stage.clock.run(1_000);
      expect(closed).toBe(false);
      b.room = room + 1;
    }
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
    expect(b.payloads).toEqual(Array.from({ length: 40 }, (_, seq) => `${seq}`));
    expect(b.ends).toBe(1);
  });

  it("is told to be over at once, and frees its connection on both sides", async () => {
    const stage = scene();
    const host = await serve(stage);
    const { opening } = call(stage);
    const session = await stage.clock.until(opening);
    session.inputs["a"]?.end();
    await stage.clock.until(session.closed);
    await stage.clock.until(session.close());
    await stage.clock.until(host.close(new MeshError("cancelled", "The test is over.")));
    expect(stage.clock.pending).toBe(0);
  });

  it("is cancelled, not done, when its caller closes it early, and the host is told", async () => {
    const ends: (string | undefined)[] = [];
    const stage = scene();
    await serve(stage, {
      nodes: {
        Echo: defineNode({
          open: (_, { signal }) => {
            signal.addEventListener("abort", () => ends.push((signal.reason as MeshError).code));
            return { process: () => undefined };
          },
        }),
      },
    });
    const { opening } = call(stage);
    const session = await stage.clock.until(opening);
    await stage.clock.until(session.close());
    expect((await session.closed).error).toMatchObject({ code: "cancelled" });
    expect(ends).toEqual(["cancelled"]);
  });
});

it("lets the sessions of a host that stops go, and tells the callers why", async () => {
  const stage = scene();
  const host = await serve(stage);
  const { opening } = call(stage);
  const session = await stage.clock.until(opening);
  const stopped = host.close(new MeshError("peer-lost", "The peer stops."));
  expect((await stage.clock.until(session.closed)).error).toMatchObject({ message: "The peer stops." });
  await stage.clock.until(stopped);
  await stage.clock.until(expect(call(stage).opening).rejects.toMatchObject({ message: "The peer stops." }));
  await stage.clock.run(1_000);
  expect(stage.clock.pending).toBe(0);
});
