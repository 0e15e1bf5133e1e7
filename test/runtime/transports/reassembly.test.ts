import { describe, expect, it } from "vitest";
import { Reassembly } from "../../../runtime/transports/webrtc/engines/werift/reassembly.ts";

const { first, last, unordered } = { first: 2, last: 1, unordered: 4 };

function chunk(tsn: number, streamSeqNum: number, flags: number, text: string) {
  return { type: 0, flags, tsn: tsn >>> 0, streamId: 7, streamSeqNum, protocol: 53, userData: Buffer.from(text) };
}

function popped(stream: Reassembly): string[] {
  return stream.popMessages().map(([, , bytes]) => bytes.toString());
}

describe("the messages of a stream", () => {
  it("come out in the order of their numbers, each when all its chunks are there", () => {
    const stream = new Reassembly();
    stream.addChunk(chunk(12, 1, first | last, "second"));
    expect(popped(stream)).toEqual([]);
    stream.addChunk(chunk(11, 0, last, "st"));
    stream.addChunk(chunk(10, 0, first, "fir"));
    expect(popped(stream)).toEqual(["first", "second"]);
  });

  it("pass where TSNs and their own numbers wrap", () => {
    const stream = new Reassembly();
    stream.streamSequenceNumber = 65_535;
    stream.addChunk(chunk(1, 0, first | last, "after"));
    stream.addChunk(chunk(0, 65_535, last, "d"));
    stream.addChunk(chunk(-2, 65_535, first, "a"));
    stream.addChunk(chunk(-1, 65_535, 0, "n"));
    expect(popped(stream)).toEqual(["and", "after"]);
  });

  it("take their place when they were cut anew and come under later TSNs", () => {
    const stream = new Reassembly();
    stream.addChunk(chunk(10, 0, first, "OLD "));
    stream.addChunk(chunk(12, 1, first | last, "second"));
    expect(stream.prune(11)).toBe(4);
    stream.addChunk(chunk(20, 0, first, "ne"));
    stream.addChunk(chunk(21, 0, last, "w"));
    expect(popped(stream)).toEqual(["new", "second"]);
  });

  it("are put together from one cut only, also before the old one is given up", () => {
    const stream = new Reassembly();
    stream.addChunk(chunk(10, 0, first, "OLD "));
    stream.addChunk(chunk(11, 0, first, "ne"));
    stream.addChunk(chunk(12, 0, last, "w"));
    expect(popped(stream)).toEqual(["new"]);
  });

  it("stay when those before them are skipped, and come if they are among them as a whole", () => {
    const stream = new Reassembly();
    stream.addChunk(chunk(9, 0, first, "half"));
    stream.addChunk(chunk(12, 1, first | last, "one"));
    stream.addChunk(chunk(13, 2, first | last, "two"));
    expect(stream.skip(1)).toBe(4);
    expect(popped(stream)).toEqual(["one", "two"]);
    expect(stream.streamSequenceNumber).toBe(3);
  });

  it("are held no more once their turn is over", () => {
    const stream = new Reassembly();
    stream.addChunk(chunk(10, 0, first | last, "one"));
    expect(popped(stream)).toEqual(["one"]);
    expect(stream.addChunk(chunk(30, 0, first | last, "again"))).toBe(false);
    expect(popped(stream)).toEqual([]);
  });

  it("come at once when they are unordered", () => {
    const stream = new Reassembly();
    stream.addChunk(chunk(11, 0, unordered | last, "b"));
    stream.addChunk(chunk(13, 0, unordered | first | last, "c"));
    stream.addChunk(chunk(10, 0, unordered | first, "a"));
    expect(popped(stream)).toEqual(["c", "ab"]);
  });
});
