import { describe, expect, it } from "vitest";
import type { IncomingCall, SignalingCandidate } from "../../../../runtime/interface/signaling.ts";
import { callPeer } from "../../../../runtime/signaling/client.ts";
import { serviceLimits } from "../../../../runtime/signaling/limits.ts";
import { readNodeMessage } from "../../../../runtime/signaling/nodes/bus.ts";
import { nodeLimits } from "../../../../runtime/signaling/nodes/living-nodes.ts";
import { RelayedSockets } from "../../../../runtime/signaling/relayed-sockets.ts";
import { Refusals } from "../../../../runtime/signaling/refusals.ts";
import { serveSockets } from "../../../../runtime/signaling/server.ts";
import { ServiceClient } from "../../../../runtime/signaling/service-client.ts";
import { serveService } from "../../../../runtime/signaling/service/serve.ts";
import { seededRandom } from "../../../../runtime/testing/seeded-random.ts";
import { virtualClock } from "../../../../runtime/testing/virtual-clock.ts";
import { pipeNetwork, turn } from "../pipe.ts";
import { peer } from "../registry/support.ts";
import { fc } from "../property.ts";
import { sharedStore } from "./support.ts";

const at = { host: "signal", port: 7440 };
const { signal } = new AbortController();

async function cluster(count = 2) {
  const clock = virtualClock();
  const store = sharedStore();
  const start = async (index: number) => {
    const network = pipeNetwork();
    const random = seededRandom(index + 1);
    const name = `n${index + 1}`;
    const service = await serveService(
      { clock, random, listen: network.listen, store: store.of(name), node: name },
      at,
    );
    const open = (): Promise<ServiceClient> => ServiceClient.open({ clock, connect: network.connect }, at, signal);
    const found = async (): Promise<string[]> => {
      const client = await open();
      const page = await client.request("discover", {});
      client.close();
      return page.found.map((one) => `${one.peer}${one.relay ? " by relay" : ""}`);
    };
    return { name, service, open, found, connect: network.connect };
  };
  type Node = Awaited<ReturnType<typeof start>>;
  const nodes: Node[] = [];
  for (let index = 0; index < count; index += 1) nodes.push(await start(index));
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 250) {
      await clock.advanceAsync(Math.min(250, left));
      await turn();
    }
  };
  return { clock, store, start, pass, nodes: nodes as [Node, Node] };
}

/** A peer that is reached by nothing but the conversation with its node, and the calls that come in to it. */
async function callable({ clock }: { clock: ReturnType<typeof virtualClock> }, client: ServiceClient, id: string) {
  const calls: IncomingCall[] = [];
  const sockets = new RelayedSockets();
  await serveSockets(
    { clock, listen: sockets.listen },
    {
      ...at,
      http: undefined,
      reception: undefined,
      halfOpen: 64,
      halfOpenPerAddress: 64,
      refusals: new Refusals(),
      pipelines: () => ["Hearing"],
      onCall: (call) => calls.push(call),
    },
  );
  client.onRelay((message) => sockets.take(message, (back) => client.relay(back)));
  const { epoch } = await client.request("register", peer(id, { addresses: [] }));
  return { calls, epoch };
}

