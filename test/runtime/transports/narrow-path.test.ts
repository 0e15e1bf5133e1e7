import { createRequire } from "node:module";
import { afterEach, describe, expect, it } from "vitest";
import type { Channel } from "../../../runtime/interface/transport.ts";
import type { NodeDatachannel } from "../../../runtime/transports/webrtc/engines/node-datachannel-types.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { BadNetwork } from "../../support/bad-network.ts";

const library = createRequire(import.meta.url)("node-datachannel") as NodeDatachannel;
const engines = { werift: weriftEngine, "node-datachannel": () => nodeDatachannelEngine({ library }) };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

describe.each([
  ["werift", "werift"],
  ["werift", "node-datachannel"],
  ["node-datachannel", "werift"],
  ["node-datachannel", "node-datachannel"],
] as const)("R4.3 from %s to %s over a path that is slower than its sender", (near, far) => {
  it.each([0, 10])(
    "a voice comes through beside a flood, which comes through as well (%i ms each way)",
    async (delayMs) => {
      const network = new BadNetwork(11);
      cleanUps.push(() => network.close());
      const listener = await weriftTransport({ engine: engines[far]() }).listen(
        "webrtc://127.0.0.1:0",
        (connection) => {
          connection.channel(1, "flood").onMessage(() => (flooded += 1));
          const voice = connection.channel(2, "voice");
          voice.onMessage((message) => voice.send(message));
        },
      );
      cleanUps.push(() => listener.close());
      const transport = weriftTransport({ engine: engines[near](), signaling: network.around(nodejsSignaling()) });
      const connection = await transport.dial(`${listener.address}/P`, { signal: new AbortController().signal });
      cleanUps.push(() => connection.close());
      let flooded = 0;
      let heard: () => void = () => undefined;
      const [flood, voice] = [connection.channel(1, "flood"), connection.channel(2, "voice")];
      network.conditions = { delayMs, bytesPerSecond: 2_000_000 };

      let isOver = false;
      const flooding = (async (channel: Channel): Promise<void> => {
        while (!isOver) {
          await channel.ready();
          channel.send(new Uint8Array(16_000));
        }
      })(flood);
      voice.onMessage(() => heard());
      // One at a time: each answer took its way through the flood.
      for (let count = 0; count < 30; count += 1) {
        const back = new Promise<void>((resolve) => (heard = resolve));
        await voice.ready();
        voice.send(new Uint8Array(200));
        await back;
      }
      isOver = true;
      await flooding;
      expect(flooded).toBeGreaterThan(5);
    },
  );
});
