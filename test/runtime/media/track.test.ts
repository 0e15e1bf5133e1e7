import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameFlag, type Frame } from "../../../runtime/interface/frame.ts";
import { KeyFrameCache } from "../../../runtime/media/key-frame-cache.ts";
import { writeFullIntraRequest, writePictureLoss } from "../../../runtime/media/rtcp.ts";
import { readRtpPacket } from "../../../runtime/media/rtp-packet.ts";
import { TrackReceiver } from "../../../runtime/media/track-receiver.ts";
import { virtualClock } from "pipeline-mesh/testing";
import { indexOf, opusFrame, track, vp8Frame, type TrackUnderTest } from "./tracks.ts";

const { segmentStart, segmentEnd, keyFrame } = FrameFlag;

/** Sends frames at the pace of their media time, then lets what is on its way arrive. */
function play({ clock, path, sender }: TrackUnderTest, frames: readonly Frame<Uint8Array>[], everyMs: number): void {
  for (const frame of frames) {
    path.send(sender.send(frame));
    clock.advance(everyMs);
  }
  clock.advance(1_000);
}

const speech = (count: number, from = 0): Frame<Uint8Array>[] =>
  Array.from({ length: count }, (_, index) => opusFrame(from + index));
/** A key frame at the start, and then every so many. */
const pictures = (count: number, keyEvery: number, from = 0): Frame<Uint8Array>[] =>
  Array.from({ length: count }, (_, index) => vp8Frame(from + index, (from + index) % keyEvery === 0));

const packetsIn = (packets: readonly Uint8Array[]) => packets.map((bytes) => readRtpPacket(bytes)!);

