import * as library from "node-datachannel";
import { afterEach, describe, expect, it } from "vitest";
import type { Channel, Connection } from "../../../runtime/interface/transport.ts";
import type { WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { ownMachine, recentInterfaces } from "../../../runtime/transports/webrtc/engines/networks.nodejs.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { BadNetwork, type NetworkConditions } from "../../support/bad-network.ts";

const native = () => nodeDatachannelEngine({ library });
/** One that says nothing of its machine, as a peer of somebody else. */
const stranger = (): WebrtcEngine => {
  const { machine: _, ...engine } = weriftEngine();
  return engine;
};
const engines = { werift: weriftEngine, "node-datachannel": native, stranger };
type EngineName = keyof typeof engines;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** A callee, and a caller that may find that they are on one machine; what they send passes a network of these conditions. */
async function meet(from: EngineName, to: EngineName, conditions: NetworkConditions, seemsLocal = true) {
  const network = new BadNetwork(21, conditions, seemsLocal);
  cleanUps.push(() => network.close());
  const [caller, callee] = [engines[from](), engines[to]()];
  const waiting: ((connection: Connection) => void)[] = [];
  const listener = await weriftTransport({ engine: callee, share: false }).listen("webrtc://127.0.0.1:0", (one) =>
    waiting.shift()?.(one),
  );
  cleanUps.push(() => listener.close());
  const transport = weriftTransport({ engine: caller, share: false, signaling: network.around(nodejsSignaling()) });
  const dial = async (): Promise<{ readonly here: Connection; readonly there: Connection }> => {
    const accepted = new Promise<Connection>((resolve) => waiting.push(resolve));
    const here = await transport.dial(`${listener.address}/P`, { signal: new AbortController().signal });
    cleanUps.push(() => here.close());
    return { here, there: await accepted };
  };
  return { network, caller, callee, dial, listener, waiting };
}

/** Sends as many messages of 16 KiB as there are numbers, and resolves when all have come, in their order. */
async function give(from: Channel, to: Channel, count: number): Promise<void> {
  const heard: number[] = [];
  const all = new Promise<void>((resolve) => {
    to.onMessage((message) => {
      heard.push(message[0] ?? -1);
      if (heard.length === count) resolve();
    });
  });
  for (let index = 0; index < count; index += 1) {
    if (!from.writable) await from.ready();
    from.send(new Uint8Array(16 * 1024).fill(index));
  }
  await all;
  expect(heard).toEqual(Array.from({ length: count }, (_, index) => index));
}

/** Bytes both ways over a connection. */
async function talk({ here, there }: { readonly here: Connection; readonly there: Connection }): Promise<void> {
  const [own, other] = [here.channel(1, "data"), there.channel(1, "data")];
  await give(own, other, 40);
  await give(other, own, 40);
}

it("a machine that has turned out to mean nothing is not told for ten minutes", () => {
  let nowMs = 5;
  const machine = ownMachine(recentInterfaces(), 4_096, () => nowMs);
  expect(machine.here()?.packetBytes).toBe(4_096);
  machine.distrust();
  nowMs += 599_999;
  expect(machine.here()).toBeUndefined();
  nowMs += 1;
  expect(machine.here()?.packetBytes).toBe(4_096);
});

describe("peers on one machine", () => {
  it.each<[EngineName, EngineName]>([
    ["node-datachannel", "node-datachannel"],
    ["node-datachannel", "werift"],
    ["werift", "node-datachannel"],
  ])("R4.3 send larger packets than over a network: %s, %s", async (from, to) => {
    const { network, dial } = await meet(from, to, {});
    await talk(await dial());
    expect(network.counts.largestBytes).toBeGreaterThan(3_500);
    // Nothing that node-datachannel could not read is tried more than a few times.
    expect(network.counts.largestBytes).toBeLessThanOrEqual(from === to ? 4_096 : 65_535);
  });

  it.each<[EngineName, EngineName]>([
    ["werift", "stranger"],
    ["stranger", "werift"],
  ])("R4.3 send what an Ethernet takes to who has not said that it is here: %s, %s", async (from, to) => {
    const { network, dial } = await meet(from, to, {});
    await talk(await dial());
    expect(network.counts.largestBytes).toBeGreaterThan(1_280);
    expect(network.counts.largestBytes).toBeLessThanOrEqual(1_500);
  });

  it("R4.3 send small ones where a network is between them", async () => {
    const { network, dial } = await meet("node-datachannel", "node-datachannel", {}, false);
    await talk(await dial());
    expect(network.counts.largestBytes).toBeLessThanOrEqual(1_280);
  });

  it.each<[EngineName, EngineName]>([
    ["node-datachannel", "node-datachannel"],
    ["node-datachannel", "werift"],
    ["werift", "node-datachannel"],
  ])("R4.3 are connected all the same where such packets are lost: %s, %s", async (from, to) => {
    const { network, caller, callee, dial } = await meet(from, to, { mtuBytes: 1_280 });
    const first = await dial();
    await talk(first);
    expect(network.counts.largestBytes).toBeLessThanOrEqual(1_280);
    // Nobody tries again what has turned out to be of no use.
    expect([caller, callee].some((engine) => engine.machine?.here() === undefined)).toBe(true);
    await talk(await dial());
  });

  it("a connection of which that is still to be seen ends with the listener", async () => {
    const { network, dial, listener, waiting } = await meet("node-datachannel", "node-datachannel", {
      mtuBytes: 1_280,
    });
    const lost = network.whenLost(1);
    const dialled = dial().catch((error: unknown) => error);
    await lost;
    await listener.close();
    expect(await dialled).toMatchObject({ code: "peer-unreachable" });
    expect(waiting).toHaveLength(1);
  });

  it("have the same name, of which nothing can be read", () => {
    const [own, other] = [native().machine?.here(), weriftEngine().machine?.here()];
    expect(own?.name).toMatch(/^[\w-]{43}$/);
    expect(own).toEqual({ name: other?.name, packetBytes: 4_096 });
    expect(other).toEqual({ name: own?.name });
    const servers = [{ urls: "turn:turn.example.org", username: "ann", credential: "secret" }];
    expect(weriftEngine({ ice: { servers, transportPolicy: "relay" } }).machine).toBeUndefined();
  });
});
