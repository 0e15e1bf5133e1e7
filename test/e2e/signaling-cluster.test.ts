import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { callPeer } from "../../runtime/signaling/client.ts";
import type { FoundPipeline } from "../../runtime/signaling/methods.ts";
import { Refusals } from "../../runtime/signaling/refusals.ts";
import { Registrar } from "../../runtime/signaling/registrar.ts";
import { serveSockets } from "../../runtime/signaling/server.ts";
import { serviceAddresses } from "../../runtime/signaling/service-addresses.ts";
import { ServiceClient } from "../../runtime/signaling/service-client.ts";
import { connectNodejs } from "../../runtime/signaling/sockets.nodejs.ts";
import { peer } from "../runtime/signaling/registry/support.ts";
import { realClock, seededRandom } from "../support/real-clock.ts";
import { RunningMeshc } from "./support/meshc.ts";
import { hasNats, NatsCluster } from "./support/nats.ts";

if (!hasNats) console.info("left out: nats-server is not installed (`npm test` installs it where it may)");

const clock = realClock;
const init = { clock, connect: connectNodejs };
const { signal } = new AbortController();
const peersAtFirst = 30;

interface Node {
  readonly process: RunningMeshc;
  readonly uri: string;
}

describe.skipIf(!hasNats)("three signaling nodes on three NATS servers, of which any is killed", () => {
  let nats: NatsCluster;
  const nodes: Node[] = [];
  const registrars: Registrar[] = [];
  /** How often each peer was registered. */
  const registered = new Map<string, number>();

  async function startNode(): Promise<Node> {
    const store = `nats://${nats.hosts.join(",")}`;
    const args = ["signal", "--listen", "ws://127.0.0.1:0", "--store", store, "--format", "json"];
    const process = new RunningMeshc(args, {});
    const node = { process, uri: "" };
    nodes.push(node);
    const { address } = JSON.parse(await process.line((line) => line.includes('"listening"'))) as { address: string };
    const kept = JSON.parse(await process.line((line) => line.includes('"store"'))) as { replicas: number };
    expect(kept.replicas).toBe(3);
    return Object.assign(node, { uri: address });
  }

  function start(id: string, uris: readonly string[]): Registrar {
    const [at, ...others] = serviceAddresses(uris.join(","));
    const registrar = new Registrar({
      ...init,
      random: seededRandom(registrars.length + 1),
      ...{ at, others, id },
      registration: () => peer(id, { addresses: [] }),
      onRegistered: () => void registered.set(id, (registered.get(id) ?? 0) + 1),
      onLost: () => undefined,
    });
    registrars.push(registrar);
    return registrar;
  }

  async function foundAt({ uri }: Node): Promise<FoundPipeline[]> {
    const client = await ServiceClient.open(init, serviceAddresses(uri)[0], signal);
    try {
      const found: FoundPipeline[] = [];
      for await (const one of client.discover({})) found.push(one);
      return found;
    } finally {
      client.close();
    }
  }

  /** Asks the other nodes all the time while something happens. @returns how long the longest answer took, in milliseconds */
  async function asking(among: readonly Node[], work: () => Promise<void>): Promise<number> {
    let over = false;
    let longestMs = 0;
    let answers = 0;
    const asked = among.map(async (node) => {
      while (!over) {
        const beganMs = performance.now();
        expect((await foundAt(node)).length).toBeGreaterThanOrEqual(peersAtFirst);
        longestMs = Math.max(longestMs, performance.now() - beganMs);
        answers += 1;
        await new Promise((resolve) => clock.schedule(50, () => resolve(undefined)));
      }
    });
    await work().finally(() => (over = true));
    await Promise.all(asked);
    expect(answers).toBeGreaterThan(among.length);
    return longestMs;
  }

  beforeAll(async () => {
    nats = await NatsCluster.start();
    await Promise.all([startNode(), startNode(), startNode()]);
    const uris = nodes.map(({ uri }) => uri);
    const ids = Array.from({ length: peersAtFirst }, (_, index) => `peer-${index}`);
    await Promise.all(
      ids.map((id, index) => start(id, [...uris.slice(index % 3), ...uris.slice(0, index % 3)]).started()),
    );
    expect(registered.size).toBe(peersAtFirst);
  });

  afterAll(async () => {
    await Promise.all(registrars.map((registrar) => registrar.close()));
    for (const { process } of nodes) process.end();
    await nats?.end();
  });

  it("R7.1 R10.2 a node: its peers are registered with the others within 3 s, and nobody is missed meanwhile", async () => {
    const [first, ...others] = nodes as [Node, Node, Node];
    const at = (found: readonly FoundPipeline[]) => found.map(({ peer: id }) => id).toSorted();
    const all = at(await foundAt(first));
    expect(all.length).toBe(peersAtFirst);
    const conversations = async ({ uri }: Node): Promise<number> => {
      const health = await fetch(`${uri.replace("ws://", "http://")}/healthz`);
      return ((await health.json()) as { readonly conversations: number }).conversations;
    };
    // A conversation for each peer, once those of who has asked are over.
    let counts: readonly number[] = [];
    const inAll = async (): Promise<number> => {
      counts = await Promise.all(nodes.map(conversations));
      return counts.reduce((sum, count) => sum + count);
    };
    await expect.poll(inAll).toBe(peersAtFirst);
    const [expected = 0] = counts;
    expect(expected).toBeGreaterThan(0);
    const before = new Map(registered);
    const came = (): number => [...registered].filter(([id, count]) => count > (before.get(id) ?? 0)).length;
    let tookMs = 0;
    const longestMs = await asking(others, async () => {
      const beganMs = performance.now();
      first.process.process.kill("SIGKILL");
      await first.process.ended();
      await expect.poll(came, { interval: 10 }).toBe(expected);
      tookMs = performance.now() - beganMs;
    });
    console.info(
      `a node of three was killed: ${expected} peers registered with another, the last after ${Math.round(tookMs)} ms; the longest answer to "discover" took ${Math.round(longestMs)} ms`,
    );
    expect(tookMs).toBeLessThan(3_000);
    for (const node of others) {
      const found = await foundAt(node);
      expect(at(found)).toEqual(all);
      // Each can be called again through any of the two that are left.
      expect(found.every(({ relay }) => relay)).toBe(true);
    }
  });

  it("R7.3 a server of NATS, the one that leads: nothing that was acknowledged is lost, and calls go through", async () => {
    const [, second, third] = nodes as [Node, Node, Node];
    const callee = start("callee", [third.uri]);
    await serveSockets(
      { clock, listen: callee.calls.listen },
      {
        ...{ host: "relay", port: 0 },
        ...{ http: undefined, reception: undefined, halfOpen: 64, halfOpenPerAddress: 64, refusals: new Refusals() },
        pipelines: () => ["Hearing"],
        onCall: (call) => call.answer("the answer"),
      },
    );
    await callee.started();
    const leader = await nats.leaderOf("signaling");
    const acknowledged: string[] = [];
    let waitedMs = 0;
    let calledMs = 0;
    const longestMs = await asking([second, third], async () => {
      await nats.kill(leader);
      const killedMs = performance.now();
      // What was on its way through the server that has gone is lost, so that the first call may have to be made again.
      const call = async (attempts: number): Promise<string> => {
        try {
          const outgoing = await callPeer(
            { clock, connect: connectNodejs, connectMs: 1_000 },
            { ...serviceAddresses(second.uri)[0], pipeline: "Hearing", peer: "callee", signal },
          );
          return await outgoing.offer("the offer").finally(() => outgoing.bye());
        } catch (error) {
          if (attempts === 1) throw error;
          return call(attempts - 1);
        }
      };
      expect(await call(3)).toBe("the answer");
      calledMs = performance.now() - killedMs;
      // Refused at first, and tried again until the servers that are left have agreed on a leader.
      for (let index = 0; index < 3; index += 1) {
        const registrar = start(`late-${index}`, [second.uri, third.uri]);
        await expect.poll(() => registered.has(`late-${index}`), { interval: 20 }).toBe(true);
        acknowledged.push(registrar.id ?? "");
        if (index === 0) waitedMs = performance.now() - killedMs;
      }
    });
    console.info(
      `the leading NATS server of three was killed: a call from one node to a peer of another after ${Math.round(calledMs)} ms, the first new registration after ${Math.round(waitedMs)} ms; the longest answer to "discover" took ${Math.round(longestMs)} ms`,
    );
    // One that knows nothing but what is stored.
    const fresh = await startNode();
    onTestFinished(() => fresh.process.end());
    const expected = [...registered.keys()].toSorted();
    expect(acknowledged.length).toBe(3);
    for (const node of [second, third, fresh]) {
      await expect.poll(async () => (await foundAt(node)).map((one) => one.peer)).toEqual(expected);
    }
  });
});
