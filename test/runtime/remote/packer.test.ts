import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameDecoder, type EncodableFrame } from "../../../runtime/remote/frame-codec.ts";
import { KeptBatches } from "../../../runtime/remote/kept-batches.ts";
import { Packer, roomBytes } from "../../../runtime/remote/packer.ts";
import { Encoding } from "../../../runtime/remote/payload-codec.ts";
import { call, frameOf, rawHost, scene, text } from "./support/scene.ts";

const maxBytes = 16_384;

const frame = (seq: number, bytes: number): EncodableFrame => ({
  flags: 0,
  epoch: 0,
  seq,
  timestampUs: seq,
  encoding: Encoding.bytes,
  body: new Uint8Array(bytes).fill(seq),
  gap: 0,
});

function read(messages: readonly Uint8Array[]) {
  const frames: { seq: number; bytes: number; whole: boolean }[] = [];
  const ends: number[] = [];
  const decoder = new FrameDecoder({
    admit: () => undefined,
    frame: ({ seq, body }) =>
      frames.push({ seq, bytes: body.length, whole: Buffer.from(body).equals(Buffer.alloc(body.length, seq)) }),
    end: (position) => ends.push(position),
  });
  for (const message of messages) decoder.push(message);
  return { frames, ends };
}

function drain(packer: Packer): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let next = packer.take(); next !== undefined; next = packer.take()) messages.push(next);
  return messages;
}

