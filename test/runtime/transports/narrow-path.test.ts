import { createRequire } from "node:module";
import { afterEach, describe, expect, it } from "vitest";
import { noChromium } from "../../e2e/support/chromium.ts";
import type { MediaTrack } from "../../../runtime/interface/track.ts";
import type { Connection } from "../../../runtime/interface/transport.ts";
import type { Signaling } from "../../../runtime/interface/signaling.ts";
import type { WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import type { NodeDatachannel } from "../../../runtime/transports/webrtc/engines/node-datachannel-types.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { BadNetwork } from "../../support/bad-network.ts";
import { besideFlood } from "./fixtures/beside-flood.ts";
import { PageHarness } from "./page-peers.ts";

const library = createRequire(import.meta.url)("node-datachannel") as NodeDatachannel;
const engines = { werift: weriftEngine, "node-datachannel": () => nodeDatachannelEngine({ library }) };

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
    track.sendRtp(rtp(seq), Date.UTC(2026, 0, 1) * 1_000);
    await came;
  }
  writing.abort();
  await expect(flooding).rejects.toThrow();
  // 128 KiB that the reader lets be under way would wait a quarter of a second.
  expect(network.counts.queueMs).toBeLessThan(100);
});

/** One who takes the flood, and sends voices back. @returns where it is, and how much of the flood has come */
async function listening(
  engine: WebrtcEngine,
  signaling: Signaling = nodejsSignaling(),
): Promise<{ readonly uri: string; readonly flooded: () => number }> {
  let flooded = 0;
  const transport = weriftTransport({ engine, signaling });
  const listener = await transport.listen("webrtc://127.0.0.1:0", (connection) => {
    connection.channel(1, "flood").onMessage(() => (flooded += 1));
    const voice = connection.channel(2, "voice");
    voice.onMessage((message) => voice.send(message));
  });
  cleanUps.push(() => listener.close());
  return { uri: `${listener.address}/P`, flooded: () => flooded };
}

describe.each([
  ["werift", "werift"],
  ["werift", "node-datachannel"],
  ["node-datachannel", "werift"],
  ["node-datachannel", "node-datachannel"],
] as const)("R4.3 from %s to %s over a path that is slower than its sender", (near, far) => {
  it.each([0, 10])("a voice comes through beside a flood, which does so too (%i ms each way)", async (delayMs) => {
    const network = new BadNetwork(11);
    cleanUps.push(() => network.close());
    const { uri, flooded } = await listening(engines[far]());
    const transport = weriftTransport({ engine: engines[near](), signaling: network.around(nodejsSignaling()) });
    await besideFlood(transport, uri, 30, () => {
      network.conditions = { delayMs, bytesPerSecond: 2_000_000 };
    });
    expect(flooded()).toBeGreaterThan(5);
  });
});

it.each(["werift", "node-datachannel"] as const)(
  "R4.3 a flood that has a path for itself leaves a short queue for the first word: %s",
  // A queue by the clock of this machine: where others use it too, packets come together.
  { retry: 2 },
  async (name) => {
    const network = new BadNetwork(14, { delayMs: 10, bytesPerSecond: 2_000_000, mtuBytes: 1_500 });
    cleanUps.push(() => network.close());
    const { uri } = await listening(engines[name]());
    const transport = weriftTransport({ engine: engines[name](), signaling: network.around(nodejsSignaling()) });
    const known = async (): Promise<void> => {
      // A second of it, in which the path becomes known, and another.
      await network.whenForwarded(3_000);
      network.counts.queueMs = 0;
      await network.whenForwarded(3_000);
    };
    await besideFlood(transport, uri, 30, undefined, known);
    // Half a second of it fits the network.
    expect(network.counts.queueMs).toBeLessThan(80);
  },
);

const inPages = "R4.3 from a page in Chromium over a path that is slower than its sender";
describe.skipIf(noChromium !== undefined)(inPages, () => {
  it.each(["werift", "node-datachannel"] as const)("a voice does not wait for a flood: %s", async (far) => {
    const harness = await PageHarness.start("narrow-page.ts");
    cleanUps.push(() => harness.close());
    const { page } = await harness.open();
    const network = new BadNetwork(13, { delayMs: 10, bytesPerSecond: 2_000_000, mtuBytes: 1_500 });
    cleanUps.push(() => network.close());
    const { uri, flooded } = await listening(engines[far](), network.before(nodejsSignaling()));
    await page.evaluate(`beside(${JSON.stringify(uri)}, 60)`);
    expect(flooded()).toBeGreaterThan(20);
    // What a browser has on its way by itself fills the queue of the path, up to half a second of it.
    expect(network.counts.queueMs).toBeLessThan(250);
  });
});
