import { afterEach, describe, expect, it } from "vitest";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { NodeDescription, SessionDescription } from "../../../runtime/interface/session.ts";
import type { Transport } from "../../../runtime/interface/transport.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../runtime/mesh/serving.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { collector, depsOf, feed, planOf } from "../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";
import * as calls from "../../../runtime/remote/calls.ts";
const text = { kind: "scalar", name: "text" } as const;

const tag = (mark: string): NodeDefinition =>
  defineNode({
    sync: true,
    open: (_, { emit }) => ({ process: (frame) => void emit("out", `${String(frame.payload)}${mark}`) }),
  });

const failing = defineNode({
  sync: true,
  open: () => ({
    process: () => {
      throw new Error("out of memory");
    },
  }),
});

const program = (fallback = ""): string => `
interface Step { in a: text
 out b: text }
node Edge { in text
 out text
 from "./x.ts" }
node Gpu { in text
 out text
 from "./x.ts" }
node Local { in text
 out text
 from "./x.ts" }
pipeline Client { in a: text
 out b: text
 remote next: Step { at edge.Middle }
 a -> next -> b }
pipeline Middle: Step { in a: text
 out b: text
 remote next: Step {
   at gpu.Far
   ${fallback}
   retry 0 times }
 a -> Edge() -> next -> b }
pipeline Far: Step { in a: text
 out b: text
 a -> Gpu() -> b }
pipeline Near: Step { in a: text
 out b: text
 a -> Local() -> b }
peer client { runs Client
 listens "webrtc://127.0.0.1:0" }
peer edge { runs Middle
 listens "webrtc://127.0.0.1:0" }
peer gpu { runs Far
 listens "webrtc://127.0.0.1:0" }
`;

const open: Mesh[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((mesh) => mesh.close()));
});

async function launch(source: string, transport: Transport, nodes: Record<string, NodeDefinition>, peers?: string[]) {
  const events: MeshEvent[] = [];
  const deps = depsOf(nodes);
  const mesh = await launchPlan(
    planOf(source),
    {
      clock: realClock,
      random: seededRandom(3),
      log: () => undefined,
      env: () => undefined,
      transports: [transport],
      calls: async () => calls,
      serve: servePeer,
    },
    { registry: deps.registry, onEvent: (event) => events.push(event), ...(peers !== undefined && { peers }) },
  );
  open.push(mesh);
  return { mesh, events };
}

async function run(mesh: Mesh, pipeline: string, payloads: string[]) {
  const b = collector();
  const { signal } = new AbortController();
  const session = await mesh.open(pipeline, {
    params: {},
    inputs: { a: text },
    outputs: { b: { type: text, link: b.link } },
    schemas: {},
    signal,
  });
  await feed(session, "a", payloads).catch(() => undefined);
  const end = await session.closed;
  return { end, payloads: b.payloads, session };
}

const nodes = { Edge: tag("-edge"), Gpu: tag("-gpu"), Local: tag("-local") };

