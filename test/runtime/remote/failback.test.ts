import { describe, expect, it } from "vitest";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { memoryNetwork } from "../../../runtime/transports/memory/network.ts";
import { delay } from "../../../runtime/interface/clock.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { sharingPeer } from "../../support/shared-network.ts";
import { localTarget, remoteOf, story } from "./support/remote.ts";
import { depsFor, echoPlan, frameOf, marking, servedFrom, type Scene } from "./support/scene.ts";
import { virtualClock } from "./support/virtual-clock.ts";

/** Takes its time for each frame, and then gives it with a mark. */
const slow = ({ clock }: Scene, mark: string, ms: number): NodeDefinition =>
  defineNode({
    open: (_, { emit }) => ({
      async process(frame) {
        await delay(clock, ms);
        emit("out", `${String(frame.payload)}${mark}`);
      },
    }),
  });

/** A remote with `first`, which is not there yet, and `second`, which is. */
async function failedOver(options: { readonly afterMs: number; readonly slowMs?: number }) {
  const clock = virtualClock();
  const stage: Scene = { clock, network: memoryNetwork({ clock }) };
  const nodeOf = (mark: string): NodeDefinition =>
    options.slowMs === undefined ? marking(mark) : slow(stage, mark, options.slowMs);
  const start = async (name: string): Promise<void> => {
    const plan = echoPlan();
    const endpoint = pipelineEndpoint(plan, "P", depsFor(clock, { Echo: nodeOf(`-${name}`) }));
    const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
    await sharingPeer(stage.network, clock, name).listen(`memory://${name}`, host.accept);
  };
  await start("second");
  const caller = sharingPeer(stage.network, clock, "caller");
  const target = (name: string) =>
    remotePipeline({ transport: caller, uri: `memory://${name}/P`, clock, random: seededRandom(4) });
  const made = remoteOf(
    stage,
    { first: target("first"), second: target("second") },
    { policy: { retryTimes: 0, failbackAfterMs: options.afterMs } },
  );
  await clock.until(made.node.open());
  expect(made.node.describe().target).toBe("second");
  const input = made.node.inputs["a"] as Link;
  let sent = 0;
  /** A frame each 10 ms. */
  const feed = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 10) {
      if (input.writable) {
        input.send(frameOf(`f${sent}`, sent));
        sent += 1;
      }
      await clock.run(10);
    }
  };
  return { ...stage, ...made, start, feed, input, sent: () => sent };
}

