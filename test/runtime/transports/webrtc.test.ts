import { expect, test } from "vitest";
import { openResources, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { transportConformance } from "../../conformance/transport.ts";

transportConformance({
  name: "webrtc over werift",
  peers: () => ({
    caller: weriftTransport(),
    callee: weriftTransport({ pipelines: () => ["Hearing", "Weather Report"] }),
  }),
  listenUri: "webrtc://127.0.0.1:0",
  nowhere: "webrtc://127.0.0.1:9",
  resources: openResources,
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
