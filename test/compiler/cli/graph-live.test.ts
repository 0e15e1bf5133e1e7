import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { pictureOfTopology } from "../../../compiler/cli/graph/from-topology.ts";
import { dot } from "../../../compiler/graph/dot.ts";
import { layOut, type Point } from "../../../compiler/graph/layout.ts";
import { mermaid } from "../../../compiler/graph/mermaid.ts";
import { framesOf, type Picture } from "../../../compiler/graph/picture.ts";
import { svg } from "../../../compiler/graph/svg.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { PipelineSession } from "../../../runtime/interface/session.ts";
import type { Topology, TopologyPeer } from "../../../runtime/interface/topology.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../runtime/mesh/serving.ts";
import * as calls from "../../../runtime/remote/calls.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { blocksOf } from "../../support/markdown.ts";
import { collector, depsOf, planOf } from "../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";
import { commandLine, type CommandLine } from "../support/command-line.ts";

const text = { kind: "scalar", name: "text" } as const;

const tag: NodeDefinition = defineNode({
  sync: true,
  open: (_, { emit }) => ({ process: (frame) => void emit("out", `${String(frame.payload)}!`) }),
});

const program = `
interface Step { in a: text
 out b: text }
node Mark { in text
 out text
 from "./x.ts" }
pipeline Client { in a: text
 out b: text
 remote next: Step {
  at edge.Middle
  timeout connect 60s
  retry 20 times }
 a -> next -> b }
pipeline Middle: Step { in a: text
 out b: text
 remote far: Step {
  at gpu.Far
  timeout connect 60s
  retry 20 times }
 remote near: Step { at Near() }
 a -> Mark() -> far -> near -> b }
pipeline Far: Step { in a: text
 out b: text
 a -> Mark() -> b }
pipeline Near: Step { in a: text
 out b: text
 a -> Mark() -> b }
peer client { runs Client
 listens "webrtc://127.0.0.1:0" }
peer edge { runs Middle
 listens "webrtc://127.0.0.1:0" }
peer gpu { runs Far
 listens "webrtc://127.0.0.1:0" }
`;

async function launch(text = program, ...peers: string[]): Promise<Mesh> {
  return launchPlan(
    planOf(text),
    {
      clock: realClock,
      random: seededRandom(3),
      log: () => undefined,
      env: () => undefined,
      transports: [weriftTransport()],
      calls: async () => calls,
      serve: servePeer,
    },
    { registry: depsOf({ Mark: tag, Shout: tag }).registry, ...(peers.length > 0 && { peers }) },
  );
}

function openClient(mesh: Mesh): Promise<PipelineSession> {
  return mesh.open("Client", {
    params: {},
    inputs: { a: text },
    outputs: { b: { type: text, link: collector().link } },
    schemas: {},
    signal: new AbortController().signal,
  });
}

/** A mesh of three peers that a session goes through. */
let mesh: Mesh;
let topology: Topology;

beforeAll(async () => {
  mesh = await launch();
  for (const frames of [1, 2]) {
    const session = await openClient(mesh);
    for (let seq = 0; seq < frames; seq += 1) {
      session.inputs["a"]?.send({ timestampUs: 0, seq, epoch: 0, flags: 0, payload: "hello" });
    }
  }
  const came = () => pipelineOf("gpu")?.sessions?.flatMap(({ nodes }) => nodes.map(({ frames }) => frames)) ?? [];
  const pipelineOf = (name: string) => mesh.topology().peers.find((peer) => peer.name === name)?.pipelines[0];
  await vi.waitFor(() => expect(came().toSorted()).toEqual([1, 1, 1, 2, 2, 2]), 60_000);
  // And back to where they came from.
  const passed = () =>
    mesh
      .topology()
      .peers.flatMap(({ pipelines }) =>
        pipelines.flatMap(({ sessions = [] }) => sessions.flatMap(({ nodes }) => nodes.map(({ frames }) => frames))),
      );
  await vi.waitFor(() => expect(passed()).not.toContain(0), 60_000);
  topology = mesh.topology();
});

