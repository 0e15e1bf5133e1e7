import * as library from "node-datachannel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium } from "../../e2e/support/chromium.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { LocalPeer } from "../../conformance/peer.ts";
import { conformancePipelines } from "../../conformance/pipelines.ts";
import { transportConformance } from "../../conformance/transport.ts";
import { PageHarness, type PagePeers } from "./page-peers.ts";

describe.skipIf(noChromium !== undefined)("with a page in Chromium", () => {
  let harness: PageHarness;
  let peers: PagePeers;

  beforeAll(async () => {
    harness = await PageHarness.start();
    peers = await harness.open();
  });

  afterAll(() => harness?.close());

  const common = { scheme: "webrtc", listenUri: "webrtc://127.0.0.1:0", nowhere: "webrtc://127.0.0.1:9" };

  const callees = [weriftEngine(), nodeDatachannelEngine({ library })].map((engine) => ({
    engine: engine.name,
    callee: new LocalPeer(weriftTransport({ engine, pipelines: () => conformancePipelines })),
  }));

  for (const { engine, callee } of callees) {
    transportConformance({
      ...common,
      name: `WebRTC from Chromium to ${engine} (R3)`,
      peers: () => ({ caller: peers.outwards, callee }),
    });
  }

  transportConformance({
    ...common,
    name: "WebRTC from Chromium to Chromium",
    peers: () => ({ caller: peers.caller, callee: peers.callee }),
  });

  test.for(callees)(
    "R3.1 a page that hides its addresses behind names of mDNS is reached: $engine",
    async ({ callee }) => {
      const accepting = await callee.listen(common.listenUri);
      for (let count = 0; count < 3; count += 1) {
        const end = await peers.outwards.dial(`${await accepting.address()}/Hearing`);
        const told = (await (await accepting.accepted(count)).describe()).remoteCandidates ?? [];
        // A page without leave to use a microphone tells no address; the path is found by what it sends.
        expect(told.length).toBeGreaterThan(0);
        for (const candidate of told)
          expect(candidate).toMatch(/^candidate:\S+ 1 (?:udp|tcp) \d+ [0-9a-f-]+\.local \d+ typ host/);
        await end.close();
      }
      await accepting.close();
    },
  );

  // The time is that of a machine that has some to spare; a busy one gets another try.
  test("the peers notice at once that the page is left", { retry: 2 }, async () => {
    const leaving = await harness.open();
    const lefts = await Promise.all(
      callees.map(async ({ callee }) => {
        const accepting = await callee.listen(common.listenUri);
        await leaving.outwards.dial(`${await accepting.address()}/Hearing`);
        return { accepting, left: await accepting.accepted(0) };
      }),
    );
    const start = performance.now();
    await leaving.page.goto("about:blank");
    for (const { accepting, left } of lefts) {
      expect((await left.closed()).code).toBe("peer-lost");
      await accepting.close();
    }
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
