import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { PipelineSession } from "../../../runtime/interface/session.ts";
import { callersFirst } from "../../../runtime/mesh/draining.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../runtime/mesh/serving.ts";
import * as calls from "../../../runtime/remote/calls.ts";
import { depsOf, planOf } from "../../support/pipeline-run.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { frameOf, scene, testLink, text, type Scene } from "../remote/support/scene.ts";

const program = `
batch node Work {
  in text
  out text
  from "./x.ts"
}
batch interface Asking {
  in question: text
  out answer: text
}
interface Talking {
  in line: text
  out loud: text
}
batch pipeline Ask: Asking {
  in question: text
  out answer: text
  question -> Work() -> answer
}
pipeline Talk: Talking {
  in line: text
  out loud: text
  line -> Work() -> loud
}
pipeline Client {
  in question: text
  out answer: text
  remote far: Asking {
    at env("FIRST", "webrtc://a/Ask")
    else env("SECOND", "webrtc://b/Ask")
  }
  question -> far -> answer
}
pipeline Talker {
  in question: text
  out answer: text
  remote far: Talking {
    at env("FIRST", "webrtc://a/Talk")
    else env("SECOND", "webrtc://b/Talk")
  }
  question -> far -> answer
}
peer server {
  runs Ask
  runs Talk
  listens env("LISTENS", "webrtc://127.0.0.1:0")
}
peer client {
  runs Client
  runs Talker
}
`;

// Loaded when a batch pipeline is first called, which takes time that no virtual clock knows of.
beforeAll(() => import("../../../runtime/calls/batch-endpoint.ts"));

interface Peer {
  readonly mesh: Mesh;
  readonly events: MeshEvent[];
  /** What its node was asked, in order. */
  readonly asked: string[];
  /** Has the node answer what it holds back. */
  release(): void;
}

/** @param holds the questions that the node answers only when it is told to */
async function launched(
  stage: Scene,
  peer: "server" | "client",
  name: string,
  env: Readonly<Record<string, string>>,
  holds: readonly string[] = [],
): Promise<Peer> {
  const events: MeshEvent[] = [];
  const asked: string[] = [];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const Work: NodeDefinition = defineNode({
    open: (_, { emit }) => ({
      async process({ payload }) {
        asked.push(String(payload));
        if (holds.includes(String(payload))) await held;
        await emit("out", `${name}: ${String(payload)}`);
      },
    }),
  });
  const mesh = await launchPlan(
    planOf(program),
    {
      clock: stage.clock,
      random: seededRandom(3),
      log: () => undefined,
      env: (variable) => env[variable],
      transports: [stage.network.transport(name)],
      calls: () => Promise.resolve(calls),
      serve: servePeer,
    },
    { peers: [peer], registry: depsOf({ Work }).registry, onEvent: (event) => events.push(event) },
  );
  onTestFinished(() => stage.clock.until(mesh.close({ callsMs: 0 })));
  return { mesh, events, asked, release };
}

/** Two servers, and a session with a pipeline of a caller that has the second one for its fallback. */
async function callerOf(
  stage: Scene,
  pipeline: "Client" | "Talker",
  holds: readonly string[],
): Promise<{ a: Peer; b: Peer; session: PipelineSession; answer: ReturnType<typeof testLink> }> {
  const a = await launched(stage, "server", "a", { LISTENS: "memory://a" }, holds);
  const b = await launched(stage, "server", "b", { LISTENS: "memory://b" });
  const to = pipeline === "Client" ? "Ask" : "Talk";
  const client = await launched(stage, "client", "c", { FIRST: `memory://a/${to}`, SECOND: `memory://b/${to}` });
  const answer = testLink();
  const { signal } = new AbortController();
  const request = {
    params: {},
    inputs: { question: text },
    outputs: { answer: { type: text, link: answer } },
    schemas: {},
    signal,
  };
  const session = await stage.clock.until(client.mesh.open(pipeline, request));
  return { a, b, session, answer };
}

