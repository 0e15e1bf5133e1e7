import { describe, expect, it } from "vitest";
import { askedEndpoint } from "../../../runtime/calls/asked-session.ts";
import type { PipelineEndpoint } from "../../../runtime/interface/session.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import { peerTarget, remoteOf, servePeer, story } from "../remote/support/remote.ts";
import { frameOf, scene, type Scene } from "../remote/support/scene.ts";

/** Answers after a second; keeps what it was asked. */
function slow({ clock }: Scene, name: string, asked: string[]) {
  return defineNode({
    open: (_, { emit }) => ({
      async process({ payload }) {
        asked.push(String(payload));
        await new Promise<void>((resolve) => void clock.schedule(1_000, resolve));
        await emit("out", `${name}: ${String(payload)}`);
      },
    }),
  });
}

/** A remote with two peers, of which the first is in use. */
async function asking(idempotent: boolean, callTimeoutMs?: number) {
  const stage = scene();
  const { clock } = stage;
  const asked = { first: [] as string[], next: [] as string[] };
  await servePeer(stage, "first", slow(stage, "first", asked.first));
  await servePeer(stage, "next", slow(stage, "next", asked.next));
  const target = (name: string): PipelineEndpoint =>
    askedEndpoint({ endpoint: peerTarget(stage, name, [], 500), uri: name, clock, callTimeoutMs, idempotent });
  const policy = { retryTimes: 5, backoffMaxMs: 500 };
  const remote = remoteOf(stage, { first: target("first"), next: target("next") }, { policy });
  await clock.until(remote.node.open());
  return { stage, asked, ...remote, input: remote.node.inputs["a"] as Link };
}

const first = "memory://first";

describe("a question over a session whose connection breaks", () => {
  it("waits for the answer of its peer where nobody else may be asked", async () => {
    const { stage, asked, node, b, input } = await asking(false);
    input.send(frameOf("q1", 0));
    await stage.clock.run(50);
    stage.network.cut(first);
    // Half a second until it is noticed; another target would be tried after a quarter.
    await stage.clock.run(1_000);
    stage.network.restore(first);
    await stage.clock.run(2_000);
    expect(b.payloads).toEqual(["first: q1"]);
    input.send(frameOf("q2", 1));
    input.end();
    expect(await stage.clock.until(node.closed)).toEqual({ error: undefined });
    expect(b.payloads).toEqual(["first: q1", "first: q2"]);
    expect(asked.next).toEqual([]);
  });

  it("is lost with its peer where nobody else may be asked, which is told as an error", async () => {
    const { stage, asked, node, b, events, input } = await asking(false);
    input.send(frameOf("q1", 0));
    input.send(frameOf("q2", 1));
    input.end();
    await stage.clock.run(50);
    stage.network.cut(first);
    expect(await stage.clock.until(node.closed, 60_000)).toMatchObject({ error: { code: "peer-lost" } });
    expect(b.payloads).toEqual([]);
    expect(b.ends).toBe(0);
    expect(asked.next).toEqual([]);
    expect(story(events).at(-1)).toMatch(/gave up first .* -> nobody/);
  });

  it("ends at its deadline also while there is no connection", async () => {
    const { stage, node, input } = await asking(false, 700);
    input.send(frameOf("q1", 0));
    await stage.clock.run(50);
    stage.network.cut(first);
    expect(await stage.clock.until(node.closed, 800)).toMatchObject({ error: { code: "deadline-exceeded" } });
  });

  it("goes to the next peer where it may be asked again", async () => {
    const { stage, asked, node, b, input } = await asking(true);
    input.send(frameOf("q1", 0));
    input.end();
    await stage.clock.run(50);
    stage.network.cut(first);
    expect(await stage.clock.until(node.closed)).toEqual({ error: undefined });
    expect(b.payloads).toEqual(["next: q1"]);
    expect(asked).toEqual({ first: ["q1"], next: ["q1"] });
  });

  it("may follow at the next peer when all before it were answered", async () => {
    const { stage, node, b, input } = await asking(false);
    input.send(frameOf("q1", 0));
    await stage.clock.run(1_200);
    stage.network.cut(first);
    await stage.clock.run(600);
    if (!input.writable) await stage.clock.until(input.ready());
    input.send(frameOf("q2", 1));
    input.end();
    expect(await stage.clock.until(node.closed)).toEqual({ error: undefined });
    expect(b.payloads).toEqual(["first: q1", "next: q2"]);
  });
});