afterAll(() => mesh.close());

describe("the topology of a running mesh (R13.3)", () => {
  it("has the peers, their pipelines and sessions, and what each is connected to", () => {
    expect(topology).toMatchObject({ version: 1, atMs: expect.any(Number) });
    const [client, edge, gpu] = topology.peers as [TopologyPeer, TopologyPeer, TopologyPeer];
    expect(topology.peers.map(({ name, addresses }) => [name, addresses])).toEqual(
      mesh.peers.map(({ name, addresses }) => [name, addresses]),
    );
    expect(edge.pipelines).toMatchObject([{ name: "Middle", inputs: { a: "text" }, outputs: { b: "text" } }]);
    expect(client.pipelines[0]?.sessions).toHaveLength(2);
    expect(client.pipelines[0]?.sessions?.[0]).toMatchObject({
      pipeline: "Client",
      openMs: expect.any(Number),
      remotes: [
        {
          id: "next",
          state: "connected",
          target: "edge.Middle",
          session: {
            connection: {
              transport: "webrtc",
              engine: "werift",
              state: "connected",
              address: `${edge.addresses[0]}/Middle`,
              role: "offerer",
              sharedBy: 2,
            },
          },
        },
      ],
    });
    expect(gpu.pipelines[0]?.sessions?.[0]?.streams[0]).toMatchObject({
      format: "text",
      frames: 1,
      framesPerSecond: expect.any(Number),
    });
  });

  it("shows the sources and sinks that the runtime has made at each border (R4.1, R4.2)", () => {
    const kinds = topology.peers.map(({ pipelines }) =>
      (pipelines[0]?.sessions?.[0]?.nodes ?? [])
        .filter(({ node }) => node.startsWith("WebRTC"))
        .map(({ id, node }) => `${node} ${id}`)
        .toSorted(),
    );
    const [sinks, sources] = ["WebRTCStreamSink", "WebRTCStreamSource"];
    expect(kinds).toEqual([
      [`${sinks} next.a`, `${sources} next.b`],
      [`${sinks} b`, `${sinks} far.a`, `${sources} a`, `${sources} far.b`],
      [`${sinks} b`, `${sources} a`],
    ]);
  });

  it("has what this process has opened without the peer that runs it", async () => {
    const own = await launch(program, "edge", "gpu");
    const session = await openClient(own);
    expect(own.topology().peers.map(({ name, addresses }) => [name, addresses.length])).toEqual([
      ["edge", 1],
      ["gpu", 1],
      ["client", 0],
    ]);
    expect(own.topology().peers[2]?.pipelines).toMatchObject([{ name: "Client", sessions: [{ pipeline: "Client" }] }]);
    await session.close();
    await own.close();
  });

  it("is plain data, and says nothing of how a connection was negotiated", () => {
    const json = JSON.stringify(topology);
    expect(JSON.parse(json)).toEqual(topology);
    expect(json).not.toMatch(/fingerprint|candidate|ice-|v=0/);
  });

  it("is empty again when the sessions are over, and lists no more than 64 of a pipeline", async () => {
    const own = await launch();
    const sessions: Awaited<ReturnType<typeof openClient>>[] = [];
    // One after the other: each has a limit to open within.
    for (let count = 0; count < 70; count += 1) sessions.push(await openClient(own));
    const [client] = own.topology().peers;
    expect(client?.pipelines[0]?.sessions).toHaveLength(64);
    expect(client?.pipelines[0]?.unlisted).toBe(6);
    await Promise.all(sessions.map((session) => session.close()));
    const counts = () => own.topology().peers.map(({ pipelines }) => pipelines[0]?.sessions?.length);
    await expect.poll(() => counts()).toEqual([0, 0, 0]);
    await own.close();
  });
});

