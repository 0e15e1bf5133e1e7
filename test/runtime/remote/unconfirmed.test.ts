import { describe, expect, it } from "vitest";
import type { Frame } from "../../../runtime/interface/frame.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { KeptBatches } from "../../../runtime/remote/kept-batches.ts";
import { Packer } from "../../../runtime/remote/packer.ts";
import { Encoding } from "../../../runtime/remote/payload-codec.ts";
import { peerTarget, remoteOf } from "./support/remote.ts";
import { frameOf, scene } from "./support/scene.ts";
import { servePeer } from "./support/remote.ts";

describe("what a peer had not confirmed when it was lost", () => {
  it("R8.3 goes to the next target before all that follows, with nothing left out", async () => {
    const stage = scene();
    const { clock, network } = stage;
    await servePeer(stage, "one");
    await servePeer(stage, "two");
    const targets = { one: peerTarget(stage, "one"), two: peerTarget(stage, "two") };
    const { node, b } = remoteOf(stage, targets, { policy: { retryTimes: 0 } });
    await clock.until(node.open());
    const input = node.inputs["a"] as Link;
    for (let seq = 0; seq < 5; seq += 1) input.send(frameOf(`${seq}`, 7 + seq));
    await clock.run(100);
    network.kill("one");
    // The way is still believed to be there.
    for (let seq = 5; seq < 30; seq += 1) input.send(frameOf(`${seq}`, 7 + seq));
    await clock.run(3_000);
    if (!input.writable) await clock.until(input.ready());
    input.send(frameOf("30", 37));
    input.end();
    await clock.run(1_000);
    expect(b.payloads).toEqual(Array.from({ length: 31 }, (_, seq) => `${seq}-${seq < 5 ? "one" : "two"}`));
    await clock.until(node.close());
  });

  it("R8.3 is left out where the stream is live: it is late by now", async () => {
    const stage = scene();
    const { clock, network } = stage;
    await servePeer(stage, "one");
    await servePeer(stage, "two");
    const targets = { one: peerTarget(stage, "one"), two: peerTarget(stage, "two") };
    const live = { inputs: ["a"], outputs: [] };
    const { node, b } = remoteOf(stage, targets, { policy: { retryTimes: 0 }, live });
    await clock.until(node.open());
    const input = node.inputs["a"] as Link;
    input.send(frameOf("0", 0));
    await clock.run(100);
    network.kill("one");
    input.send(frameOf("1", 1));
    await clock.run(3_000);
    if (!input.writable) await clock.until(input.ready());
    input.send(frameOf("2", 2));
    input.end();
    await clock.run(1_000);
    expect(b.payloads).toEqual(["0-one", "2-two"]);
    await clock.until(node.close());
  });

  it("is told with the numbers of its writer, also of one who has begun anew", () => {
    const packer = new Packer(1_200, 16);
    const kept = new KeptBatches(0);
    // As the writer counts them, and as they are on the wire.
    const numbers = [40, 41, 43, 0, 1, 2].map((written, index) => ({ written, wire: index < 2 ? index : index + 1 }));
    for (const { written, wire } of numbers) {
      const body = Uint8Array.of(written);
      const gap = wire === 3 && written === 43 ? 1 : 0;
      const frame = { flags: 1, epoch: 2, seq: wire, timestampUs: wire, encoding: Encoding.bytes, body, gap };
      kept.keep(packer.add(frame), written - wire);
    }
    kept.confirm(2);
    const told = kept.frames().map(({ seq, payload, epoch, flags }) => ({ seq, payload, epoch, flags }));
    expect(told).toEqual([43, 0, 1, 2].map((seq) => ({ seq, payload: Uint8Array.of(seq), epoch: 2, flags: 1 })));
    kept.confirm(6);
    expect(kept.frames()).toEqual([]);
  });

  it("R8.3 is kept over a new connection also where the reader has had it: it may die before it has confirmed it", () => {
    const packer = new Packer(1_200, 16);
    const kept = new KeptBatches(0);
    const bodyOf = ({ payload }: Frame): number => (payload as Uint8Array)[0] ?? -1;
    for (let seq = 0; seq < 6; seq += 1) {
      const frame = {
        flags: 0,
        epoch: 0,
        seq,
        timestampUs: seq,
        encoding: Encoding.bytes,
        body: Uint8Array.of(seq),
        gap: 0,
      };
      kept.keep(packer.add(frame), 10);
    }
    kept.confirm(1);
    const next = new Packer(1_200, 16);
    let sent = 0;
    kept.again(4, (record) => {
      sent += 1;
      return next.addAgain(record);
    });
    expect(sent).toBe(2);
    expect(kept.frames().map(bodyOf)).toEqual([1, 2, 3, 4, 5]);
    expect(kept.frames().map(({ seq }) => seq)).toEqual([11, 12, 13, 14, 15]);
    kept.confirm(3);
    expect(kept.frames().map(bodyOf)).toEqual([3, 4, 5]);
    // And over a third one.
    const last = new Packer(1_200, 16);
    kept.again(5, (record) => last.addAgain(record));
    expect(kept.frames().map(bodyOf)).toEqual([3, 4, 5]);
    kept.confirm(5);
    expect(kept.frames().map(bodyOf)).toEqual([5]);
    kept.confirm(6);
    expect(kept.frames()).toEqual([]);
  });
});
