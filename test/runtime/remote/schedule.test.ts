import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { FrameFlag } from "../../../runtime/interface/frame.ts";
import type { PipelineEndpoint } from "../../../runtime/interface/session.ts";
import { givenRandom, localTarget, peerTarget, remoteOf, servePeer, story, type Dial } from "./support/remote.ts";
import { failureOf, frameOf, scene } from "./support/scene.ts";

const refusing = (error: MeshError): PipelineEndpoint => ({ open: () => Promise.reject(error) });

describe("retry", () => {
  it("R8.2 comes back after times that grow twofold up to a ceiling, with full jitter", async () => {
    const stage = scene();
    const dials: Dial[] = [];
    const random = givenRandom(0.5, 0.25, 1, 0, 0.5);
    const policy = { retryTimes: 5, backoffMinMs: 100, backoffMaxMs: 500 };
    const { node } = remoteOf(stage, { far: peerTarget(stage, "far", dials) }, { policy, random });
    const error = await failureOf(stage.clock.until(node.open()));
    expect(error.code).toBe("targets-exhausted");
    // 0.5 of 100, 0.25 of 200, all of 400, nothing of 500, half of 500.
    expect(dials.map(({ atMs }) => atMs)).toEqual([0, 50, 100, 500, 500, 750]);
    expect(stage.clock.pending).toBe(0);
  });

  it("R8.2 finds a peer that comes up meanwhile", async () => {
    const stage = scene();
    const dials: Dial[] = [];
    const { node, b, events } = remoteOf(
      stage,
      { far: peerTarget(stage, "far", dials) },
      { policy: { retryTimes: 3, backoffMinMs: 100 }, random: givenRandom(1) },
    );
    stage.clock.schedule(250, () => void servePeer(stage, "far"));
    await stage.clock.until(node.open());
    expect(dials.map(({ atMs }) => atMs)).toEqual([0, 100, 300]);
    node.inputs["a"]?.send(frameOf("x"));
    await stage.clock.settle();
    expect(b.payloads).toEqual(["x-far"]);
    expect(story(events)).toEqual(["try far", "try far", "try far", "connected far"]);
    await stage.clock.until(node.close());
  });

  it("is not for what another attempt cannot mend", async () => {
    const stage = scene();
    const missing = new MeshError("pipeline-not-found", "There is no pipeline `P` here.", { hint: "Start it." });
    const { node, events } = remoteOf(stage, { far: refusing(missing) }, { policy: { retryTimes: 9 } });
    const error = await failureOf(stage.clock.until(node.open()));
    expect(error).toMatchObject({ code: "pipeline-not-found", hint: "Start it." });
    expect(story(events)).toEqual(["try far", "gave up far (pipeline-not-found) -> nobody"]);
    expect(stage.clock.nowMs).toBe(0);
  });

  it("is not for a peer that has tried all its own targets, so that attempts along a chain add up", async () => {
    const stage = scene();
    const atEnd: Dial[] = [];
    const policy = { retryTimes: 3, backoffMinMs: 10, backoffMaxMs: 10 };
    // Each remote stands for a peer of a chain: its target is the remote behind it.
    const behind = (target: PipelineEndpoint): PipelineEndpoint => ({
      open: async () => {
        const { node } = remoteOf(stage, { next: target }, { policy });
        await node.open();
        throw new Error("it cannot be reached");
      },
    });
    const chain = behind(behind(behind(peerTarget(stage, "nobody", atEnd))));
    const { node } = remoteOf(stage, { first: chain }, { policy });
    expect(await failureOf(stage.clock.until(node.open()))).toMatchObject({ code: "targets-exhausted" });
    expect(atEnd).toHaveLength(4);
  });
});

