import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { afterEach, describe, expect, it } from "vitest";
import type { MediaTrack } from "../../../runtime/interface/track.ts";
import type { Channel, Connection } from "../../../runtime/interface/transport.ts";
import type { NodeDatachannel } from "../../../runtime/transports/webrtc/engines/node-datachannel-types.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { BadNetwork } from "../../support/bad-network.ts";
import { PageHarness } from "./page-peers.ts";

const library = createRequire(import.meta.url)("node-datachannel") as NodeDatachannel;
const engines = { werift: weriftEngine, "node-datachannel": () => nodeDatachannelEngine({ library }) };

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const missing = existsSync(executablePath) ? undefined : `no Chromium at ${executablePath}; set CHROMIUM to its path`;
if (missing !== undefined) console.warn(`Skipping the tests in a browser: ${missing}.`);

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** Opus packets of a media track (RFC 3550 section 5.1). */
function rtp(seq: number): Uint8Array {
  const packet = new Uint8Array(12 + 80);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, 111);
  view.setUint16(2, seq);
  view.setUint32(4, seq * 960);
  return packet;
}

it("R4.3 sound on a media track does not wait for bulk data on a channel either", async () => {
  const network = new BadNetwork(12, { delayMs: 10, bytesPerSecond: 500_000, mtuBytes: 1_500 });
  cleanUps.push(() => network.close());
  let other!: Connection;
  const listener = await weriftTransport().listen("webrtc://127.0.0.1:0", (connection) => {
    other = connection;
    connection.channel(1, "flood").onMessage(() => undefined);
  });
  cleanUps.push(() => listener.close());
  const transport = weriftTransport({ signaling: network.around(nodejsSignaling()) });
  const connection = await transport.dial(`${listener.address}/P`, { signal: new AbortController().signal });
  cleanUps.push(() => connection.close());
  const track = (await connection.tracks?.add({ direction: "sendonly", codec: "opus" })) as MediaTrack;
  let heard: () => void = () => undefined;
  other.tracks?.take(track.mid)?.onRtp(() => heard());

  const flood = connection.channel(1, "flood");
  const writing = new AbortController();
  const flooding = (async (): Promise<void> => {
    for (;;) {
      await flood.ready(writing.signal);
      flood.send(new Uint8Array(16_000));
    }
  })();
  for (let seq = 0; seq < 60; seq += 1) {
    // By then it is known what the path holds.
    if (seq === 30) network.counts.queueMs = 0;
    const came = new Promise<void>((resolve) => (heard = resolve));
    track.sendRtp(rtp(seq));
    await came;
  }
  writing.abort();
  await expect(flooding).rejects.toThrow();
  // 128 KiB that the reader lets be under way would wait a quarter of a second.
  expect(network.counts.queueMs).toBeLessThan(150);
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

describe.skipIf(missing !== undefined)(
  "R4.3 from a page in Chromium over a path that is slower than its sender",
  () => {
    it.each(["werift", "node-datachannel"] as const)("a voice does not wait for a flood: %s", async (far) => {
      const harness = await PageHarness.start(executablePath, "narrow-page.ts");
      cleanUps.push(() => harness.close());
      const { page } = await harness.open();
      const network = new BadNetwork(13, { delayMs: 10, bytesPerSecond: 2_000_000, mtuBytes: 1_500 });
      cleanUps.push(() => network.close());
      const signaling = network.before(nodejsSignaling());
      let flooded = 0;
      const listener = await weriftTransport({ engine: engines[far](), signaling }).listen(
        "webrtc://127.0.0.1:0",
        (connection) => {
          connection.channel(1, "flood").onMessage(() => (flooded += 1));
          const voice = connection.channel(2, "voice");
          voice.onMessage((message) => voice.send(message));
        },
      );
      cleanUps.push(() => listener.close());
      await page.evaluate(`beside(${JSON.stringify(`${listener.address}/P`)}, 60)`);
      expect(flooded).toBeGreaterThan(20);
      // What a browser has on its way by itself fills the queue of the path, up to half a second of it.
      expect(network.counts.queueMs).toBeLessThan(250);
    });
  },
);