/** The texts of what an arrow leads from and to. */
function arrowsOf(picture: Picture): string[] {
  const names = new Map<string, string>();
  for (const frame of framesOf(picture.frames)) {
    names.set(frame.id, `[${frame.label}]`);
    for (const box of frame.boxes) names.set(box.id, `${frame.label}/${box.label}`);
  }
  for (const box of picture.boxes) names.set(box.id, box.label);
  return picture.arrows.map(({ from, to, kind }) => `${names.get(from)} ${kind} ${names.get(to)}`);
}

describe("the picture of a running mesh (R13.3)", () => {
  it("leads each stream from a sink to the source at the other peer, for all sessions of a pipeline at once", () => {
    const picture = pictureOfTopology(topology.peers, "mesh");
    expect(arrowsOf(picture).toSorted()).toEqual(
      [
        "Client/a stream Client/next.a",
        "Client/next.b stream Client/b",
        "Client/next call [Middle]",
        "Client/next.a stream Middle/a",
        "Middle/b stream Client/next.b",
        "Middle/a stream Middle/Mark",
        "Middle/Mark stream Middle/far.a",
        "Middle/far.b stream Middle/near",
        "Middle/near stream Middle/b",
        "Middle/near call [Near()]",
        "Middle/far call [Far]",
        "Middle/far.a stream Far/a",
        "Far/b stream Middle/far.b",
        "Far/a stream Far/Mark",
        "Far/Mark stream Far/b",
        "Near()/a stream Near()/Mark",
        "Near()/Mark stream Near()/b",
      ].toSorted(),
    );
    const far = [...framesOf(picture.frames)].find(({ label }) => label === "Far");
    expect(far?.notes).toEqual(["2 sessions"]);
    expect(far?.boxes.map(({ label, notes }) => [label, ...notes])).toEqual([
      ["a", "WebRTCStreamSource", "3 frames"],
      ["Mark", "3 frames"],
      ["b", "WebRTCStreamSink", "3 frames"],
    ]);
  });

  it("is drawn in every format", async () => {
    const picture = pictureOfTopology(topology.peers, "mesh");
    expect(mermaid(picture)).toContain("WebRTCStreamSource<br/>3 frames");
    expect(dot(picture)).toContain(String.raw`label="a\nWebRTCStreamSource\n3 frames"`);
    expect(await svg(picture)).toContain("WebRTCStreamSource");
  });

  it("is laid out so that each arrow touches what it leads from and to, across frames as well", async () => {
    const picture = pictureOfTopology(topology.peers, "mesh");
    const { arrows, boxes, frames } = await layOut(picture);
    expect(arrows).toHaveLength(picture.arrows.length);
    const touches = (at: Point | undefined, id: string): boolean => {
      const box = boxes.get(id) ?? frames.get(id);
      if (at === undefined || box === undefined) return false;
      const beside = (value: number, from: number, length: number) => value >= from - 2 && value <= from + length + 2;
      return beside(at.x, box.x, box.width) && beside(at.y, box.y, box.height);
    };
    const loose = arrows.filter(
      ({ arrow, points }) => !touches(points[0], arrow.from) || !touches(points.at(-1), arrow.to),
    );
    expect(loose.map(({ arrow }) => arrow)).toEqual([]);
  });

  it("has a box for an address of which nothing is known", () => {
    const [client] = topology.peers;
    const picture = pictureOfTopology(client === undefined ? [] : [client], "mesh");
    expect(picture.boxes.map(({ kind, label }) => [kind, label])).toEqual([
      ["address", `${topology.peers[1]?.addresses[0]}/Middle`],
    ]);
  });
});

