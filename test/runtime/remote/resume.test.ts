import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { Payload } from "../../../runtime/interface/frame.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { helloOf, type RawPeer } from "./support/raw-peer.ts";
import { localTarget, peerTarget, remoteOf, servePeer, story } from "./support/remote.ts";
import { call, frameOf, rawCaller, rawHost, scene, serve, text, type Scene } from "./support/scene.ts";

/** Says which instance of it a frame has come to, and as which of its frames. */
function numbering(): NodeDefinition {
  let instances = 0;
  return defineNode({
    sync: true,
    open: (_, { emit }) => {
      const instance = (instances += 1);
      let count = 0;
      return {
        process: (frame) => void emit("out", `${instance}.${(count += 1)} ${String(frame.payload)}`),
      };
    },
  });
}

async function write(input: Link, payloads: readonly Payload[]): Promise<void> {
  for (const [seq, payload] of payloads.entries()) {
    if (!input.writable) await input.ready();
    input.send(frameOf(payload, seq));
  }
  input.end();
}

const address = "memory://gpu";
const patient = { retryTimes: 100, backoffMaxMs: 500 };

/** Nothing gets through for so long, and what was on its way is lost. */
async function outage({ clock, network }: Scene, ms: number): Promise<void> {
  network.cut(address);
  await clock.run(ms);
  network.restore(address);
}