describe("a peer that stops", () => {
  it("answers what it was asked over a session, whose caller then goes on elsewhere: nothing is lost or asked twice", async () => {
    const stage = scene();
    const { a, b, session, answer } = await callerOf(stage, "Client", ["q0"]);
    session.inputs["question"]?.send(frameOf("q0", 0));
    session.inputs["question"]?.send(frameOf("q1", 1));
    await stage.clock.run(50);
    const closed = a.mesh.close();
    await stage.clock.run(1_000);
    session.inputs["question"]?.send(frameOf("q2", 2));
    await stage.clock.run(1_000);
    // What was on its way is a call that was taken; what came after is kept for the next.
    expect(a.asked).toEqual(["q0"]);
    expect(a.events.at(-1)).toEqual({ kind: "peer-draining", peer: "server", calls: 1, streams: 0, withinMs: 5_000 });
    a.release();
    await stage.clock.until(closed, 1_000);
    session.inputs["question"]?.end();
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
    expect(a.asked).toEqual(["q0", "q1"]);
    expect(b.asked).toEqual(["q2"]);
    expect(answer.payloads).toEqual(["a: q0", "a: q1", "b: q2"]);
  });

  it("gives up what takes too long, and says which answer is lost", async () => {
    const stage = scene();
    const { a, session } = await callerOf(stage, "Client", ["q0"]);
    session.inputs["question"]?.send(frameOf("q0", 0));
    await stage.clock.run(50);
    const startMs = stage.clock.nowMs;
    const closed = a.mesh.close({ callsMs: 2_000 });
    await stage.clock.run(1_990);
    expect(a.mesh.sessions()).toHaveLength(1);
    expect((await stage.clock.until(session.closed)).error).toMatchObject({ code: "peer-lost" });
    expect(stage.clock.nowMs - startMs).toBeLessThan(3_000);
    a.release();
    await stage.clock.until(closed);
  });

  it("leaves streams the time that they are given, which a second call may shorten", async () => {
    const stage = scene();
    const { a, b, session, answer } = await callerOf(stage, "Talker", []);
    session.inputs["question"]?.send(frameOf("0", 0));
    await stage.clock.run(50);
    const closed = a.mesh.close({ streamsMs: 60_000 });
    await stage.clock.run(10_000);
    session.inputs["question"]?.send(frameOf("1", 1));
    await stage.clock.run(50);
    expect(answer.payloads).toEqual(["a: 0", "a: 1"]);
    const nowMs = stage.clock.nowMs;
    void a.mesh.close({ streamsMs: 100 });
    await stage.clock.until(closed);
    // The limit counts from when it was told to stop, and is over.
    expect(stage.clock.nowMs - nowMs).toBeLessThan(1_000);
    session.inputs["question"]?.send(frameOf("2", 2));
    session.inputs["question"]?.end();
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
    expect(answer.payloads).toEqual(["a: 0", "a: 1", "b: 2"]);
    expect(b.asked).toEqual(["2"]);
  });

  it("opens no sessions meanwhile, neither for others nor for itself", async () => {
    const stage = scene();
    const { a, b, session, answer } = await callerOf(stage, "Talker", []);
    const closed = a.mesh.close({ streamsMs: 5_000 });
    const late = await launched(stage, "client", "d", { FIRST: "memory://a/Talk", SECOND: "memory://b/Talk" });
    const link = testLink();
    const request = {
      params: {},
      inputs: { question: text },
      outputs: { answer: { type: text, link } },
      schemas: {},
      signal: new AbortController().signal,
    };
    const second = await stage.clock.until(late.mesh.open("Talker", request));
    second.inputs["question"]?.send(frameOf("0", 0));
    await stage.clock.run(50);
    expect(link.payloads).toEqual(["b: 0"]);
    expect(b.asked).toEqual(["0"]);
    await expect(a.mesh.open("Talk", { ...request, inputs: {}, outputs: {} })).rejects.toMatchObject({
      code: "cancelled",
    });
    await stage.clock.until(session.close());
    await stage.clock.until(closed);
    expect(stage.clock.nowMs).toBeLessThan(4_000);
    expect(answer.payloads).toEqual([]);
  });
});

describe("the order in which the peers of a process stop", () => {
  const plan = planOf(`
interface I {
  in a: text
  out b: text
}
node N {
  in text
  out text
}
pipeline Last: I {
  in a: text
  out b: text
  a -> N() -> b
}
pipeline Middle: I {
  in a: text
  out b: text
  remote r: I { at gpu.Last }
  a -> r -> b
}
pipeline Local: I {
  in a: text
  out b: text
  remote r: I { at edge.Middle }
  a -> r -> b
}
pipeline First {
  in a: text
  out b: text
  remote r: I { at Local() }
  a -> r -> b
}
peer gpu {
  runs Last
  listens "webrtc://127.0.0.1:7441"
}
peer edge {
  runs Middle
  listens "webrtc://127.0.0.1:7442"
}
peer front {
  runs First
}
`);

  it("has callers before those that they call, by way of local pipelines as well", () => {
    const names = (...peers: string[]): string[] =>
      callersFirst(
        plan,
        peers.map((name) => ({ name })),
      ).map(({ name }) => name);
    expect(names("gpu", "edge", "front")).toEqual(["front", "edge", "gpu"]);
    expect(names("edge", "front", "gpu")).toEqual(["front", "edge", "gpu"]);
    expect(names("gpu")).toEqual(["gpu"]);
  });
});
