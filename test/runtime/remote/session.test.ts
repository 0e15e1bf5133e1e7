import { afterEach, describe, expect, it } from "vitest";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import type { Connection, Listener, Transport } from "../../../runtime/interface/transport.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { memoryNetwork } from "../../../runtime/transports/memory/network.ts";
import { collector, depsOf, feed, planOf } from "../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";

const text: FlowType = { kind: "scalar", name: "text" };
const program = `node Echo { in text
 out text
 from "./x.ts" }
pipeline P { in a: text
 out b: text
 a -> Echo() -> b }`;

const echo: NodeDefinition = defineNode({
  sync: true,
  open: (_, { emit }) => ({ process: (frame) => void emit("out", frame.payload) }),
});

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((one) => one.close()));
});

async function serve(nodes: Record<string, NodeDefinition> = { Echo: echo }) {
  const network = memoryNetwork({ clock: realClock });
  const plan = planOf(program);
  const endpoint = pipelineEndpoint(plan, "P", depsOf(nodes));
  const accept = servePipelines({
    find: (name) => (name === "P" ? { endpoint, schemas: plan.schemas } : undefined),
    names: () => ["P"],
    clock: realClock,
  });
  listeners.push(await network.transport("server").listen("memory://server", accept));
  return network;
}

function open(transport: Transport, name: string, input: FlowType = text) {
  const b = collector();
  const endpoint = remotePipeline({
    transport,
    uri: `memory://server/${name}`,
    clock: realClock,
    random: seededRandom(2),
  });
  const { signal } = new AbortController();
  const opening = endpoint.open({
    params: {},
    inputs: { a: input },
    outputs: { b: { type: text, link: b.link } },
    schemas: {},
    signal,
  });
  return { opening, b };
}

describe("a session with a pipeline on another peer", () => {
  it("carries more frames than its credits, in order, and ends in good order", async () => {
    const network = await serve();
    const { opening, b } = open(network.transport("caller"), "P");
    const session = await opening;
    const sent = Array.from({ length: 1_000 }, (_, index) => `${index}`);
    await feed(session, "a", sent.slice(0, 999));
    expect((await session.closed).error).toBeUndefined();
    expect(b.payloads).toEqual(sent.slice(0, 999));
  });

  it("carries a frame that is larger than any message", async () => {
    const network = await serve();
    const { opening, b } = open(network.transport("caller"), "P");
    const session = await opening;
    const long = "x".repeat(300_000);
    await feed(session, "a", [long]);
    await session.closed;
    expect(b.payloads).toEqual([long]);
  });

  it("is refused with the names that there are when there is no such pipeline", async () => {
    const network = await serve();
    await expect(open(network.transport("caller"), "Q").opening).rejects.toMatchObject({ code: "pipeline-not-found" });
  });

  it("is refused when no format fits, naming the port", async () => {
    const network = await serve();
    const { opening } = open(network.transport("caller"), "P", { kind: "scalar", name: "bytes" });
    await expect(opening).rejects.toMatchObject({ code: "format-mismatch" });
    await expect(opening).rejects.toThrow("input `a`");
  });

  it("R8.1 ends with a coded error when the other peer falls silent, and does not hang", async () => {
    const network = await serve();
    const { opening } = open(network.transport("caller"), "P");
    const session = await opening;
    const start = realClock.nowUs();
    network.kill("server");
    const { error } = await session.closed;
    expect(error).toMatchObject({ code: "peer-lost" });
    expect((realClock.nowUs() - start) / 1_000).toBeLessThan(3_500);
  });

  it("ends, and nothing else does, when a stranger talks nonsense", async () => {
    const network = await serve();
    const { signal } = new AbortController();
    const stranger: Connection = await network.transport("stranger").dial("memory://server/P", { signal });
    stranger.control.onMessage(() => undefined);
    stranger.control.send(Uint8Array.of(0, 1, 2, 3, 255));
    await stranger.closed;
    const { opening, b } = open(network.transport("caller"), "P");
    const session = await opening;
    await feed(session, "a", ["still here"]);
    await session.closed;
    expect(b.payloads).toEqual(["still here"]);
  });
});