describe("else", () => {
  it("R8.3 takes the targets in order, each after the one before was given up", async () => {
    const stage = scene();
    const dials: Dial[] = [];
    const { node, b, events } = remoteOf(
      stage,
      {
        one: peerTarget(stage, "one", dials),
        two: peerTarget(stage, "two", dials),
        "Local()": localTarget(stage, "-local"),
      },
      { policy: { retryTimes: 1, backoffMinMs: 100 }, random: givenRandom(1) },
    );
    await stage.clock.until(node.open());
    expect(dials).toEqual([
      { target: "one", atMs: 0 },
      { target: "one", atMs: 100 },
      { target: "two", atMs: 100 },
      { target: "two", atMs: 200 },
    ]);
    expect(story(events)).toEqual([
      "try one",
      "try one",
      "gave up one (peer-unreachable) -> two",
      "try two",
      "try two",
      "gave up two (peer-unreachable) -> Local()",
      "try Local()",
      "connected Local()",
    ]);
    node.inputs["a"]?.send(frameOf("x"));
    await stage.clock.settle();
    expect(b.payloads).toEqual(["x-local"]);
    expect(node.describe()).toMatchObject({
      state: "connected",
      target: "Local()",
      failures: [
        { target: "one", code: "peer-unreachable" },
        { target: "two", code: "peer-unreachable" },
      ],
    });
    await stage.clock.until(node.close());
  });

  it("gives up an attempt after the connect timeout, and closes what it had begun", async () => {
    const stage = scene();
    await servePeer(stage, "one");
    stage.network.cut("memory://one");
    const { node, events } = remoteOf(
      stage,
      { one: peerTarget(stage, "one", [], 700), "Local()": localTarget(stage, "") },
      { policy: { retryTimes: 0 } },
    );
    await stage.clock.until(node.open());
    expect(stage.clock.nowMs).toBe(700);
    expect(story(events)).toEqual([
      "try one",
      "gave up one (deadline-exceeded) -> Local()",
      "try Local()",
      "connected Local()",
    ]);
    await stage.clock.until(node.close());
    expect(stage.clock.pending).toBe(0);
  });

  it("R8.1 ends in one error that names each target and why, when all are dead", async () => {
    const stage = scene();
    const denied = new MeshError("access-denied", "The peer does not know you.");
    const { node } = remoteOf(
      stage,
      { "gpu.Hearing": peerTarget(stage, "gpu"), "cloud.Hearing": refusing(denied) },
      { policy: { retryTimes: 0 } },
    );
    const error = await failureOf(stage.clock.until(node.open()));
    expect(error).toMatchObject({ code: "targets-exhausted", node: "gpu", location: { file: "main.mesh", line: 7 } });
    expect(error.message.split("\n")).toEqual([
      "Remote `gpu` of pipeline `Client` (main.mesh:7:3) has no target left:",
      "  gpu.Hearing: Nothing listens at memory://gpu.",
      "  cloud.Hearing: The peer does not know you.",
    ]);
    expect((await node.closed).error).toBe(error);
    expect(() => node.inputs["a"]?.send(frameOf("x"))).toThrow(error.message);
  });

  it("R8.1 does not ask for targets to be started that are there and refuse", async () => {
    const stage = scene();
    const [denied, full, gone] = [
      new MeshError("access-denied", "The peer does not know you."),
      new MeshError("resource-exhausted", "There is no room."),
      new MeshError("peer-unreachable", "Nothing is there."),
    ];
    const hintOf = async (targets: Parameters<typeof remoteOf>[1]): Promise<string | undefined> => {
      const { node } = remoteOf(stage, targets, { policy: { retryTimes: 0 } });
      return (await failureOf(stage.clock.until(node.open()))).hint;
    };
    expect(await hintOf({ one: refusing(denied), two: refusing(full) })).toBe(
      "Mend what the targets say, which are there, or add an `else` that is always there.",
    );
    expect(await hintOf({ one: refusing(denied), two: refusing(gone) })).toBe(
      "Start one of the targets, or add an `else` that is always there.",
    );
  });

  it("is shared the time that the caller waits, so that a dead end does not use it all up", async () => {
    const stage = scene();
    for (const name of ["one", "two"]) {
      await servePeer(stage, name);
      stage.network.cut(`memory://${name}`);
    }
    const { node, events } = remoteOf(
      stage,
      { one: peerTarget(stage, "one"), two: peerTarget(stage, "two"), "Local()": localTarget(stage, "") },
      { policy: { retryTimes: 2 }, deadlineUs: 3_000_000 },
    );
    await stage.clock.until(node.open());
    expect(stage.clock.nowMs).toBe(2_000);
    expect(story(events).at(-1)).toBe("connected Local()");
    await stage.clock.until(node.close());
  });
});

