import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { FrameFlag, type Frame } from "../../../runtime/interface/frame.ts";
import { BoundedChannel, type BoundedChannelInit } from "../../../runtime/pipeline/bounded-channel.ts";
import { virtualClock } from "../remote/support/virtual-clock.ts";

const picture = (seq: number, key: boolean, epoch = 0): Frame => ({
  timestampUs: seq * 40_000,
  seq,
  epoch,
  flags: key ? FrameFlag.keyFrame : 0,
  payload: new Uint8Array(1),
});

/** `K` is a key frame, anything else one that builds on those before it. */
function offer(channel: BoundedChannel, kinds: string, from = 0): void {
  [...kinds].forEach((kind, index) => channel.offer(picture(from + index, kind === "K")));
}

function taken(channel: BoundedChannel): number[] {
  const found: number[] = [];
  for (let frame = channel.take(); frame !== undefined; frame = channel.take()) found.push(frame.seq);
  return found;
}

const queue = (init: Partial<BoundedChannelInit>): BoundedChannel =>
  new BoundedChannel({ capacityFrames: 4, overflow: "drop_oldest", pictures: () => undefined, ...init });

describe("a queue of video", () => {
  it.each([
    ["drops what builds on the oldest with it", "KppKp", [3, 4], 3],
    ["drops all up to a key frame that has yet to come", "KpppppKp", [6, 7], 6],
    ["drops one picture where each is a key frame", "KKKKKK", [2, 3, 4, 5], 2],
    ["drops as for sound where no key frame is marked", "pppppp", [2, 3, 4, 5], 2],
  ])("%s", (_, kinds, left, dropped) => {
    const channel = queue({});
    offer(channel, kinds);
    expect(channel.dropped).toBe(dropped);
    expect(taken(channel)).toEqual(left);
  });

  it("goes on with a key frame after the newest was dropped", () => {
    const channel = queue({ overflow: "drop_newest" });
    offer(channel, "Kpppp");
    expect(taken(channel)).toEqual([0, 1, 2, 3]);
    offer(channel, "pKp", 5);
    expect(taken(channel)).toEqual([6, 7]);
    expect(channel.dropped).toBe(2);
  });

  it("goes on with a key frame after pictures that were over their deadline", async () => {
    const clock = virtualClock();
    const channel = queue({ clock, deadlineMs: 100, capacityFrames: 64 });
    offer(channel, "Kp");
    await clock.run(60);
    offer(channel, "ppKp", 2);
    await clock.run(60);
    expect(taken(channel)).toEqual([4, 5]);
    expect(channel.dropped).toBe(4);
  });

  it("drops what builds on a picture of an epoch that is over", () => {
    const channel = queue({});
    offer(channel, "Kp");
    channel.flush(1);
    for (const frame of [picture(2, false), picture(3, false, 1), picture(4, true, 1)]) channel.offer(frame);
    expect(taken(channel)).toEqual([4]);
    expect(channel.dropped).toBe(4);
  });

  it("gives a decoder nothing that it could not decode, and counts the rest, whatever comes and goes", async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant("p") },
      ...["K", "take", "wait", "flush"].map((what) => ({ weight: 2, arbitrary: fc.constant(what) })),
    );
    const overflow = fc.constantFrom("drop_oldest" as const, "drop_newest" as const, "block" as const);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        overflow,
        fc.array(step),
        async (capacityFrames, full, steps) => {
          const clock = virtualClock();
          const channel = queue({ capacityFrames, overflow: full, clock, deadlineMs: 50 });
          let [seq, last, given] = [1, -1, 0];
          channel.offer(picture(0, true));
          for (const one of steps) {
            if (one === "wait") await clock.run(20);
            else if (one === "flush") channel.flush();
            else if (one === "take") {
              const frame = channel.take();
              if (frame === undefined) continue;
              expect(frame.flags === FrameFlag.keyFrame || frame.seq === last + 1).toBe(true);
              last = frame.seq;
              given += 1;
            } else {
              channel.offer(picture(seq, one === "K"));
              seq += 1;
            }
          }
          expect(given + channel.dropped + channel.size).toBe(seq);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("a queue with a deadline", () => {
  const full = (): { clock: ReturnType<typeof virtualClock>; channel: BoundedChannel } => {
    const clock = virtualClock();
    const channel = queue({ clock, deadlineMs: 100, overflow: "block" });
    return { clock, channel };
  };

  it("drops what is over it, counted, when it is looked for", async () => {
    const { clock, channel } = full();
    offer(channel, "pp");
    await clock.run(60);
    offer(channel, "p", 2);
    await clock.run(60);
    expect(channel.take()?.seq).toBe(2);
    expect(channel.dropped).toBe(2);
  });

  it("gives a frame as long to the microsecond", async () => {
    const { clock, channel } = full();
    offer(channel, "p");
    await clock.run(100);
    expect(channel.peek()?.seq).toBe(0);
    await clock.run(0.001);
    expect(channel.peek()).toBeUndefined();
  });

  it("lets its writer go on though nobody reads, and sets no timer where nobody waits", async () => {
    const { clock, channel } = full();
    offer(channel, "ppp");
    expect(clock.pending).toBe(0);
    offer(channel, "p", 3);
    expect(channel.writable).toBe(false);
    await clock.until(channel.ready());
    expect(clock.nowMs).toBeCloseTo(100, 1);
    expect(channel).toMatchObject({ size: 0, dropped: 4, writable: true });
    expect(clock.pending).toBe(0);
  });

  it.each<[string, (channel: BoundedChannel) => void]>([
    ["has ended", (channel) => channel.end()],
    ["is read again", (channel) => void taken(channel)],
    ["is flushed", (channel) => channel.flush()],
    ["is wanted no more", (channel) => channel.discard()],
  ])("leaves no timer once it %s", (_, over) => {
    const { clock, channel } = full();
    offer(channel, "pppp");
    expect(clock.pending).toBe(1);
    over(channel);
    expect(clock.pending).toBe(0);
  });
});