describe("what a stream has to say while its channel has no room", () => {
  it("goes in as few messages as it fits into, in order, whatever the sizes", () => {
    const sizes = fc.array(fc.oneof(fc.nat(300), fc.nat(40_000)), { minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(sizes, (bytes) => {
        const packer = new Packer(maxBytes, 16);
        for (const [seq, size] of bytes.entries()) packer.add(frame(seq, size));
        packer.end(bytes.length);
        const messages = drain(packer);
        for (const [at, { length, buffer, byteOffset }] of messages.entries()) {
          expect(length).toBeLessThanOrEqual(maxBytes);
          const [kind, before] = [messages[at]?.[1], messages[at - 1]];
          // Whole frames and ends that follow each other stand together as long as they fit.
          if (before?.[1] === 1 && (kind === 1 || kind === 4)) {
            const first = kind === 4 ? 16 : 32 + new DataView(buffer, byteOffset).getUint32(20, true);
            expect(before.length + first).toBeGreaterThan(maxBytes);
          }
        }
        const { frames, ends } = read(messages);
        expect(frames).toEqual(bytes.map((size, seq) => ({ seq, bytes: size, whole: true })));
        expect(ends).toEqual([bytes.length]);
      }),
      { numRuns: 200 },
    );
  });

  it("goes in smaller messages from when they have to be smaller, and in larger ones from when they may be larger", () => {
    const sizes = fc.array(fc.oneof(fc.nat(300), fc.nat(40_000)), { minLength: 1, maxLength: 16 });
    const limits = fc.array(fc.integer({ min: 64, max: 65_536 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sizes, limits, (bytes, most) => {
        const packer = new Packer(maxBytes, 16);
        const messages: Uint8Array[] = [];
        let turn = 0;
        const take = (): boolean => {
          packer.messageBytes = most[turn++ % most.length] as number;
          const message = packer.take();
          if (message === undefined) return false;
          expect(message.length).toBeLessThanOrEqual(packer.messageBytes);
          // The channel may write there without harm to what is sent again.
          new Uint8Array(message.buffer, message.byteOffset - roomBytes, roomBytes).fill(255);
          messages.push(message.slice());
          return true;
        };
        const kept = new KeptBatches(0);
        for (const [seq, size] of bytes.entries()) {
          kept.keep(packer.add(frame(seq, size)), 0);
          if (seq % 3 === 2) take();
        }
        packer.end(bytes.length);
        while (take());
        const all = bytes.map((size, seq) => ({ seq, bytes: size, whole: true }));
        expect(read(messages)).toEqual({ frames: all, ends: [bytes.length] });
        // And again, what was not confirmed.
        const confirmed = bytes.length >> 1;
        kept.confirm(confirmed);
        const another = new Packer(1_200, 16);
        for (const _ of [1, 2]) {
          another.clear();
          kept.again(kept.confirmed, (record) => another.addAgain(record));
          expect(read(drain(another)).frames).toEqual(all.slice(confirmed));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("is written where frames stood that have been read, and never where some wait", () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 3_000, max: 9_000 }), fc.nat(60_000)), {
      minLength: 1,
      maxLength: 40,
    });
    const lags = fc.array(fc.nat(4), { minLength: 1, maxLength: 10 });
    const memories = new Set<ArrayBufferLike>();
    let batches = 0;
    fc.assert(
      fc.property(sizes, lags, (bytes, lag) => {
        const packer = new Packer(maxBytes, 16);
        const kept = new KeptBatches(0);
        const messages: Uint8Array[] = [];
        let confirmed = 0;
        for (const [seq, size] of bytes.entries()) {
          const batch = packer.add(frame(seq, size));
          kept.keep(batch, 0);
          memories.add(batch.bytes.buffer);
          batches += 1;
          // What goes over the wire is a copy.
          for (let next = packer.take(); next !== undefined; next = packer.take()) messages.push(next.slice());
          const to = seq + 1 - (lag[seq % lag.length] as number);
          if (to > confirmed) for (const one of kept.confirm((confirmed = to))) packer.reuse(one, 1024 * 1024);
        }
        const all = bytes.map((size, seq) => ({ seq, bytes: size, whole: true }));
        expect(read(messages).frames).toEqual(all);
        const again = new Packer(maxBytes, 64);
        kept.again(kept.confirmed, (record) => again.addAgain(record));
        expect(read(drain(again)).frames).toEqual(all.slice(confirmed));
      }),
      { numRuns: 200 },
    );
    expect(memories.size).toBeLessThan(batches);
    // Of frames that are alike, only those that wait have memory of their own.
    const packer = new Packer(maxBytes, 16);
    const kept = new KeptBatches(0);
    const alike = Array.from({ length: 20 }, (_, seq) => {
      const batch = packer.add(frame(seq, 20_000));
      kept.keep(batch, 0);
      drain(packer);
      for (const one of kept.confirm(seq)) packer.reuse(one, 1024 * 1024);
      return batch.bytes.buffer;
    });
    expect(new Set(alike).size).toBe(2);
  });

  it("is kept of frames that a reader confirms several at a time, as many as its window holds", () => {
    const memoriesOf = (most: number): number => {
      const packer = new Packer(65_536, 16);
      const kept = new KeptBatches(0);
      const memories = new Set<ArrayBufferLike>();
      for (let seq = 0; seq < 40; seq += 1) {
        const batch = packer.add(frame(seq, 1_000_000));
        memories.add(batch.bytes.buffer);
        kept.keep(batch, 0);
        drain(packer);
        if (seq % 4 === 3) for (const one of kept.confirm(seq + 1)) packer.reuse(one, most);
      }
      return memories.size;
    };
    expect(memoriesOf(4 * 1024 * 1024)).toBe(4);
    expect(memoriesOf(1024 * 1024)).toBe(4 + 9 * 3);
    // Whatever a reader grants.
    expect(memoriesOf(Number.POSITIVE_INFINITY)).toBe(4);
    expect(memoriesOf(0)).toBe(40);
  });

  it("is written as the protocol has it, whatever stood in the memory before", () => {
    const packer = new Packer(maxBytes, 16);
    const before = packer.add({ ...frame(0, 12_000), body: new Uint8Array(12_000).fill(255) });
    drain(packer);
    packer.reuse(before, 1024 * 1024);
    const fresh = new Packer(maxBytes, 16);
    for (const one of [packer, fresh]) for (const seq of [1, 2, 3]) one.add(frame(seq, 3_000));
    expect(drain(packer).map((message) => Buffer.from(message).toString("hex"))).toEqual(
      drain(fresh).map((message) => Buffer.from(message).toString("hex")),
    );
  });

  it("goes several frames to a message while that is not so large that their reader had better have them alone", () => {
    const packer = new Packer(300_000, 64);
    const sizes = [...Array.from({ length: 12 }, () => 16_000), 64_000, 64_000, 64_000, 250_000, 100];
    for (const [seq, size] of sizes.entries()) packer.add(frame(seq, size));
    const messages = drain(packer);
    expect(messages.map((message) => read([message]).frames.length)).toEqual([8, 5, 2, 1, 1]);
    expect(read(messages).frames).toEqual(sizes.map((bytes, seq) => ({ seq, bytes, whole: true })));
  });

  it("is bounded: 16 frames, or a message full of bytes", () => {
    const few = new Packer(maxBytes, 16);
    for (let seq = 0; seq < 16; seq += 1) {
      expect(few.hasRoom).toBe(true);
      few.add(frame(seq, 10));
    }
    expect(few.hasRoom).toBe(false);
    const large = new Packer(maxBytes, 16);
    large.add(frame(0, maxBytes));
    expect(large.hasRoom).toBe(false);
    drain(large);
    expect(large.hasRoom && large.isEmpty).toBe(true);
  });
});

/** A stream to a reader that grants so many frames, and what comes to it. */
async function writer(frames: number) {
  const stage = scene();
  const { peers } = await rawHost(stage);
  const { opening } = call(stage);
  await stage.clock.settle();
  const [host] = peers;
  if (host === undefined) throw new Error("nobody dialled");
  const messages: Uint8Array[] = [];
  host.channel(1).onMessage((message) => void messages.push(message));
  host.channel(2);
  host.say({
    type: "accept",
    version: 1,
    schemas: {},
    inputs: [{ port: "a", type: text, window: { frames, bytes: 1_048_576 } }],
    outputs: [{ port: "b", type: text }],
  });
  const input = (await stage.clock.until(opening)).inputs["a"]!;
  return { clock: stage.clock, input, messages };
}

describe("small frames of a stream", () => {
  it("leave at once when they come alone, and together when they come in bursts", async () => {
    const { clock, input, messages } = await writer(64);
    const counts = (): number[] => messages.splice(0).map((message) => read([message]).frames.length);
    let seq = 0;
    const send = (count: number): void => {
      for (let left = count; left > 0; left -= 1) input.send(frameOf("x", seq++));
    };
    for (let turn = 0; turn < 3; turn += 1) {
      send(1);
      expect(input.writable).toBe(true);
      await clock.settle();
      expect(counts(), "alone").toEqual([1]);
      await clock.run(1);
    }
    // Nothing moves while these are written: the first goes, the others go as one at the end of the turn.
    send(9);
    await clock.settle();
    expect(counts(), "a burst").toEqual([1, 8]);
    // While it goes on, more of them go together, and no more than fit: 16 of a window of 64.
    send(20);
    await clock.settle();
    expect(counts(), "full").toEqual([16]);
    await clock.run(1);
    expect(counts(), "the rest").toEqual([4]);
    // After it, one alone waits once more, and then none.
    await clock.run(20);
    send(1);
    await clock.run(1);
    send(1);
    await clock.settle();
    expect(counts(), "alone again").toEqual([1, 1]);
  });

  it("go at once when no more may follow: the writer waits for the reader's credit", async () => {
    const { clock, input, messages } = await writer(6);
    for (let seq = 0; input.writable; seq += 1) input.send(frameOf("x", seq));
    await clock.settle();
    expect(read(messages).frames.length).toBe(6);
    expect(input.writable).toBe(false);
  });

  it("fill the messages of a burst: what does not fit into one waits for others to go with", async () => {
    const { clock, input, messages } = await writer(64);
    // Four go into a message, and a fifth does not.
    for (let seq = 0; seq < 9; seq += 1) input.send(frameOf("x".repeat(4_000), seq));
    await clock.settle();
    expect(messages.map((message) => read([message]).frames.length)).toEqual([1, 4, 4]);
  });
});
