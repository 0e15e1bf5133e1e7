import { expect, it } from "vitest";
import type { Link } from "../../../runtime/interface/link.ts";
import type { PipelineEndpoint } from "../../../runtime/interface/session.ts";
import { peerTarget, remoteOf, servePeer } from "./support/remote.ts";
import { frameOf, scene } from "./support/scene.ts";

it("R8.3 R12.1 a target that may be had in several places goes on in the next one within a second, and loses nothing", async () => {
  const stage = scene();
  const { clock, network } = stage;
  const places: PipelineEndpoint[] = [];
  for (const name of ["one", "two"]) {
    await servePeer(stage, name);
    places.push(peerTarget(stage, name));
  }
  let opened = 0;
  const any: PipelineEndpoint = {
    others: true,
    open: (request) => (places[opened++ % places.length] as PipelineEndpoint).open(request),
  };
  const { node, b } = remoteOf(stage, { any });
  await clock.until(node.open());
  const input = node.inputs["a"] as Link;
  input.send(frameOf("0", 0));
  await clock.run(1_000);
  network.kill("one");
  const lostMs = clock.nowMs;
  for (let seq = 1; b.payloads.length < 2 && seq < 200; seq += 1) {
    if (input.writable) input.send(frameOf(`${seq}`, seq));
    await clock.run(10);
  }
  expect(clock.nowMs - lostMs).toBeLessThan(1_000);
  expect(b.payloads.slice(0, 2)).toEqual(["0-one", "1-two"]);
  expect(opened).toBe(2);
  await clock.until(node.close());
});
