import * as library from "node-datachannel";
import { expect, test } from "vitest";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { openResources, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { conformancePipelines } from "../../conformance/pipelines.ts";
import { localPeers, transportConformance } from "../../conformance/transport.ts";

// Each engine with itself, and each with the other in both roles.
const engines = { werift: weriftEngine(), "node-datachannel": nodeDatachannelEngine({ library }) };
for (const caller of Object.values(engines)) {
  for (const callee of Object.values(engines)) {
    transportConformance({
      name: `WebRTC from ${caller.name} to ${callee.name}`,
      peers: () =>
        localPeers(
          weriftTransport({ engine: caller }),
          weriftTransport({ engine: callee, pipelines: () => conformancePipelines }),
        ),
      scheme: "webrtc",
      listenUri: "webrtc://127.0.0.1:0",
      nowhere: "webrtc://127.0.0.1:9",
      resources: openResources,
    });
  }
}

// A peer that knows nothing of shared connections, called by one that does.
transportConformance({
  name: "WebRTC where only the caller would share a connection",
  peers: () =>
    localPeers(
      weriftTransport({ engine: engines["node-datachannel"] }),
      weriftTransport({ engine: engines.werift, share: false, pipelines: () => conformancePipelines }),
    ),
  scheme: "webrtc",
  listenUri: "webrtc://127.0.0.1:0",
  nowhere: "webrtc://127.0.0.1:9",
  resources: openResources,
});

test.for(Object.values(engines))("R4.3 connections to several pipelines go over one: $name", async (engine) => {
  const [caller, callee] = [weriftTransport({ engine }), weriftTransport({ engine })];
  const names: string[] = [];
  const listener = await callee.listen("webrtc://127.0.0.1:0", (_, pipeline) => names.push(pipeline));
  const before = openResources().length;
  const sockets = (): number => openResources().filter((name) => /udp/i.test(name)).length;
  const { signal } = new AbortController();
  const first = await caller.dial(`${listener.address}/First`, { signal });
  const alone = sockets();
  const start = performance.now();
  const others = await Promise.all(
    Array.from({ length: 9 }, (_, index) => caller.dial(`${listener.address}/More${index}`, { signal })),
  );
  console.info(`${engine.name}: 9 more connections in ${Math.round(performance.now() - start)} ms`);
  expect(names).toHaveLength(10);
  expect(first.describe()).toMatchObject({ sharedBy: 10, address: `${listener.address}/First` });
  expect(sockets()).toBe(alone);
  await Promise.all([first, ...others].map((connection) => connection.close()));
  await listener.close();
  await expect.poll(() => openResources().length).toBeLessThanOrEqual(before);
});

test("R5.2 keeps both descriptions and the candidates of both sides in the state of the connection", async () => {
  const [caller, callee] = [weriftTransport(), weriftTransport()];
  const listener = await callee.listen("webrtc://127.0.0.1:0", () => undefined);
  const { signal } = new AbortController();
  const connection = await caller.dial(`${listener.address}/Any`, { signal });
  const state = connection.describe();
  expect(state.localDescription).toMatch(/^v=0[^]*\nm=application /);
  expect(state.remoteDescription).toMatch(/^v=0[^]*\na=fingerprint:sha-256 /);
  expect(state.localCandidates).not.toEqual([]);
  for (const candidate of [...(state.localCandidates ?? []), ...(state.remoteCandidates ?? [])]) {
    expect(candidate).toMatch(/^candidate:\S+ 1 udp \d+ \S+ \d+ typ host/);
  }
  await connection.close();
  await listener.close();
});