describe("when the session behind a remote is lost", () => {
  async function running(policy = {}) {
    const stage = scene();
    await servePeer(stage, "one");
    await servePeer(stage, "two");
    const dials: Dial[] = [];
    const remote = remoteOf(
      stage,
      {
        one: peerTarget(stage, "one", dials),
        two: peerTarget(stage, "two", dials),
        "Local()": localTarget(stage, "-local"),
      },
      { policy: { retryTimes: 2, backoffMinMs: 100, ...policy }, random: givenRandom(1) },
    );
    await stage.clock.until(remote.node.open());
    await stage.clock.run(5_000);
    remote.events.length = 0;
    dials.length = 0;
    return { ...stage, ...remote, dials };
  }

  it("R8.2 comes back to the same target when that is there again at once", async () => {
    const { clock, network, node, b, events } = await running({ backoffMinMs: 50 });
    node.inputs["a"]?.send(frameOf("x", 0));
    await clock.settle();
    // The process is replaced by another one under the same name.
    network.kill("one");
    await servePeer({ clock, network }, "one");
    await clock.run(800);
    expect(story(events)).toEqual(["try one", "connected one"]);
    node.inputs["a"]?.send(frameOf("y", 1));
    await clock.settle();
    expect(b.frames.map(({ payload, seq }) => [payload, seq])).toEqual([
      ["x-one", 0],
      ["y-one", 1],
    ]);
    await clock.until(node.close());
  });

  it("R8.3 has the next target within a second, and goes on in order with what waited", async () => {
    const { clock, network, node, b, events } = await running();
    node.inputs["a"]?.send(frameOf("0", 0));
    await clock.settle();
    network.kill("one");
    const killedMs = clock.nowMs;
    await clock.until(waitFor(() => story(events).includes("connected two"), clock));
    expect(clock.nowMs - killedMs).toBeLessThanOrEqual(1_000);
    for (let seq = 1; seq < 4; seq += 1) node.inputs["a"]?.send(frameOf(`${seq}`, seq));
    await clock.settle();
    expect(b.frames.map(({ payload, seq }) => [payload, seq])).toEqual([
      ["0-one", 0],
      ["1-two", 1],
      ["2-two", 2],
      ["3-two", 3],
    ]);
    await clock.until(node.close());
  });

  it("begins a stream with key frames anew at one, for the next target has had none of the pictures before it", async () => {
    const { clock, network, node, b, events } = await running();
    const send = (...kinds: readonly string[]): void =>
      kinds.forEach((payload) => {
        node.inputs["a"]?.send({ ...frameOf(payload), flags: payload === "key" ? FrameFlag.keyFrame : 0 });
      });
    send("key", "p");
    await clock.settle();
    network.kill("one");
    await clock.until(waitFor(() => story(events).includes("connected two"), clock));
    send("p", "p", "key", "p");
    await clock.settle();
    expect(b.payloads).toEqual(["key-one", "p-one", "key-two", "p-two"]);
    expect(node.describe()).toMatchObject({ target: "two", dropped: 2 });
    await clock.until(node.close());
  });

  it("races the next target against one whose dials hang, and closes the loser", async () => {
    const { clock, network, node, events, dials } = await running();
    network.cut("memory://one");
    const cutMs = clock.nowMs;
    await clock.until(waitFor(() => story(events).includes("connected two"), clock));
    expect(clock.nowMs - cutMs).toBeLessThanOrEqual(1_000);
    expect(dials.map(({ target }) => target)).toEqual(["one", "two"]);
    // The dial that hangs is over too: nothing comes of it later.
    network.restore("memory://one");
    await clock.run(10_000);
    expect(node.describe().target).toBe("two");
    expect(story(events).filter((line) => line.startsWith("connected"))).toEqual(["connected two"]);
    await clock.until(node.close());
  });

  it("falls back from the fallback, and returns to the first when that is the one left", async () => {
    const { clock, network, node, b, events } = await running({ retryTimes: 0 });
    network.kill("one");
    await clock.run(2_500);
    node.inputs["a"]?.send(frameOf("x", 0));
    await clock.run(10);
    network.kill("two");
    await servePeer({ clock, network }, "one");
    await clock.run(2_500);
    node.inputs["a"]?.send(frameOf("y", 1));
    await clock.run(10);
    expect(b.payloads).toEqual(["x-two", "y-local"]);
    expect(story(events)).toEqual([
      "gave up one (peer-lost) -> two",
      "try two",
      "connected two",
      "gave up two (peer-lost) -> Local()",
      "try Local()",
      "connected Local()",
    ]);
    await clock.until(node.close());
    expect(clock.pending).toBeLessThan(10);
  });

  it("R8.1 fails with one error when nothing is left", async () => {
    const stage = scene();
    await servePeer(stage, "one");
    const { node } = remoteOf(stage, { one: peerTarget(stage, "one") }, { policy: { retryTimes: 1 } });
    await stage.clock.until(node.open());
    stage.network.kill("one");
    const { error } = await stage.clock.until(node.closed);
    expect(error).toMatchObject({ code: "targets-exhausted", message: /one: Nothing listens at memory:\/\/one/ });
    await stage.clock.until(node.close());
    // The other side, which only could not be reached, keeps the session for a while.
    await stage.clock.run(11_000);
    expect(stage.clock.pending).toBe(0);
  });

  it("keeps apart what each session sends: epochs go on, and nothing comes from the old one any more", async () => {
    const stage = scene();
    const { clock, network } = stage;
    await servePeer(stage, "one");
    const { node, b } = remoteOf(
      stage,
      { one: peerTarget(stage, "one"), "Local()": localTarget(stage, "-local") },
      { policy: { retryTimes: 0 } },
    );
    await clock.until(node.open());
    node.inputs["a"]?.send(frameOf("0", 0, 3));
    await clock.settle();
    b.room = 1;
    // These come back from the peer, but wait for room when it is lost.
    node.inputs["a"]?.send(frameOf("1", 1, 3));
    node.inputs["a"]?.send(frameOf("2", 2, 3));
    await clock.settle();
    network.kill("one");
    await clock.run(2_000);
    b.room = 100;
    await clock.run(100);
    // An epoch that began before the fallback is the least that any later frame has.
    node.inputs["a"]?.send(frameOf("3", 3, 0));
    await clock.settle();
    node.inputs["a"]?.send(frameOf("4", 4, 4));
    await clock.settle();
    expect(b.frames.map(({ payload, seq, epoch }) => [payload, seq, epoch])).toEqual([
      ["0-one", 0, 3],
      // The peer had not confirmed these. Where they come again, an epoch before theirs is over.
      ["1-local", 1, 3],
      ["2-local", 2, 3],
      ["4-local", 3, 4],
    ]);
    await clock.until(node.close());
  });
});

/** Resolves when something has become true, looked at each millisecond. */
function waitFor(isTrue: () => boolean, clock: ReturnType<typeof scene>["clock"]): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (isTrue()) resolve();
      else clock.schedule(1, look);
    };
    look();
  });
}