/** What was sent, from the payloads that came: each once, in order. */
const numbers = (payloads: readonly unknown[]): number[] =>
  payloads.map((one) => Number(/^f(\d+)-/.exec(String(one))?.[1]));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("failback", () => {
  it("R8.3 goes back once the first target has been there for so long, with no frame lost, doubled or out of order", async () => {
    const { clock, node, b, events, start, feed, input, sent } = await failedOver({ afterMs: 3_000 });
    await feed(2_000);
    await start("first");
    for (let ms = 0; ms < 10_000 && node.describe().back === undefined; ms += 100) await feed(100);
    expect(node.describe()).toMatchObject({ target: "second", back: "first" });
    await feed(2_800);
    expect(node.describe()).toMatchObject({ target: "second", back: "first" });
    await feed(400);
    expect(node.describe()).toMatchObject({ target: "first" });
    await feed(1_000);
    expect(node.describe()).toMatchObject({ target: "first", standby: "second" });
    expect(node.describe().back).toBeUndefined();
    input.end();
    expect(await clock.until(node.closed)).toEqual({ error: undefined });
    expect(numbers(b.payloads)).toEqual(upTo(sent()));
    expect(b.frames.map(({ seq }) => seq)).toEqual(upTo(sent()));
    expect(b.payloads.filter((one) => String(one).endsWith("-second")).length).toBeGreaterThan(400);
    expect(b.payloads.at(-1)).toBe(`f${sent() - 1}-first`);
    expect(b.ends).toBe(1);
    expect(events).toContainEqual(expect.objectContaining({ kind: "remote-connected", target: "first", back: true }));
    await clock.until(node.close());
    await clock.run(60_000);
    expect(clock.pending).toBe(0);
  });

  it("R8.3 lets what the other target was given come out first, and the first takes what comes in then", async () => {
    const { clock, node, b, start, feed, input, sent } = await failedOver({ afterMs: 500, slowMs: 40 });
    await start("first");
    // Four times as much as can be done: frames wait at each place all the time.
    while (node.describe().target !== "first") await feed(100);
    await feed(1_000);
    input.end();
    expect(await clock.until(node.closed)).toEqual({ error: undefined });
    expect(numbers(b.payloads)).toEqual(upTo(sent()));
    const marks = b.payloads.map((one) => String(one).split("-")[1]);
    expect(marks.lastIndexOf("second")).toBe(marks.indexOf("first") - 1);
    expect(b.ends).toBe(1);
    await clock.until(node.close());
    await clock.run(60_000);
    expect(clock.pending).toBe(0);
  });

  it("waits anew when the target is lost again before its time, and stays where it is when none comes back", async () => {
    const { clock, network, node, b, start, feed, sent } = await failedOver({ afterMs: 3_000 });
    await feed(500);
    await start("first");
    for (let ms = 0; ms < 10_000 && node.describe().back === undefined; ms += 100) await feed(100);
    expect(node.describe().back).toBe("first");
    await feed(2_500);
    network.kill("first");
    await feed(8_000);
    expect(node.describe()).toMatchObject({ target: "second" });
    expect(node.describe().back).toBeUndefined();
    expect(numbers(b.payloads)).toEqual(upTo(sent()));
    await clock.until(node.close());
    await clock.run(60_000);
    expect(clock.pending).toBe(0);
  });

  it("R8.2 goes on with what the other target has yet to give when its connection breaks meanwhile", async () => {
    const { clock, network, node, b, start, feed, input, sent } = await failedOver({ afterMs: 500, slowMs: 40 });
    await start("first");
    while (node.describe().target !== "first") await feed(10);
    network.cut("memory://second");
    network.restore("memory://second");
    await feed(4_000);
    input.end();
    expect(await clock.until(node.closed)).toEqual({ error: undefined });
    expect(numbers(b.payloads)).toEqual(upTo(sent()));
    await clock.until(node.close());
    await clock.run(60_000);
    expect(clock.pending).toBe(0);
  });

  it("R8.3 loses nothing when the other target is lost while it is being left", async () => {
    const { clock, network, node, b, events, start, feed, input, sent } = await failedOver({ afterMs: 500 });
    await start("first");
    while (node.describe().back !== "first") await feed(10);
    await feed(400);
    // Nobody knows yet when the first has been back for its time.
    network.kill("second");
    await feed(3_000);
    expect(events).toContainEqual(expect.objectContaining({ kind: "remote-connected", target: "first", back: true }));
    expect(events).toContainEqual(expect.objectContaining({ kind: "remote-failed", target: "second", next: "first" }));
    input.end();
    expect(await clock.until(node.closed)).toEqual({ error: undefined });
    expect(numbers(b.payloads)).toEqual(upTo(sent()));
    await clock.until(node.close());
    await clock.run(60_000);
    expect(clock.pending).toBe(0);
  });

  it("is closed while the other target has yet to confirm what it was given", async () => {
    const { clock, network, node, start, feed } = await failedOver({ afterMs: 500 });
    await start("first");
    while (node.describe().back !== "first") await feed(10);
    await feed(400);
    network.kill("second");
    await feed(200);
    expect(node.describe()).toMatchObject({ target: "second" });
    await clock.until(node.close());
    await clock.run(60_000);
    expect(clock.pending).toBe(0);
  });

  it("fails over again when the target that was gone back to fails at once", async () => {
    const { clock, network, node, b, events, start, feed } = await failedOver({ afterMs: 500 });
    await start("first");
    while (node.describe().target !== "first") await feed(10);
    network.kill("first");
    await feed(4_000);
    expect(node.describe().target).toBe("second");
    expect(story(events).at(-1)).toBe("connected second");
    expect(b.payloads.slice(-50).every((one) => String(one).endsWith("-second"))).toBe(true);
    expect(new Set(b.payloads).size).toBe(b.payloads.length);
    await clock.until(node.close());
    await clock.run(60_000);
    expect(clock.pending).toBe(0);
  });

  it("leaves a session alone that has nothing more to come, and one whose policy says nothing of it", async () => {
    const ending = await failedOver({ afterMs: 100, slowMs: 500 });
    await ending.feed(40);
    ending.input.end();
    await ending.start("first");
    await ending.clock.run(1_800);
    expect(ending.node.describe().target).toBe("second");
    expect(await ending.clock.until(ending.node.closed)).toEqual({ error: undefined });
    expect(numbers(ending.b.payloads)).toEqual(upTo(ending.sent()));

    const clock = virtualClock();
    const stage: Scene = { clock, network: memoryNetwork({ clock }) };
    const { node } = remoteOf(stage, {
      gone: { open: () => Promise.reject(new Error("no")) },
      here: localTarget(stage, "-here"),
    });
    await clock.until(node.open());
    await clock.run(60_000);
    expect(node.describe().target).toBe("here");
    await clock.until(node.close());
    expect(clock.pending).toBe(0);
  });
});