describe("R4.3 a track of sound", () => {
  it("gives what was sent, with its media time, at an even pace", () => {
    const sound = track("opus", { path: { delayMs: 30, jitterMs: 15 } });
    play(sound, speech(300), 20);
    expect(sound.given.map(indexOf)).toEqual(Array.from({ length: 300 }, (_, index) => index));
    expect(sound.given.map((frame) => frame.seq)).toEqual(sound.given.map(indexOf));
    expect(sound.given.map((frame) => frame.timestampUs)).toEqual(sound.given.map((frame) => indexOf(frame) * 20_000));
    // Settled, the frames come as evenly as they were sent, in spite of the jitter.
    const settled = sound.given.slice(100);
    const steps = settled.slice(1).map((frame, index) => frame.atMs - (settled[index]?.atMs ?? 0));
    expect(Math.max(...steps)).toBeLessThan(23);
    expect(Math.min(...steps)).toBeGreaterThan(17);
    const stats = sound.receiver.stats();
    expect(stats).toMatchObject({
      packetsReceived: 300,
      packetsLost: 0,
      packetsDiscarded: 0,
      gaps: 0,
      framesDropped: 0,
    });
    expect(stats.jitterBufferEmittedCount).toBe(300 * 960);
    const meanDelay = stats.jitterBufferDelay / stats.jitterBufferEmittedCount;
    expect(meanDelay).toBeGreaterThan(0.01);
    expect(meanDelay).toBeLessThan(0.03);
  });

  it("holds frames back as long as the jitter asks for, within its bounds", () => {
    const target = (jitterMs: number, bounds = {}): number => {
      const sound = track("opus", { path: { jitterMs, seed: 3 }, receiver: bounds });
      play(sound, speech(500), 20);
      return sound.receiver.targetDelayMs;
    };
    expect(target(0)).toBe(20);
    expect(target(0, { minDelayMs: 0 })).toBe(5);
    // 99 % of what is spread evenly over 60 ms.
    expect(target(60)).toBeGreaterThanOrEqual(55);
    expect(target(60)).toBeLessThanOrEqual(65);
    expect(target(300)).toBeGreaterThanOrEqual(270);
    expect(target(300, { maxDelayMs: 100 })).toBe(100);
  });

  it("follows the jitter up at once, and down again", () => {
    const sound = track("opus", { path: { jitterMs: 5 } });
    play(sound, speech(200), 20);
    const calm = sound.receiver.targetDelayMs;
    sound.path.conditions = { jitterMs: 100 };
    play(sound, speech(100, 250), 20);
    const rough = sound.receiver.targetDelayMs;
    sound.path.conditions = { jitterMs: 5 };
    play(sound, speech(1_000, 400), 20);
    expect(calm).toBe(20);
    expect(rough).toBeGreaterThanOrEqual(80);
    expect(sound.receiver.targetDelayMs).toBe(20);
  });

  it("shows what is lost as a hole in the numbers, and in time for what fills it", () => {
    const sound = track("opus", { path: { delayMs: 30 } });
    const frames = speech(200);
    for (const frame of frames) {
      const packets = sound.sender.send(frame);
      // One alone, and four in a row.
      if (![100, 150, 151, 152, 153].includes(frame.seq)) sound.path.send(packets);
      sound.clock.advance(20);
    }
    sound.clock.advance(500);
    expect(sound.given).toHaveLength(195);
    for (const frame of sound.given) expect(frame.seq).toBe(indexOf(frame));
    expect(sound.receiver.stats()).toMatchObject({ packetsLost: 5, gaps: 2, framesDropped: 5 });
    const usual = (sound.given[50]?.atMs ?? 0) - 50 * 20;
    const behind = sound.given.find((frame) => frame.seq === 101);
    // When the lost one would have been due, give or take what reordering is allowed.
    expect((behind?.atMs ?? 0) - 100 * 20 - usual).toBeLessThanOrEqual(10.5);
  });

  it("counts what comes twice and what comes too late, and gives neither", () => {
    const sound = track("opus", { path: { delayMs: 20, duplicate: 0.2 } });
    play(sound, speech(200), 20);
    const [late] = sound.sender.send(opusFrame(250));
    sound.path.send(sound.sender.send(opusFrame(251)));
    sound.clock.advance(500);
    sound.path.send([late as Uint8Array]);
    sound.clock.advance(500);
    expect(sound.given.map((frame) => indexOf(frame))).toEqual([
      ...Array.from({ length: 200 }, (_, index) => index),
      251,
    ]);
    const stats = sound.receiver.stats();
    expect(stats.packetsDuplicated).toBeGreaterThan(20);
    expect(stats.packetsDiscarded).toBe(1);
    expect(stats.packetsReceived).toBe(202 + stats.packetsDuplicated - 0);
  });

  it("is silent for a pause without a hole, and marks its end", () => {
    const sound = track("opus", { markMs: 20 });
    const frames = [...speech(10), ...speech(10, 60)];
    const packets = frames.flatMap((frame) => packetsIn(sound.sender.send(frame)));
    expect(packets.map((packet) => packet.marker)).toEqual(frames.map((_, index) => index === 0 || index === 10));
    const again = track("opus");
    play(again, speech(10), 20);
    play(again, speech(10, 60), 20);
    expect(again.given.map((frame) => frame.seq)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(again.given[10]?.timestampUs).toBe(1_200_000);
  });

  it("carries segments and epochs, also when their packets are lost or the mark is late", () => {
    for (const markMs of [1, 200]) {
      for (const lost of [[], [9], [10], [9, 10]]) {
        const sound = track("opus", { markMs });
        const ends: Record<number, Partial<Frame<Uint8Array>>> = {
          0: { flags: segmentStart },
          9: { flags: segmentEnd },
          10: { flags: segmentStart, epoch: 1 },
        };
        for (let index = 0; index < 20; index += 1) {
          const packets = sound.sender.send(opusFrame(index, { epoch: index > 9 ? 1 : 0, ...ends[index] }));
          if (!lost.includes(index)) sound.path.send(packets);
          // A pause between the two: the end must not wait for the next start.
          sound.clock.advance(index === 9 ? 1_000 : 20);
          if (index === 9) expect(sound.given.some((frame) => (frame.flags & segmentEnd) !== 0)).toBe(true);
        }
        sound.clock.advance(1_000);
        const about = `mark after ${markMs} ms, ${lost} lost`;
        const flags = sound.given.map((frame) => frame.flags).filter((one) => one !== 0);
        expect(flags, about).toEqual([segmentStart, segmentEnd, segmentStart]);
        expect(sound.given.at(-1)?.epoch, about).toBe(1);
        expect(sound.given.find((frame) => (frame.flags & segmentEnd) !== 0)?.timestampUs, about).toBe(180_000);
        expect(
          sound.given.map((frame) => frame.seq).every((seq, index, all) => index === 0 || seq > (all[index - 1] ?? 0)),
        ).toBe(true);
      }
    }
  });

  it("gives nothing more of what was said before an interrupt, once that is known", () => {
    const sound = track("opus", { markMs: 1, path: { delayMs: 1 }, receiver: { minDelayMs: 300 } });
    for (let index = 0; index < 60; index += 1) {
      sound.path.send(sound.sender.send(opusFrame(index, { epoch: index < 30 ? 0 : 1 })));
      sound.clock.advance(20);
    }
    sound.clock.advance(1_000);
    const old = sound.given.filter((frame) => frame.epoch === 0);
    // 300 ms of it were still waiting.
    expect(old.length).toBeGreaterThanOrEqual(14);
    expect(old.length).toBeLessThanOrEqual(16);
    expect(sound.given.filter((frame) => frame.epoch === 1).map(indexOf)).toEqual(
      Array.from({ length: 30 }, (_, index) => 30 + index),
    );
    for (const frame of sound.given) expect(frame.seq).toBe(indexOf(frame));
  });

  it("loses nothing by a stall of the network, after which all comes at once", () => {
    const sound = track("opus", { path: { delayMs: 20 } });
    for (const frame of speech(200)) {
      // What is sent within 400 ms arrives at the same time.
      const stalledMs = frame.seq >= 100 && frame.seq < 120 ? (120 - frame.seq) * 20 : 0;
      sound.path.conditions = { delayMs: 20 + stalledMs };
      sound.path.send(sound.sender.send(frame));
      sound.clock.advance(20);
    }
    sound.clock.advance(1_000);
    expect(sound.given.map(indexOf)).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(sound.receiver.stats()).toMatchObject({ gaps: 0, packetsDiscarded: 0 });
  });

  it("follows a clock that drifts", () => {
    for (const everyMs of [20.004, 19.996]) {
      const sound = track("opus", { path: { delayMs: 30, jitterMs: 10 } });
      play(sound, speech(5_000), everyMs);
      expect(sound.given).toHaveLength(5_000);
      const delays = sound.given.slice(2_500).map((frame) => frame.atMs - indexOf(frame) * everyMs);
      expect(Math.max(...delays)).toBeLessThan(65);
      // What has drifted by 20 ms is not taken for jitter.
      expect(sound.receiver.targetDelayMs).toBe(20);
      expect(sound.receiver.stats()).toMatchObject({ gaps: 0, packetsDiscarded: 0 });
    }
  });

  it("ends after what is still on its way", () => {
    const sound = track("opus", { path: { delayMs: 30, jitterMs: 30 } });
    for (const frame of speech(50)) {
      sound.path.send(sound.sender.send(frame));
      sound.clock.advance(20);
    }
    sound.receiver.receive(sound.sender.bye());
    expect(sound.ended).toEqual([]);
    sound.clock.advance(300);
    expect(sound.given.map(indexOf)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(sound.ended).toHaveLength(1);
    expect(sound.clock.pending).toBe(0);
  });

  it("goes on when its sender begins anew", () => {
    const sound = track("opus", { told: false });
    play(sound, speech(50), 20);
    const other = track("opus", { clock: sound.clock, sender: { ssrc: 77 } });
    for (const frame of speech(50, 7_000)) {
      for (const packet of other.sender.send(frame)) sound.receiver.receive(packet);
      sound.clock.advance(20);
    }
    sound.clock.advance(500);
    const times = sound.given.map((frame) => frame.timestampUs);
    // One packet is spent on believing it.
    expect(times).toHaveLength(99);
    expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true);
    expect(times.at(-1)).toBeLessThan(4_000_000);
  });

  it.each([
    { name: "a second later", sequenceNumber: 41_000, rtpTimestamp: 1_000, atUs: 0, nowUs: 1_000_000, first: 49_000 },
    { name: "at once", sequenceNumber: 65_535, rtpTimestamp: 2 ** 32 - 1, atUs: 500_000, nowUs: 100_000, first: 0 },
  ])("goes on from the last packet of the stream before, $name", ({ nowUs, first, ...after }) => {
    const { sender } = track("opus", { sender: { after, startUs: nowUs } });
    const frames = [opusFrame(0), opusFrame(1)].map((frame, index) => ({
      ...frame,
      timestampUs: nowUs + index * 20_000,
    }));
    const sent = packetsIn(frames.flatMap((frame) => sender.send(frame)));
    expect(sent.map(({ sequenceNumber }) => sequenceNumber)).toEqual(
      [1, 2].map((step) => (after.sequenceNumber + step) % 65_536),
    );
    expect(sent.map(({ timestamp }) => timestamp)).toEqual([first, first + 960]);
  });

  it("sends what it has kept after the last packet of the stream before", () => {
    const cache = new KeyFrameCache();
    cache.add(vp8Frame(0, true), true);
    const after = { sequenceNumber: 9, rtpTimestamp: 90_000, atUs: 1_000_000 };
    const { sender } = track("vp8", { sender: { cache, after } });
    const [packet] = packetsIn(sender.join());
    expect(packet).toMatchObject({ sequenceNumber: 10, timestamp: 90_001 });
  });

  it("keeps its times over years, and where they jump", () => {
    const sound = track("opus", {
      markMs: 1,
      sender: { startUs: 1_700_000_000_000_000 },
    });
    const [start, later] = [1_700_000_000_000_000, 1_800_000_000_000_000];
    for (const base of [start, later]) {
      play(
        sound,
        speech(20).map((frame) => ({ ...frame, timestampUs: base + frame.timestampUs })),
        20,
      );
      const [last] = packetsIn(sound.sender.send({ ...opusFrame(20), timestampUs: base + 400_000 }));
      expect(sound.sender.timeOf(last!.timestamp)).toBeCloseTo(base + 400_000, -2);
      expect(sound.sender.timeOf((last!.timestamp - 48_000) >>> 0)).toBeCloseTo(base - 600_000, -2);
    }
    expect(sound.given.map((frame) => frame.timestampUs)).toEqual(
      [start, later].flatMap((base) => speech(20).map((frame) => base + frame.timestampUs)),
    );
  });
});

describe("R4.3 a track of pictures", () => {
  it("gives what was sent, in order, in spite of jitter", () => {
    const video = track("vp8", { path: { delayMs: 30, jitterMs: 60 } });
    play(video, pictures(100, 50), 40);
    expect(video.given.map(indexOf)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(video.given.map((frame) => frame.timestampUs)).toEqual(video.given.map((frame) => indexOf(frame) * 40_000));
    expect(video.given.filter((frame) => frame.flags === keyFrame).map(indexOf)).toEqual([0, 50]);
    expect(video.asked).toEqual([]);
    expect(video.receiver.stats()).toMatchObject({ framesReceived: 100, keyFramesReceived: 2, framesDropped: 0 });
  });

  it("shows nothing that refers to a lost picture, and asks for a key frame", () => {
    const video = track("vp8", { sender: { onKeyFrameRequest: () => undefined } });
    const frames = pictures(100, 50);
    for (const frame of frames) {
      const packets = video.sender.send(frame);
      video.path.send(frame.seq === 20 ? packets.slice(1) : packets);
      video.clock.advance(40);
    }
    video.clock.advance(1_000);
    expect(video.given.map(indexOf)).toEqual([
      ...Array.from({ length: 20 }, (_, index) => index),
      ...Array.from({ length: 50 }, (_, index) => 50 + index),
    ]);
    for (const frame of video.given) expect(frame.seq).toBe(indexOf(frame));
    expect(video.receiver.stats()).toMatchObject({ framesDropped: 30, gaps: 1 });
    // At most one in half a second while it waits.
    expect(video.asked.length).toBeGreaterThanOrEqual(2);
    for (const [index, at] of video.asked.entries()) {
      if (index > 0) expect(at - (video.asked[index - 1] ?? 0)).toBeGreaterThanOrEqual(500);
    }
    expect((video.asked[0] ?? 0) - 21 * 40).toBeLessThan(200);
  });

  it("asks for nothing while the first key frame is on its way", () => {
    const video = track("vp8", { path: { delayMs: 30, jitterMs: 80, seed: 4 } });
    play(video, pictures(20, 100), 40);
    expect(video.given.map(indexOf)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(video.asked).toEqual([]);
  });

  it("keeps the times of a source that goes back in time", () => {
    const video = track("vp8", { markMs: 1 });
    play(video, pictures(20, 10, 50), 40);
    play(
      video,
      pictures(20, 10).map((frame) => ({ ...frame, epoch: 1 })),
      40,
    );
    expect(video.given.map((frame) => frame.timestampUs)).toEqual(video.given.map((frame) => indexOf(frame) * 40_000));
    expect(video.given).toHaveLength(40);
  });

  it("waits for a packet that is sent again", () => {
    const video = track("vp8");
    for (const frame of pictures(50, 100)) {
      const [first, ...rest] = video.sender.send(frame);
      video.path.send(rest);
      if (frame.seq === 20) video.clock.schedule(60, () => video.path.send([first as Uint8Array]));
      else video.path.send([first as Uint8Array]);
      video.clock.advance(40);
    }
    video.clock.advance(1_000);
    expect(video.given.map(indexOf)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(video.asked).toEqual([]);
  });

  it("gives a late joiner the cached key frame and what has followed it", () => {
    const cache = new KeyFrameCache();
    const frames = pictures(40, 25);
    for (const frame of frames.slice(0, 35)) cache.add(frame);
    const video = track("vp8", { sender: { cache } });
    video.path.send(video.sender.join());
    for (const frame of frames.slice(35)) {
      cache.add(frame);
      video.path.send(video.sender.send(frame));
      video.clock.advance(40);
    }
    video.clock.advance(500);
    expect(video.given.map(indexOf)).toEqual(Array.from({ length: 15 }, (_, index) => 25 + index));
    // What is repeated is not played anew: it stands at the time of the last of them.
    const times = video.given.map((frame) => frame.timestampUs);
    expect(times.slice(0, 10).every((time) => Math.abs(time - 34 * 40_000) < 1_000)).toBe(true);
    expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true);
    expect(video.asked).toEqual([]);
    expect(video.sender.stats()).toMatchObject({ framesRepeated: 10, framesSent: 5 });
  });

  it("asks the source where it can, repeats the cache where it cannot", () => {
    let requests = 0;
    const able = track("vp8", { sender: { onKeyFrameRequest: () => (requests += 1) } });
    for (const frame of pictures(10, 100)) able.sender.send(frame);
    const { ssrc } = able.sender;
    expect(able.sender.receiveRtcp(writePictureLoss(1, ssrc))).toEqual([]);
    // The same command twice is one; what is for another track is not ours.
    for (const packet of [
      writeFullIntraRequest(1, ssrc, 4),
      writeFullIntraRequest(1, ssrc, 4),
      writePictureLoss(1, ssrc + 1),
    ])
      able.sender.receiveRtcp(packet);
    expect(requests).toBe(2);
    expect(able.sender.stats()).toMatchObject({ pliCount: 1, firCount: 1, keyFramesSent: 1 });

    const unable = track("vp8");
    for (const frame of pictures(10, 100)) unable.sender.send(frame);
    const repeated = packetsIn(unable.sender.receiveRtcp(writePictureLoss(1, unable.sender.ssrc)));
    expect(new Set(repeated.map((packet) => packet.timestamp)).size).toBe(10);
    expect(unable.sender.receiveRtcp(writePictureLoss(1, unable.sender.ssrc))).toEqual([]);
    unable.clock.advance(1_001);
    expect(unable.sender.receiveRtcp(writePictureLoss(1, unable.sender.ssrc))).toHaveLength(repeated.length);
  });

  it("recovers by the cache of a source that makes key frames but rarely", () => {
    const video = track("vp8", {
      path: { delayMs: 30 },
      receiver: { onKeyFrameRequest: () => video.path.send(video.sender.requestKeyFrame()) },
    });
    for (const frame of pictures(100, 1_000)) {
      const packets = video.sender.send(frame);
      if (frame.seq !== 40) video.path.send(packets);
      video.clock.advance(40);
    }
    video.clock.advance(500);
    const indices = video.given.map(indexOf);
    expect(indices.slice(0, 41)).toEqual([...Array.from({ length: 40 }, (_, index) => index), 0]);
    expect(indices.at(-1)).toBe(99);
    const times = video.given.map((frame) => frame.timestampUs);
    expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0))).toBe(true);
  });

  it("keeps no more than the cache may hold", () => {
    const cache = new KeyFrameCache(20_000);
    for (const frame of pictures(100, 5)) cache.add(frame);
    expect(cache.frames.map((frame) => frame.seq)).toEqual([95, 96, 97, 98, 99]);
    for (const frame of pictures(10, 100, 101)) cache.add(frame);
    // Too long to be of use: nothing until the next key frame.
    expect(cache.bytes).toBe(0);
    const small = new KeyFrameCache();
    for (let index = 0; index < 1_500; index += 1) small.add(vp8Frame(index, index === 0, 8));
    expect(small.frames).toHaveLength(1_500);
    small.add(vp8Frame(1_500, false, 8));
    expect(small.frames).toHaveLength(0);
  });

  it("makes the same of H.264", () => {
    const video = track("h264", { path: { delayMs: 30, jitterMs: 60 } });
    const annexB = (index: number, isKey: boolean): Uint8Array => {
      const slice = new Uint8Array(2_500).fill(9).with(0, isKey ? 0x65 : 0x61);
      new DataView(slice.buffer).setUint32(4, index + 0x01010101);
      const parameters = [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 5];
      return Uint8Array.of(...(index === 0 ? parameters : []), 0, 0, 0, 1, ...slice);
    };
    const frames = Array.from({ length: 60 }, (_, index) => ({
      ...vp8Frame(index, index % 20 === 0),
      payload: annexB(index, index % 20 === 0),
    }));
    play(video, frames, 40);
    expect(video.given.map((frame) => frame.seq)).toEqual(frames.map((frame) => frame.seq));
    expect(video.given.filter((frame) => frame.flags === keyFrame).map((frame) => frame.seq)).toEqual([0, 20, 40]);
    // Key frames that came without their parameter sets have them.
    expect(video.given[20]?.payload.slice(0, 5)).toEqual(Uint8Array.of(0, 0, 0, 1, 0x67));
    expect(video.given[21]?.payload).toEqual(frames[21]?.payload);
  });
});