describe("signaling nodes that share a store", () => {
  it("R7.3 pass offer, answer and candidates on to a peer of another node", async () => {
    const world = await cluster();
    const [first, second] = world.nodes;
    const { calls } = await callable(world, await second.open(), "behind-nat");
    expect(await first.found()).toEqual(["behind-nat by relay"]);
    const call = await callPeer(
      { clock: world.clock, connect: first.connect, connectMs: 3_000 },
      { ...at, pipeline: "Hearing", peer: "behind-nat", signal },
    );
    const answered = call.offer("the offer");
    call.candidate({ candidate: "candidate:1", sdpMid: "0" });
    for (let count = 0; count < 4; count += 1) await turn();
    const fromCaller: (SignalingCandidate | null)[] = [];
    calls[0]?.onCandidate((candidate) => fromCaller.push(candidate));
    expect(calls[0]).toMatchObject({ pipeline: "Hearing", offer: "the offer" });
    expect(fromCaller).toEqual([{ candidate: "candidate:1", sdpMid: "0" }]);
    calls[0]?.answer("the answer");
    expect(await answered).toBe("the answer");
    const fromCallee: (SignalingCandidate | null)[] = [];
    call.onCandidate((candidate) => fromCallee.push(candidate));
    calls[0]?.candidate(null);
    await turn();
    await turn();
    expect(fromCallee).toEqual([null]);
    expect(first.service.figures()).toMatchObject({ calls: 1, nodes: 2, peers: 1 });
    call.abandon();
    for (let count = 0; count < 4; count += 1) await turn();
    expect(await calls[0]?.ended).toMatchObject({ code: "peer-lost" });
    expect(first.service.figures().calls).toBe(0);
  });

  it("refuse at the caller's node what the other node has no room for, and a peer that has moved", async () => {
    const world = await cluster();
    const [first, second] = world.nodes;
    const client = await second.open();
    client.onRelay(() => undefined);
    await client.request("register", peer("full", { addresses: [] }));
    const dial = () =>
      callPeer(
        { clock: world.clock, connect: first.connect, connectMs: 3_000 },
        { ...at, pipeline: "Hearing", peer: "full", signal: new AbortController().signal },
      );
    const open = Array.from({ length: serviceLimits.relayedCalls }, () => dial().catch(() => undefined));
    await turn();
    await turn();
    await expect(dial()).rejects.toMatchObject({ code: "resource-exhausted" });
    // The conversation has gone, and the first node has not heard of it yet.
    const peers = second.service;
    world.store.cut("n1");
    await peers.close();
    world.store.mend("n1");
    await world.pass(4_000);
    await Promise.all(open);
    expect(await first.found()).toEqual(["full"]);
    await expect(dial()).rejects.toMatchObject({ code: "peer-unreachable" });
  });

  it("R12.3 know what peers of the others report", async () => {
    const world = await cluster();
    const [first, second] = world.nodes;
    const client = await second.open();
    const { epoch } = await client.request("register", peer("a"));
    await client.request("report", { id: "a", epoch, load: { inFlight: 3, slots: 4 } });
    const asking = await first.open();
    const { found } = await asking.request("discover", {});
    expect(found[0]?.load).toEqual({ inFlight: 3, slots: 4 });
  });

  it("end the registrations of a node that has gone, after its peers had time to come back elsewhere", async () => {
    const world = await cluster(3);
    const [first, second] = world.nodes;
    const client = await second.open();
    const { epoch } = await client.request("register", peer("stays"));
    await client.request("register", peer("goes"));
    world.store.cut("n2");
    await world.pass(nodeLimits.goneMs + nodeLimits.beatMs);
    // Whoever is reached by an address is so still.
    expect(await first.found()).toEqual(["goes", "stays"]);
    const other = await first.open();
    await other.request("register", peer("stays", { epoch }));
    expect(await first.found()).toEqual(["goes", "stays by relay"]);
    await world.pass(serviceLimits.graceMs + 1_000);
    expect(await first.found()).toEqual(["stays by relay"]);
    expect(first.service.figures()).toMatchObject({ nodes: 2 });
  });

  it("at once, when it says that it goes", async () => {
    const world = await cluster();
    const [first, second] = world.nodes;
    await (await second.open()).request("register", peer("a"));
    await second.service.close();
    await turn();
    expect(await first.found()).toEqual(["a"]);
    await world.pass(serviceLimits.graceMs);
    expect(await first.found()).toEqual([]);
  });

  it("and what a cluster has left behind that was stopped as a whole", async () => {
    const world = await cluster(1);
    await (await world.nodes[0].open()).request("register", peer("a"));
    world.store.cut("n1");
    await world.nodes[0].service.close();
    const next = await world.start(1);
    expect(await next.found()).toEqual(["a by relay"]);
    await world.pass(nodeLimits.goneMs + nodeLimits.beatMs + serviceLimits.graceMs);
    expect(await next.found()).toEqual([]);
  });

  it("leave a node alone that is heard of again in time", async () => {
    const world = await cluster();
    const [first, second] = world.nodes;
    await (await second.open()).request("register", peer("a"));
    world.store.cut("n2");
    await world.pass(nodeLimits.goneMs + nodeLimits.beatMs);
    expect(await first.found()).toEqual(["a"]);
    world.store.mend("n2");
    await world.pass(nodeLimits.beatMs);
    expect(await first.found()).toEqual(["a by relay"]);
    await world.pass(2 * serviceLimits.graceMs);
    expect(await first.found()).toEqual(["a by relay"]);
  });

  it("make a peer register again whose registration was ended while its node was cut off", async () => {
    const world = await cluster();
    const [first, second] = world.nodes;
    const client = await second.open();
    await client.request("register", peer("a"));
    let why = "";
    void client.closed.then(({ message }) => (why = message));
    world.store.cut("n2");
    await world.pass(nodeLimits.goneMs + nodeLimits.beatMs + serviceLimits.graceMs);
    expect(await first.found()).toEqual([]);
    expect(await second.found()).toEqual(["a by relay"]);
    world.store.mend("n2");
    await turn();
    expect(why).toMatch(/its registration was ended by another node/);
  });

  it("end calls to and from a node that goes", async () => {
    const world = await cluster();
    const [first, second] = world.nodes;
    const { calls } = await callable(world, await second.open(), "a");
    const call = await callPeer(
      { clock: world.clock, connect: first.connect, connectMs: 3_000 },
      { ...at, pipeline: "Hearing", peer: "a", signal },
    );
    const answered = call.offer("the offer");
    const outcome = expect(answered).rejects.toMatchObject({ code: "peer-lost" });
    for (let count = 0; count < 4; count += 1) await turn();
    world.store.cut("n2");
    await world.pass(nodeLimits.goneMs + nodeLimits.beatMs);
    await outcome;
    expect(first.service.figures().calls).toBe(0);
    // Seen from the other side it is the node of the caller that has gone.
    expect(await calls[0]?.ended).toMatchObject({ code: "peer-lost" });
  });

  it("have no timer left when they are closed", async () => {
    const world = await cluster(3);
    await (await world.nodes[1].open()).request("register", peer("a"));
    await world.nodes[1].service.close();
    await turn();
    for (const { service } of world.nodes) await service.close();
    await turn();
    expect(world.clock.pending).toBe(0);
  });
});

it("what a node cannot read of another it leaves out", () => {
  expect(readNodeMessage('{"kind":"beat","from":"n1"}')).toEqual({ kind: "beat", from: "n1" });
  for (const text of [
    "",
    "{",
    '{"kind":"beat"}',
    '{"kind":"later","from":"n1"}',
    '{"kind":"call","from":"n1","call":0}',
  ])
    expect(readNodeMessage(text)).toBeUndefined();
  fc.assert(fc.property(fc.anything(), (value) => void readNodeMessage(JSON.stringify(value) ?? "")));
});