describe("three peers over WebRTC", () => {
  it("R1.1 R1.2 R2.1 R2.2 R3.2 R9.1 carries frames from client through edge to gpu and back, and ends in good order", async () => {
    const { mesh, events } = await launch(program(), weriftTransport(), nodes);
    const sent = Array.from({ length: 200 }, (_, index) => `f${index}`);
    const { end, payloads } = await run(mesh, "Client", sent);
    expect(end.error).toBeUndefined();
    expect(payloads).toEqual(sent.map((one) => `${one}-edge-gpu`));
    expect(events.flatMap((event) => (event.kind === "remote-connected" ? [event.target] : []))).toEqual([
      "gpu.Far",
      "edge.Middle",
    ]);
  });

  it("R4.1 R4.2 makes a source and a sink at each border, and shows them", async () => {
    const { mesh } = await launch(program(), weriftTransport(), nodes);
    const b = collector();
    const { signal } = new AbortController();
    const session = await mesh.open("Client", {
      params: {},
      inputs: { a: text },
      outputs: { b: { type: text, link: b.link } },
      schemas: {},
      signal,
    });
    const [remote] = session.describe().remotes;
    expect(remote).toMatchObject({ state: "connected", target: "edge.Middle" });
    expect(remote?.session?.nodes.map((node) => `${node.node} ${node.id}`)).toEqual([
      "WebRTCStreamSink a",
      "WebRTCStreamSource b",
    ]);
    expect(remote?.session?.streams.map((stream) => stream.format)).toEqual(["text", "text"]);
    expect(remote?.session?.connection).toMatchObject({ transport: "webrtc", state: "connected", role: "offerer" });
    await session.close();
  });

  it("R4.1 R4.2 R5.2 R5.3 shows both sides what stands at the border, with its figures, while there is a connection", async () => {
    const { mesh } = await launch(program(), weriftTransport(), nodes);
    const b = collector();
    const { signal } = new AbortController();
    const session = await mesh.open("Client", {
      params: {},
      inputs: { a: text },
      outputs: { b: { type: text, link: b.link } },
      schemas: {},
      signal,
    });
    await feed(session, "a", ["x", "yy"]);
    await session.closed;
    const standing = (nodes: readonly NodeDescription[]) =>
      nodes.filter(({ node }) => node.startsWith("WebRTC")).map(({ id, node }) => `${node} ${id}`);
    // Those of a session that is over are gone with its connection.
    expect(standing(session.describe().nodes)).toEqual([]);
    const another = await mesh.open("Client", {
      params: {},
      inputs: { a: text },
      outputs: { b: { type: text, link: collector().link } },
      schemas: {},
      signal,
    });
    another.inputs["a"]?.send({ timestampUs: 0, seq: 0, epoch: 0, flags: 0, payload: "four" });
    const middle = (): SessionDescription | undefined => mesh.sessions().find(({ pipeline }) => pipeline === "Middle");
    await expect.poll(() => middle()?.nodes.find(({ id }) => id === "b")?.frames).toBe(1);
    expect(standing(another.describe().nodes)).toEqual(["WebRTCStreamSink next.a", "WebRTCStreamSource next.b"]);
    expect(standing(middle()?.nodes ?? []).toSorted()).toEqual([
      "WebRTCStreamSink b",
      "WebRTCStreamSink next.a",
      "WebRTCStreamSource a",
      "WebRTCStreamSource next.b",
    ]);
    expect(middle()?.nodes.find(({ id }) => id === "a")).toMatchObject({
      state: "running",
      frames: 1,
      metrics: { bytes: 4, dropped: 0, queued: 0, credits: expect.any(Number) },
    });
    const [local, remote] = [another.describe().remotes[0]?.session?.connection, middle()?.connection];
    for (const state of [local, remote]) {
      expect(state).toMatchObject({
        localDescription: expect.stringMatching(/^v=0/),
        remoteDescription: expect.stringMatching(/^v=0/),
        localCandidates: expect.arrayContaining([expect.stringMatching(/^candidate:/)]),
        remoteCandidates: expect.arrayContaining([expect.stringMatching(/^candidate:/)]),
        selectedPair: { local: { type: "host" }, remote: { protocol: "udp" } },
      });
    }
    expect([local?.role, remote?.role]).toEqual(["offerer", "answerer"]);
    expect(another.describe().remotes[0]?.session?.streams).toMatchObject([
      { name: "a", format: "text", frames: 1, bytes: 4 },
      { name: "b", format: "text" },
    ]);
    await another.close();
    expect(standing(another.describe().nodes)).toEqual([]);
    await expect.poll(() => mesh.sessions()).toEqual([]);
  });

  it("takes the fallback and says so when the first target is not there", async () => {
    const { mesh, events } = await launch(program("else Near()"), weriftTransport(), nodes, ["client", "edge"]);
    const { end, payloads } = await run(mesh, "Client", ["x"]);
    expect(end.error).toBeUndefined();
    expect(payloads).toEqual(["x-edge-local"]);
    const failed = events.find((event) => event.kind === "remote-failed");
    expect(failed).toMatchObject({ remote: "next", target: "gpu.Far", next: "Near()" });
  });

  it("R8.1 gives one clear error up the chain when no target is left", async () => {
    const { mesh } = await launch(program(), weriftTransport(), nodes, ["client", "edge"]);
    await expect(run(mesh, "Client", ["x"])).rejects.toMatchObject({ code: "targets-exhausted" });
    await expect(run(mesh, "Client", ["x"])).rejects.toThrow(/gpu\.Far/);
  });

  it("brings the node and its line to the caller when a node throws two peers away", async () => {
    const { mesh } = await launch(program(), weriftTransport(), { ...nodes, Gpu: failing });
    const { end } = await run(mesh, "Client", ["x"]);
    expect(end.error?.message).toMatch(/Gpu.*main\.mesh:\d+:\d+.*out of memory/s);
  });
});