describe("meshc graph of what runs (R13.3)", () => {
  let cli: CommandLine;
  beforeEach(() => {
    cli = commandLine();
  });
  afterEach(() => cli[Symbol.dispose]());

  it("draws what programs have written of their peers, as one", async () => {
    const [client, edge, gpu] = topology.peers;
    cli.write("edge.json", JSON.stringify({ ...topology, peers: [client, edge] }));
    cli.write("gpu.json", JSON.stringify({ ...topology, peers: [gpu] }));
    const { code, out, err } = await cli.run("graph", "edge.json", "gpu.json", "--format", "json");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(arrowsOf(JSON.parse(out) as Picture)).toEqual(arrowsOf(pictureOfTopology(topology.peers, "mesh")));
  });

  it("asks peers for all their pipelines, or for one, and is told what a stranger may know", async () => {
    const [, edge, gpu] = topology.peers as [TopologyPeer, TopologyPeer, TopologyPeer];
    const uris = [`${gpu.addresses[0]}/Far`, `${edge.addresses[0]}`];
    const { code, out, err } = await cli.run("graph", ...uris, "--format", "json");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const picture = JSON.parse(out) as Picture;
    expect(picture.frames.map(({ notes, frames }) => [notes, frames.map(({ label }) => label)])).toEqual([
      [gpu.addresses, ["Far"]],
      [edge.addresses, ["Middle"]],
    ]);
    expect([...framesOf(picture.frames)].flatMap(({ boxes }) => boxes.map((box) => [box.label, ...box.notes]))).toEqual(
      [
        ["a", "text"],
        ["b", "text"],
        ["a", "text"],
        ["b", "text"],
      ],
    );
    expect(picture.arrows).toEqual([]);
  });

  it("asks as docs/graph.md shows it", async () => {
    const hello = readFileSync(new URL("../../../examples/01-hello/main.mesh", import.meta.url), "utf8");
    const back = await launch(hello.replace("webrtc://127.0.0.1:7452", "webrtc://127.0.0.1:0"), "back");
    const { port } = new URL((back.peers[0]?.addresses[0] ?? "").replace("webrtc", "http"));
    const page = readFileSync(new URL("../../../docs/graph.md", import.meta.url), "utf8");
    const shown = blocksOf(page).find(({ language }) => language === "console")?.text ?? "";
    const [line = "", ...output] = shown.replaceAll("7452", port).split("\n");
    const { code, out, err } = await cli.run(...line.replace("$ npx meshc ", "").split(" "));
    await back.close();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(output.join("\n"));
    expect(output.length).toBeGreaterThan(5);
  });

  it("says which peer does not answer, and draws the others", async () => {
    const [, , gpu] = topology.peers;
    const { code, out, err } = await cli.run("graph", "webrtc://127.0.0.1:1", `${gpu?.addresses[0]}/Far`);
    expect(code).toBe(3);
    expect(err).toMatch(/^error: webrtc:\/\/127\.0\.0\.1:1: 127\.0\.0\.1:1 does not answer/);
    expect(out).toContain("Far");
  });

  it.each([
    [["main.mesh", "webrtc://127.0.0.1:1"], 2, "neither an address nor a file of JSON"],
    [["http://127.0.0.1:1"], 2, "not an address of webrtc or grpc"],
    [["grpc://127.0.0.1:1"], 2, "names no pipeline"],
    [["webrtc://user:secret@host/x"], 2, "webrtc://user:secret@host/x"],
    [["nowhere.json"], 3, "cannot be read"],
    [["text.json"], 3, "is no JSON"],
    [["other.json"], 3, "is no topology: peers.0.pipelines"],
  ])("refuses %j", async (args, expected, why) => {
    cli.write("text.json", "peers: none");
    cli.write("other.json", JSON.stringify({ version: 1, atMs: 1, peers: [{ name: "x", addresses: [] }] }));
    const { code, out, err } = await cli.run("graph", ...args);
    expect({ code, out }).toEqual({ code: expected, out: "" });
    expect(err).toContain(why);
    expect(err).not.toMatch(/\n\s+at /);
  });
});
