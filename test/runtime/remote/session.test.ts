import { describe, expect, it } from "vitest";
import { call, feed, rawCaller, scene, serve } from "./support/scene.ts";

describe("a session with a pipeline on another peer", () => {
  it("carries more frames than its credits, in order, and ends in good order", async () => {
    const stage = scene();
    await serve(stage);
    const { opening, b } = call(stage);
    const session = await stage.clock.until(opening);
    const sent = Array.from({ length: 1_000 }, (_, index) => `${index}`);
    await stage.clock.until(feed(session, "a", sent));
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
    expect(b.payloads).toEqual(sent);
    expect(b.ends).toBe(1);
  });

  it("carries a frame that is larger than any message", async () => {
    const stage = scene();
    await serve(stage);
    const { opening, b } = call(stage);
    const session = await stage.clock.until(opening);
    const long = "x".repeat(300_000);
    await stage.clock.until(feed(session, "a", [long]));
    await stage.clock.until(session.closed);
    expect(b.payloads).toEqual([long]);
  });

  it("is refused with the names that there are when there is no such pipeline", async () => {
    const stage = scene();
    await serve(stage);
    await expect(stage.clock.until(call(stage, { pipeline: "Q" }).opening)).rejects.toMatchObject({
      code: "pipeline-not-found",
      message: "There is no pipeline `Q` here; this peer runs: P.",
    });
  });

  it("is refused when no format fits, naming the port", async () => {
    const stage = scene();
    await serve(stage);
    const { opening } = call(stage, { input: { kind: "scalar", name: "bytes" } });
    await expect(stage.clock.until(opening)).rejects.toMatchObject({ code: "format-mismatch", message: /input `a`/ });
  });

  it("R8.1 ends with a coded error when the other peer falls silent, and frees everything", async () => {
    const stage = scene();
    await serve(stage);
    const { opening } = call(stage);
    const session = await stage.clock.until(opening);
    await stage.clock.run(2_000);
    stage.network.kill("server");
    const killedMs = stage.clock.nowMs;
    const { error } = await stage.clock.until(session.closed);
    expect(error).toMatchObject({ code: "peer-lost" });
    // A ping every 125 ms; with a steady round trip the limit is its least, 500 ms after the last word.
    expect(stage.clock.nowMs - killedMs).toBeGreaterThan(370);
    expect(stage.clock.nowMs - killedMs).toBeLessThanOrEqual(500);
    await stage.clock.run(2_000);
    expect(stage.clock.pending).toBe(0);
  });

  it("does not take a peer for lost that is only idle", async () => {
    const stage = scene();
    await serve(stage);
    const { opening } = call(stage);
    const session = await stage.clock.until(opening);
    await stage.clock.run(60_000);
    await stage.clock.until(feed(session, "a", ["still here"]));
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
  });

  it("is not disturbed when a stranger talks nonsense on a connection of its own", async () => {
    const stage = scene();
    await serve(stage);
    const { opening, b } = call(stage);
    const session = await stage.clock.until(opening);
    const stranger = await rawCaller(stage);
    stranger.connection.control.send(Uint8Array.of(0, 1, 2, 3, 255));
    const end = await stage.clock.until(stranger.connection.closed);
    expect(end.error).toMatchObject({ code: "protocol-violation" });
    await stage.clock.until(feed(session, "a", ["still here"]));
    await stage.clock.until(session.closed);
    expect(b.payloads).toEqual(["still here"]);
  });
});
