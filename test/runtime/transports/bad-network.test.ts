import * as library from "node-datachannel";
import { afterEach, describe, expect, it } from "vitest";
import type { Channel } from "../../../runtime/interface/transport.ts";
import type { WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import type { NetworkConditions } from "../../support/bad-network.ts";
import { acrossNetwork } from "./across-network.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const across = (seed: number, conditions: NetworkConditions) => acrossNetwork(cleanUps, seed, conditions);

/** Bytes of the largest message of a connection that others may share. */
const largest = 16 * 1024 - 4;

function patterned(size: number, index: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (index * 7 + at) & 255);
}

async function sendAll(channel: Channel, count: number, size: number, from = 0): Promise<void> {
  for (let index = from; index < from + count; index += 1) {
    if (!channel.writable) await channel.ready();
    channel.send(patterned(size, index));
  }
}

/** Resolves when all have come; rejects at the first that is another one, or other than it was sent. */
function allInOrder(channel: Channel, count: number, size: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let index = 0;
    channel.onMessage((message) => {
      if (Buffer.compare(message, patterned(size, index)) !== 0) reject(new Error(`message ${index} is another one`));
      index += 1;
      if (index === count) resolve();
    });
  });
}

describe("a reliable channel over a bad network", () => {
  it.each<[string, NetworkConditions, number]>([
    ["20 ms each way", { delayMs: 20 }, 200],
    ["200 ms each way", { delayMs: 200 }, 60],
    ["2 % loss", { loss: 0.02, delayMs: 5 }, 300],
    ["10 % loss", { loss: 0.1, delayMs: 5 }, 100],
    ["jitter that changes the order", { delayMs: 5, jitterMs: 30 }, 150],
    ["every tenth packet twice", { duplicate: 0.1 }, 300],
  ])("delivers everything in order, both ways: %s", async (_, conditions, count) => {
    const { network, caller, callee } = await across(11, conditions);
    const size = 1_000;
    const [here, there] = [caller.channel(1, "data"), callee.channel(1, "data")];
    const come = Promise.all([allInOrder(there, count, size), allInOrder(here, count, size)]);
    await Promise.all([sendAll(here, count, size), sendAll(there, count, size)]);
    await come;
    expect(network.counts.forwarded).toBeGreaterThan(count);
    if ((conditions.loss ?? 0) > 0) expect(network.counts.lost).toBeGreaterThan(0);
  });

  it.each<[string, NetworkConditions]>([
    ["a changed order", { delayMs: 5, jitterMs: 30 }],
    ["10 % loss", { loss: 0.1, delayMs: 5 }],
    ["every second packet twice", { duplicate: 0.5, jitterMs: 10 }],
  ])("comes about in spite of %s", async (_, conditions) => {
    for (const seed of [1, 2, 3, 4]) {
      const { caller, callee } = await across(seed, conditions);
      await Promise.all([caller.close(), callee.closed]);
    }
  });

  it.each<[string, () => WebrtcEngine]>([
    ["werift", () => weriftEngine()],
    ["node-datachannel", () => nodeDatachannelEngine({ library })],
  ])("comes about whichever packet of the handshake is lost, and %s is called", async (_, engine) => {
    const sides = (["caller", "callee"] as const).flatMap((from) =>
      Array.from({ length: 8 }, (_, number) => ({ from, number })),
    );
    const all = sides.map(async (lose) => {
      const { network, caller, callee } = await acrossNetwork(cleanUps, 1, { lose }, weriftEngine(), engine());
      const [here, there] = [caller.channel(1, "data"), callee.channel(1, "data")];
      const come = Promise.all([allInOrder(there, 3, 100), allInOrder(here, 3, 100)]);
      await Promise.all([sendAll(here, 3, 100), sendAll(there, 3, 100)]);
      await come;
      return network.counts.lost;
    });
    // One that is lost early may make them connect again, with smaller packets.
    for (const lost of await Promise.all(all)) expect(lost).toBeGreaterThan(0);
  });

  it("passes where no packet of more than 1,280 bytes does", async () => {
    const startMs = performance.now();
    const { network, caller, callee } = await across(3, { mtuBytes: 1_280 });
    const [here, there] = [caller.channel(1, "data"), callee.channel(1, "data")];
    const come = allInOrder(there, 40, largest);
    await sendAll(here, 40, largest);
    await come;
    expect(network.counts.largestBytes).toBeLessThanOrEqual(1_280);
    // Probes of the two sides, which look for more; each is waited for a second.
    expect(network.counts.lost).toBeLessThanOrEqual(2 * Math.ceil((performance.now() - startMs) / 1000));
  });

  it("uses packets as large as the path takes", async () => {
    const { network, caller, callee } = await across(3, {});
    const [here, there] = [caller.channel(1, "data"), callee.channel(1, "data")];
    const come = allInOrder(there, 100, largest);
    await sendAll(here, 100, largest);
    await come;
    expect(network.counts.largestBytes).toBeGreaterThan(8 * 1024);
    // 1,500 packets would be needed for this with those that pass everywhere.
    expect(network.counts.forwarded).toBeLessThan(800);
  });

  it.each<[string, NetworkConditions]>([
    ["at once", {}],
    ["with 20 ms each way", { delayMs: 20 }],
    ["with 1 % loss", { delayMs: 2, loss: 0.01 }],
  ])(
    "goes on over a path that comes to take less while bulk data runs, with nothing lost or out of order: %s",
    async (_, conditions) => {
      const { network, caller, callee } = await across(9, conditions);
      const [bulk, bulkThere] = [caller.channel(1, "bulk"), callee.channel(1, "bulk")];
      const [small, smallThere] = [caller.channel(2, "small"), callee.channel(2, "small")];
      const come = Promise.all([
        allInOrder(bulkThere, 120, largest),
        allInOrder(smallThere, 120, 90),
        allInOrder(small, 60, largest),
      ]);
      const sent = Promise.all([
        sendAll(bulk, 120, largest),
        sendAll(small, 120, 90),
        sendAll(smallThere, 60, largest),
      ]);
      while (network.counts.largestBytes < 8 * 1024) await network.whenForwarded(1);
      network.conditions = { ...conditions, mtuBytes: 1_280 };
      await Promise.all([sent, come]);
    },
  );

  it("goes on after an outage, with nothing lost", async () => {
    const { network, caller, callee } = await across(5, { delayMs: 5 });
    const [here, there] = [caller.channel(1, "data"), callee.channel(1, "data")];
    const come = allInOrder(there, 200, 500);
    await sendAll(here, 100, 500);
    network.conditions = { outage: true };
    const sent = sendAll(here, 100, 500, 100);
    // Each is another attempt, after twice the time.
    await network.whenLost(6);
    network.conditions = { delayMs: 5 };
    await Promise.all([sent, come]);
  });
});
