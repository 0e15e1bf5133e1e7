import { describe, expect, it } from "vitest";
import { defineNode } from "../../../runtime/interface/node.ts";
import { meshRun } from "../../support/mesh-run.ts";
import { frameOf, marking, scene } from "./support/scene.ts";
import { givenRandom, localTarget, peerTarget, remoteOf, servePeer, story } from "./support/remote.ts";

const policy = { idleTimeoutMs: 10_000, retryTimes: 1, backoffMinMs: 100 };

async function idleRemote(change: object = {}) {
  const stage = scene();
  await servePeer(stage, "one");
  const remote = remoteOf(
    stage,
    { one: peerTarget(stage, "one"), "Local()": localTarget(stage, "-local") },
    { policy: { ...policy, ...change }, random: givenRandom(1) },
  );
  await stage.clock.until(remote.node.open());
  remote.events.length = 0;
  return { ...stage, ...remote };
}

describe("timeout idle", () => {
  it("gives a session up in which no frame has moved for so long, whatever heartbeats it has", async () => {
    const { clock, node, events, b } = await idleRemote();
    const openedMs = clock.nowMs;
    await clock.run(3_000);
    node.inputs["a"]?.send(frameOf("x", 0));
    await clock.run(openedMs + 12_990 - clock.nowMs);
    expect(events).toEqual([]);
    // Ten seconds after the frame, and its echo, went by; the attempt comes after its wait.
    await clock.run(150);
    expect(story(events)).toEqual(["try one", "connected one"]);
    node.inputs["a"]?.send(frameOf("y", 1));
    await clock.settle();
    expect(b.payloads).toEqual(["x-one", "y-one"]);
    await clock.until(node.close());
    expect(clock.pending).toBe(0);
  });

  it("is put off by each frame, in either direction", async () => {
    const { clock, node, events } = await idleRemote();
    for (let seq = 0; seq < 6; seq += 1) {
      await clock.run(9_900);
      node.inputs["a"]?.send(frameOf("x", seq));
    }
    expect(events).toEqual([]);
    await clock.until(node.close());
  });

  it("is put off by what comes from a remote that is sent nothing", async () => {
    const stage = scene();
    const ticking = defineNode({
      open: (_, { emit, clock, signal }) => ({
        async process() {
          for (let tick = 0; !signal.aborted; tick += 1) {
            await new Promise<void>((resolve) => clock.schedule(9_000, resolve));
            await emit("out", String(tick));
          }
        },
      }),
    });
    await servePeer(stage, "one", ticking);
    const { node, events, b } = remoteOf(stage, { one: peerTarget(stage, "one") }, { policy });
    await stage.clock.until(node.open());
    events.length = 0;
    node.inputs["a"]?.send(frameOf("go"));
    await stage.clock.run(60_000);
    expect(events).toEqual([]);
    expect(b.payloads).toHaveLength(6);
    const closing = node.close();
    await stage.clock.run(20_000);
    await closing;
  });

  it("leads to the next target where attempts do not help, and in the end to one error with all reasons", async () => {
    const { clock, node, events } = await idleRemote();
    const { error } = await clock.until(node.closed);
    expect(story(events)).toEqual([
      "try one",
      "connected one",
      "gave up one (deadline-exceeded) -> Local()",
      "try Local()",
      "connected Local()",
      "try Local()",
      "connected Local()",
      "gave up Local() (deadline-exceeded) -> nobody",
    ]);
    // Two sessions with each of the two, and the waits before the second ones.
    expect(clock.nowMs).toBeGreaterThanOrEqual(40_200);
    expect(clock.nowMs).toBeLessThan(42_000);
    expect(error).toMatchObject({
      code: "targets-exhausted",
      node: "gpu",
      hint: expect.stringContaining("timeout idle"),
    });
    expect(error?.message).toContain("one: one has neither taken nor given a frame for 10000 ms.");
    expect(error?.message).toContain("Local(): Local() has neither taken nor given a frame for 10000 ms.");
    await clock.until(node.close());
    expect(clock.pending).toBe(0);
  });

  it("is none where the policy does not say so", async () => {
    const stage = scene();
    await servePeer(stage, "one");
    const { node, events } = remoteOf(stage, { one: peerTarget(stage, "one") });
    await stage.clock.until(node.open());
    await stage.clock.run(100_000);
    expect(story(events)).toEqual(["try one", "connected one"]);
    await stage.clock.until(node.close());
  });

  it("ends the session of a program as it is written there", async () => {
    const program = `
node Pass { in text
 out text
 from "./x.ts" }
interface Step { in a: text
 out b: text }
pipeline Client { in a: text
 out b: text
 remote far: Step {
   at host.Far
   timeout idle 2s
   retry 0 times }
 a -> far -> b }
pipeline Far: Step { in a: text
 out b: text
 a -> Pass() -> b }
peer client { runs Client
 listens "webrtc://127.0.0.1:1" }
peer host { runs Far
 listens "webrtc://127.0.0.1:2" }
`;
    const { clock, mesh, open, events } = await meshRun(program, { Pass: marking("") });
    const { session, send, outputs } = await open("Client");
    await send("a", "x");
    const { error } = await clock.until(session.closed);
    expect(outputs["b"]?.payloads).toEqual(["x"]);
    expect(error).toMatchObject({ code: "targets-exhausted", node: "far", location: { line: 9 } });
    expect(error?.message).toContain("host.Far has neither taken nor given a frame for 2000 ms.");
    // The other peer hears why as well.
    await clock.run(1_000);
    const ends = events.flatMap((event) =>
      event.kind === "session-closed" ? [[event.pipeline, event.error?.code]] : [],
    );
    expect(ends).toContainEqual(["Far", "deadline-exceeded"]);
    await clock.until(mesh.close());
  });
});
