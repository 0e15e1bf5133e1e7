import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../runtime/mesh/serving.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { text } from "../../support/pipeline-plan-builder.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { failureOf, frameOf, scene, testLink, type Scene } from "../remote/support/scene.ts";
import { clientOf, localTarget, marking, peerOf, planOfPeers, stepOf, uriTarget } from "./fixtures/plans.ts";
import * as calls from "../../../runtime/remote/calls.ts";
async function launch(stage: Scene, plan: Plan, peer = "here"): Promise<{ mesh: Mesh; events: MeshEvent[] }> {
  const events: MeshEvent[] = [];
  const mesh = await launchPlan(
    plan,
    {
      clock: stage.clock,
      random: seededRandom(7),
      log: () => undefined,
      env: () => undefined,
      transports: [stage.network.transport(peer)],
      calls: async () => calls,
      serve: servePeer,
    },
    { registry: () => marking("!"), onEvent: (event) => events.push(event) },
  );
  return { mesh, events };
}

function open(mesh: Mesh, pipeline = "Client") {
  const b = testLink();
  const { signal } = new AbortController();
  const request = { params: {}, inputs: { a: text }, outputs: { b: { type: text, link: b } }, schemas: {}, signal };
  const opening = mesh.open(pipeline, request);
  opening.catch(() => undefined);
  return { opening, b };
}

describe("a mesh that closes", () => {
  it("gives up sessions that are still being opened, and opens no more", async () => {
    const stage = scene();
    stage.network.cut("memory://gpu");
    const { mesh } = await launch(stage, planOfPeers([clientOf([uriTarget("memory://gpu/Far")])], []));
    const { opening } = open(mesh);
    await stage.clock.run(100);
    await stage.clock.until(mesh.close());
    expect(await failureOf(opening)).toMatchObject({ code: "cancelled", message: "The peer stops." });
    expect(stage.clock.nowMs).toBe(100);
    expect(stage.clock.pending).toBe(0);
    expect(await failureOf(open(mesh).opening)).toMatchObject({ code: "cancelled" });
  });

  it("sends its callers on to their next target", async () => {
    const stage = scene();
    const far = await launch(stage, planOfPeers([stepOf("Far")], [peerOf("far", "Far", "memory://far")]), "far");
    const plan = planOfPeers([clientOf([uriTarget("memory://far/Far"), localTarget("Near")]), stepOf("Near")], []);
    const client = await launch(stage, plan);
    const { opening, b } = open(client.mesh);
    const session = await stage.clock.until(opening);
    session.inputs["a"]?.send(frameOf("0", 0));
    await stage.clock.run(10);
    const stopped = far.mesh.close();
    await stage.clock.run(5_000);
    await stopped;
    session.inputs["a"]?.send(frameOf("1", 1));
    session.inputs["a"]?.end();
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
    expect(b.payloads).toEqual(["0!", "1!"]);
    expect(far.events.map((event) => event.kind)).toEqual(["peer-listening", "session-opened", "session-closed"]);
    await stage.clock.until(client.mesh.close());
    expect(stage.clock.pending).toBe(0);
  });

  it("frees the addresses of a launch that found one taken, and names that one", async () => {
    const stage = scene();
    const first = await launch(stage, planOfPeers([stepOf("Far")], [peerOf("far", "Far", "memory://taken")]), "far");
    const peers = [peerOf("free", "Far", "memory://free"), peerOf("late", "Far", "memory://taken")];
    const error = await failureOf(launch(stage, planOfPeers([stepOf("Far")], peers)));
    expect(error).toMatchObject({ code: "address-in-use", message: /memory:\/\/taken/ });
    await (await launch(stage, planOfPeers([stepOf("Far")], [peerOf("free", "Far", "memory://free")]))).mesh.close();
    await first.mesh.close();
  });
});

it("lets no caller change a parameter that the peer has set", async () => {
  const stage = scene();
  const far = stepOf("Far").with({
    params: [
      { name: "model", type: text },
      { name: "language", type: text, default: { literal: "en" } },
    ],
  });
  const peer = {
    ...peerOf("far", "Far", "memory://far"),
    runs: [{ pipeline: "Far", as: "Far", params: { model: { literal: "own" } } }],
  };
  const { mesh } = await launch(stage, planOfPeers([far], [peer]), "far");
  const ask = (params: Record<string, string>) => {
    const { clock, network } = stage;
    const endpoint = remotePipeline({
      transport: network.transport("caller"),
      uri: "memory://far/Far",
      clock,
      random: seededRandom(1),
    });
    const { signal } = new AbortController();
    const outputs = { out: { type: text, link: testLink() } };
    return stage.clock.until(endpoint.open({ params, inputs: { in: text }, outputs, schemas: {}, signal }));
  };
  expect(await failureOf(ask({ model: "/etc/passwd" }))).toMatchObject({
    code: "invalid-argument",
    message: "Parameter `model` of pipeline `Far` is set by the peer.",
  });
  await stage.clock.until((await ask({ language: "de" })).close(new MeshError("cancelled", "Enough.")));
  await stage.clock.until(mesh.close());
});