describe("R4.3 whatever comes over a track", () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constant(new Uint8Array(900).fill(0x78)),
    fc.constantFrom(0x10, 0x11).map((first) => Uint8Array.of(0x10, first, 7)),
    fc.constantFrom(0x65, 0x61).map((first) => Uint8Array.of(first, 1, 7)),
  );
  const packet = fc.record({
    kind: fc.integer({ min: 0, max: 20 }),
    step: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -70_000, max: 70_000 })),
    timestamp: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 2 ** 32 - 1 })),
    ssrc: fc.constantFrom(1, 1, 1, 2),
    flags: fc.nat({ max: 255 }),
    payload,
    waitMs: fc.integer({ min: 0, max: 60 }),
  });

  it("throws nothing, keeps order and stays within its bounds", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("opus" as const, "vp8" as const, "h264" as const),
        fc.array(packet, { maxLength: 150 }),
        (codec, packets) => {
          const clock = virtualClock();
          let seq = -1;
          let ends = 0;
          const receiver = new TrackReceiver({
            codec,
            clock,
            maxBytes: 50_000,
            onFrame: (frame) => {
              expect(frame.seq).toBeGreaterThan(seq);
              expect(Number.isSafeInteger(frame.timestampUs)).toBe(true);
              seq = frame.seq;
            },
            onEnd: () => (ends += 1),
          });
          let number = 100;
          for (const one of packets) {
            number = (number + one.step) & 0xffff;
            const bytes = new Uint8Array(12 + one.payload.length);
            const view = new DataView(bytes.buffer);
            view.setUint8(0, one.kind === 0 ? one.flags : 0x80);
            view.setUint8(1, one.kind === 1 ? one.flags : one.flags & 0x80);
            view.setUint16(2, number);
            view.setUint32(4, one.timestamp);
            view.setUint32(8, one.ssrc);
            bytes.set(one.payload, 12);
            receiver.receive(bytes);
            if (one.kind === 2)
              receiver.mark({
                sequenceNumber: number,
                rtpTimestamp: one.timestamp,
                flags: one.flags & 3,
                epoch: one.ssrc,
              });
            clock.advance(one.waitMs);
            expect(clock.pending).toBeLessThanOrEqual(1);
          }
          receiver.end();
          clock.advance(5_000);
          expect(ends).toBe(1);
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("is copied out of the engine's buffers", () => {
    for (const codec of ["opus", "vp8"] as const) {
      const one = track(codec);
      const packets = one.sender.send(codec === "opus" ? opusFrame(3) : vp8Frame(3, true));
      // Engines give views of what they go on to use for the next packet.
      const buffer = Buffer.alloc(2_000);
      for (const packet of packets) {
        buffer.set(packet);
        one.receiver.receive(buffer.subarray(0, packet.length));
        buffer.fill(0);
      }
      one.clock.advance(500);
      expect(one.given.map(indexOf)).toEqual([3]);
      expect(one.given[0]?.payload.constructor).toBe(Uint8Array);
    }
  });

  it("is bounded in what it holds, however fast it comes", () => {
    const clock = virtualClock();
    let frames = 0;
    const sound = track("opus");
    const receiver = new TrackReceiver({ codec: "opus", clock, onFrame: () => (frames += 1), minDelayMs: 400 });
    for (const frame of speech(5_000)) for (const bytes of sound.sender.send(frame)) receiver.receive(bytes);
    // All at one moment: what is more than may wait is given at once.
    expect(frames).toBeGreaterThanOrEqual(5_000 - 513);
    receiver.close();
    expect(clock.pending).toBe(0);
  });
});