describe("a session whose connection breaks", () => {
  it("R8.2 goes on over a new one: no frame lost, none twice, none out of order, the nodes as they were", async () => {
    const sizes = fc.array(fc.oneof(fc.nat(60), fc.nat(60), fc.nat(40_000)), { minLength: 1, maxLength: 120 });
    // Also one after the other, and with the attempts that hang in them, they last less long than the session is kept.
    const breaks = fc.array(fc.record({ afterMs: fc.nat(60), forMs: fc.nat(1_000) }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, breaks, fc.integer({ min: 1, max: 8 }), async (lengths, outages, everyMs) => {
        const stage = scene();
        const { clock } = stage;
        await servePeer(stage, "gpu", numbering());
        const { node, b } = remoteOf(stage, { gpu: peerTarget(stage, "gpu") }, { policy: patient });
        await clock.until(node.open());
        const payloads = lengths.map((length, index) => `${index}:${"x".repeat(length)}`);
        const input = node.inputs["a"] as Link;
        const writing = (async () => {
          for (const [seq, payload] of payloads.entries()) {
            await new Promise<void>((resolve) => void clock.schedule(everyMs, resolve));
            if (!input.writable) await input.ready();
            input.send(frameOf(payload, seq));
          }
          input.end();
        })();
        for (const { afterMs, forMs } of outages) {
          await clock.run(afterMs);
          await outage(stage, forMs);
        }
        await clock.until(writing);
        expect(await clock.until(node.closed)).toEqual({ error: undefined });
        expect(b.payloads).toEqual(payloads.map((payload, index) => `1.${index + 1} ${payload}`));
        expect(b.frames.map((frame) => frame.seq)).toEqual(payloads.map((_, index) => index));
        expect(b.ends).toBe(1);
        await clock.run(12_000);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it("holds its writer while there is no connection, and loses no word about its end", async () => {
    const stage = scene();
    await servePeer(stage, "gpu", numbering());
    const { node, b, events } = remoteOf(stage, { gpu: peerTarget(stage, "gpu") }, { policy: patient });
    await stage.clock.until(node.open());
    const input = node.inputs["a"] as Link;
    input.send(frameOf("one", 0));
    await stage.clock.run(50);
    stage.network.cut(address);
    // What is said now is lost with the connection: a frame, the end, and what the host answers.
    input.send(frameOf("two", 1));
    input.end();
    await stage.clock.run(2_000);
    expect(node.describe().state).toBe("connecting");
    expect(b.payloads).toEqual(["1.1 one"]);
    stage.network.restore(address);
    expect(await stage.clock.until(node.closed)).toEqual({ error: undefined });
    expect(b.payloads).toEqual(["1.1 one", "1.2 two"]);
    expect(story(events)).toEqual(["try gpu", "connected gpu", ...story(events).slice(2, -1), "connected gpu"]);
  });

  it("ends in good order without another one when all had come before it broke", async () => {
    const stage = scene();
    await servePeer(stage, "gpu");
    const { node, b } = remoteOf(stage, { gpu: peerTarget(stage, "gpu") }, { policy: patient });
    await stage.clock.until(node.open());
    b.room = 1;
    await stage.clock.until(write(node.inputs["a"] as Link, ["one", "two"]));
    await stage.clock.run(50);
    stage.network.cut(address);
    await stage.clock.run(2_000);
    b.room = 10;
    expect(await stage.clock.until(node.closed, 10)).toEqual({ error: undefined });
    expect(b.payloads).toEqual(["one-gpu", "two-gpu"]);
  });

  it("R8.3 gives way to the next target when that is there sooner, and its frames come no more", async () => {
    const stage = scene();
    await servePeer(stage, "gpu");
    const targets = { gpu: peerTarget(stage, "gpu"), local: localTarget(stage, "-local") };
    const { node, b } = remoteOf(stage, targets, { policy: patient });
    await stage.clock.until(node.open());
    const input = node.inputs["a"] as Link;
    input.send(frameOf("one", 0));
    await stage.clock.run(50);
    stage.network.cut(address);
    // Half a second until it is noticed, and a quarter until the next is tried beside it.
    await stage.clock.run(1_000);
    expect(node.describe()).toMatchObject({ state: "connected", target: "local" });
    stage.network.restore(address);
    input.send(frameOf("two", 1));
    input.end();
    expect(await stage.clock.until(node.closed)).toEqual({ error: undefined });
    expect(b.payloads).toEqual(["one-gpu", "two-local"]);
  });

  it("R8.2 is followed by a new one when the other peer has forgotten it", async () => {
    const stage = scene();
    await servePeer(stage, "gpu", numbering());
    const { node, b } = remoteOf(stage, { gpu: peerTarget(stage, "gpu", [], 5_000) }, { policy: patient });
    await stage.clock.until(node.open());
    const input = node.inputs["a"] as Link;
    input.send(frameOf("one", 0));
    await stage.clock.run(50);
    await outage(stage, 15_000);
    await stage.clock.until(write(input, ["two"]));
    expect(await stage.clock.until(node.closed)).toEqual({ error: undefined });
    expect(b.payloads).toEqual(["1.1 one", "2.1 two"]);
  });

  it("R8.2 is tried again only as often as the policy says", async () => {
    const stage = scene();
    await servePeer(stage, "gpu");
    const targets = { gpu: peerTarget(stage, "gpu"), local: localTarget(stage, "-local") };
    const { node } = remoteOf(stage, targets, { policy: { retryTimes: 0 } });
    await stage.clock.until(node.open());
    await stage.clock.run(50);
    stage.network.cut(address);
    await stage.clock.run(505);
    expect(node.describe()).toMatchObject({ state: "connected", target: "local" });
  });

  it("is not gone on with when the policy says `resume 0s`, and for as long as it says otherwise", async () => {
    for (const [resumeMs, payloads] of [
      [0, ["1.1 one", "2.1 two"]],
      [1_000, ["1.1 one", "2.1 two"]],
      [undefined, ["1.1 one", "1.2 two"]],
    ] as const) {
      const stage = scene();
      await servePeer(stage, "gpu", numbering());
      const policy = { ...patient, resumeMs };
      const { node, b } = remoteOf(stage, { gpu: peerTarget(stage, "gpu") }, { policy });
      await stage.clock.until(node.open());
      const input = node.inputs["a"] as Link;
      input.send(frameOf("one", 0));
      await stage.clock.run(50);
      await outage(stage, 3_000);
      await stage.clock.until(write(input, ["two"]));
      expect(await stage.clock.until(node.closed)).toEqual({ error: undefined });
      expect(b.payloads).toEqual(payloads);
    }
  });

  it("ends with it where nobody goes on, as with a peer that keeps no sessions", async () => {
    const stage = scene();
    await serve(stage);
    const { opening } = call(stage);
    const session = await stage.clock.until(opening);
    stage.network.cut("memory://server");
    expect((await stage.clock.until(session.closed, 1_000)).error).toMatchObject({ code: "peer-lost" });

    const other = scene();
    const { peers } = await rawHost(other);
    const interrupted: MeshError[] = [];
    const { opening: second } = call(other, { onInterrupted: (error) => interrupted.push(error) });
    await other.clock.settle();
    peers[0]?.channel(2);
    peers[0]?.say({
      type: "accept",
      version: 1,
      schemas: {},
      inputs: [{ port: "a", type: text, window: { frames: 64, bytes: 1_048_576 } }],
      outputs: [{ port: "b", type: text }],
    });
    const its = await other.clock.until(second);
    other.network.cut("memory://server");
    expect((await other.clock.until(its.closed, 1_000)).error).toMatchObject({ code: "peer-lost" });
    expect(interrupted).toEqual([]);
  });
});

describe("a caller that goes on", () => {
  const accept = {
    type: "accept",
    version: 1,
    schemas: {},
    inputs: [{ port: "a", type: text, window: { frames: 64, bytes: 1_048_576 } }],
    outputs: [{ port: "b", type: text }],
    resume: { withinMs: 5_000 },
  };
  const progress = { channel: 1, received: 0, taken: 0, bytes: 0, ended: false };

  /** A session with a host that the test speaks for, after its connection broke; nothing was sent. */
  async function broken() {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const interrupted: MeshError[] = [];
    const { opening } = call(stage, { onInterrupted: (error) => interrupted.push(error) });
    await stage.clock.settle();
    peers[0]?.channel(1);
    peers[0]?.channel(2);
    peers[0]?.say(accept);
    const session = await stage.clock.until(opening);
    await stage.clock.until(peers[0]!.connection.close(new MeshError("peer-lost", "The cable was pulled out.")));
    await stage.clock.settle();
    expect(interrupted).toMatchObject([{ code: "peer-lost" }]);
    return { stage, peers, session };
  }

  it.each<[string, string, object]>([
    ["another version", "version-mismatch", { type: "resumed", version: 2, streams: [progress] }],
    ["nothing of its input", "protocol-violation", { type: "resumed", version: 1, streams: [] }],
    [
      "more than there was",
      "protocol-violation",
      { type: "resumed", version: 1, streams: [{ ...progress, received: 1 }] },
    ],
    ["an accept", "protocol-violation", accept],
    ["a resume", "protocol-violation", { ...accept, type: "resume", streams: [] }],
  ])("is given %s for an answer, and ends with a code", async (_, code, answer) => {
    const { stage, peers, session } = await broken();
    const going = session.resume?.(new AbortController().signal);
    await stage.clock.settle();
    peers[1]?.channel(1);
    peers[1]?.say(answer);
    await expect(stage.clock.until(going!)).rejects.toMatchObject({ code });
    await stage.clock.until(session.close());
    await stage.clock.run(6_000);
    expect(stage.clock.pending).toBe(0);
  });

  it("is over when it is refused, when it was closed meanwhile, and when nobody goes on", async () => {
    const refused = await broken();
    const going = refused.session.resume?.(new AbortController().signal);
    await refused.stage.clock.settle();
    refused.peers[1]?.say({ type: "refuse", code: "resource-exhausted", message: "Not now." });
    expect(await refused.stage.clock.until(going!)).toBe(false);
    expect((await refused.session.closed).error).toMatchObject({ code: "peer-lost" });

    const closed = await broken();
    await closed.stage.clock.until(closed.session.close());
    expect(await closed.session.resume?.(new AbortController().signal)).toBe(false);

    const left = await broken();
    expect((await left.stage.clock.until(left.session.closed, 5_000)).error).toMatchObject({ code: "peer-lost" });
  });

  it("R8.2 is over without a failure of its own when the answer comes after the time to go on, and lets the host go", async () => {
    const { stage, peers, session } = await broken();
    await stage.clock.run(4_900);
    const going = session.resume?.(new AbortController().signal);
    expect((await stage.clock.until(session.closed, 200)).error).toMatchObject({ code: "peer-lost" });
    peers[1]?.channel(1);
    peers[1]?.say({ type: "resumed", version: 1, streams: [progress] });
    expect(await stage.clock.until(going!)).toBe(false);
    await stage.clock.run(6_000);
    expect(peers[1]?.of("bye")).toEqual([{ type: "bye" }]);
    expect(stage.clock.pending).toBe(0);
  });

  it.each([
    ["for a reason", { code: "peer-lost", message: "The peer stops." }],
    ["without one", {}],
  ])("R8.2 may be tried again when the host leaves %s in place of an answer", async (_, why) => {
    const { stage, peers, session } = await broken();
    const going = session.resume?.(new AbortController().signal);
    await stage.clock.settle();
    peers[1]?.say({ type: "bye", ...why });
    await expect(stage.clock.until(going!)).rejects.toMatchObject({ code: "peer-lost", retryable: true });
    await stage.clock.until(session.close());
  });

  it("may be tried again when there is no answer, and says how often it was", async () => {
    const { stage, peers, session } = await broken();
    const abort = new AbortController();
    const going = session.resume?.(abort.signal);
    await stage.clock.settle();
    abort.abort(new MeshError("cancelled", "Enough."));
    await expect(stage.clock.until(going!)).rejects.toMatchObject({ code: "cancelled" });
    const again = session.resume?.(new AbortController().signal);
    await stage.clock.settle();
    peers[2]?.channel(1);
    peers[2]?.say({ type: "resumed", version: 1, streams: [progress] });
    expect(await stage.clock.until(again!)).toBe(true);
    expect(await session.resume?.(new AbortController().signal)).toBe(true);
    expect([1, 2].map((index) => peers[index]?.of("resume")[0]?.["attempt"])).toEqual([1, 2]);
    await stage.clock.until(session.close());
  });
});

describe("a host that keeps a session", () => {
  const token = "a-token-of-a-test-1234";
  const resume = (change: object = {}): object => ({
    type: "resume",
    versions: [1],
    session: "session-of-a-test",
    pipeline: "P",
    token,
    attempt: 1,
    streams: [{ channel: 2, received: 0, taken: 0, bytes: 0, ended: false }],
    ...change,
  });

  /** A caller that was accepted, and whose connection then broke. */
  async function broken(): Promise<{ readonly stage: Scene; readonly caller: RawPeer }> {
    const stage = scene();
    await serve(stage);
    const caller = await rawCaller(stage);
    caller.channel(1);
    caller.channel(2);
    caller.say(helloOf("P", { resume: { token, withinMs: 10_000 } }));
    await stage.clock.run(5);
    expect(caller.of("accept")).toMatchObject([{ resume: { withinMs: 10_000 } }]);
    await stage.clock.until(caller.connection.close(new MeshError("peer-lost", "The cable was pulled out.")));
    return { stage, caller };
  }

  async function comesBack(stage: Scene, message: object): Promise<RawPeer> {
    const caller = await rawCaller(stage, "again");
    caller.channel(1);
    caller.channel(2);
    caller.say(message);
    await stage.clock.run(5);
    return caller;
  }

  it("answers with what it has read, and goes on", async () => {
    const { stage } = await broken();
    const caller = await comesBack(stage, resume());
    expect(caller.heard).toEqual([
      {
        type: "resumed",
        version: 1,
        streams: [{ channel: 1, received: 0, taken: 0, bytes: 0, ended: false }],
      },
    ]);
  });

  it.each<[string, object]>([
    ["another token", resume({ token: "another-token-of-a-test" })],
    ["another session", resume({ session: "another-session" })],
  ])("refuses %s and is not disturbed", async (_, message) => {
    const { stage } = await broken();
    const stranger = await comesBack(stage, message);
    expect(stranger.of("refuse")).toMatchObject([{ code: "peer-lost" }]);
    expect((await comesBack(stage, resume())).of("resumed")).toHaveLength(1);
  });

  it("refuses an attempt that a newer one has overtaken", async () => {
    const { stage } = await broken();
    const newer = await comesBack(stage, resume({ attempt: 3 }));
    expect(newer.of("resumed")).toHaveLength(1);
    for (const attempt of [1, 3]) {
      expect((await comesBack(stage, resume({ attempt }))).of("refuse")).toMatchObject([{ code: "peer-lost" }]);
    }
    expect(newer.connection.describe().state).toBe("connected");
  });

  it("gives up a connection that it took for alive when its caller comes back over another", async () => {
    const stage = scene();
    await serve(stage);
    const first = await rawCaller(stage);
    first.channel(1);
    first.channel(2);
    first.say(helloOf("P", { resume: { token, withinMs: 5_000 } }));
    await stage.clock.run(5);
    expect((await comesBack(stage, resume())).of("resumed")).toHaveLength(1);
    expect((await stage.clock.until(first.connection.closed)).error).toMatchObject({ code: "peer-lost" });
  });

  it.each<[string, object[]]>([
    ["more than it sent", [{ channel: 2, received: 1, taken: 0, bytes: 0, ended: false }]],
    ["an end that it did not send", [{ channel: 2, received: 0, taken: 0, bytes: 0, ended: true }]],
    ["more taken than received", [{ channel: 2, received: 0, taken: 1, bytes: 0, ended: false }]],
    ["nothing of a stream", []],
    ["of a stream that is none", [{ channel: 1, received: 0, taken: 0, bytes: 0, ended: false }]],
  ])("ends it when the caller says that it has read %s", async (_, streams) => {
    const { stage } = await broken();
    const caller = await comesBack(stage, resume({ streams }));
    await stage.clock.run(1_000);
    expect(caller.of("bye")).toMatchObject([{ code: "protocol-violation" }]);
    expect((await comesBack(stage, resume({ attempt: 2 }))).of("refuse")).toHaveLength(1);
  });

  it("keeps none under a token that is in use", async () => {
    const { stage } = await broken();
    const other = await comesBack(stage, helloOf("P", { session: "other-session", resume: { token, withinMs: 1 } }));
    expect(other.of("accept")).toHaveLength(1);
    expect(other.of("accept")[0]).not.toHaveProperty("resume");
  });

  it("lets it go after the time it has promised, and when it stops", async () => {
    const { stage } = await broken();
    await stage.clock.run(10_000);
    expect(stage.clock.pending).toBe(0);
    expect((await comesBack(stage, resume())).of("refuse")).toHaveLength(1);
  });

  it("keeps no more than it serves", async () => {
    const stage = scene();
    await serve(stage, { maxConnections: 2 });
    for (let count = 0; count < 5; count += 1) {
      const caller = await rawCaller(stage, `caller ${count}`);
      caller.channel(1);
      caller.channel(2);
      caller.say(helloOf("P", { resume: { token: `${token}-${count}`, withinMs: 10_000 } }));
      await stage.clock.run(5);
      expect(caller.of("accept")).toHaveLength(1);
      await stage.clock.until(caller.connection.close(new MeshError("peer-lost", "The cable was pulled out.")));
    }
    const answers: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const caller = await comesBack(stage, resume({ token: `${token}-${count}` }));
      answers.push(...caller.heard.map((one) => one.type));
      await stage.clock.until(caller.connection.close());
    }
    expect(answers).toEqual(["resumed", "resumed", "refuse", "refuse", "refuse"]);
  });
});
