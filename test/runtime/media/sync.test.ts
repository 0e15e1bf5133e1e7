import { describe, expect, it } from "vitest";
import { writeSenderReport } from "../../../runtime/media/rtcp.ts";
import { SenderClock } from "../../../runtime/media/sender-clock.ts";
import { SyncGroup } from "../../../runtime/media/sync-group.ts";
import { virtualClock } from "pipeline-mesh/testing";
import { indexOf, opusFrame, track, vp8Frame, type TrackUnderTest } from "./tracks.ts";

interface Pair {
  readonly sound: TrackUnderTest;
  readonly video: TrackUnderTest;
}

interface PairOptions {
  readonly group?: SyncGroup;
  /** How much longer pictures travel, in milliseconds. */
  readonly slowerMs?: number;
  readonly jitterMs?: number;
  readonly told?: boolean;
}

/** Sound and pictures of one source, over ways of different length. */
function pair({ group, slowerMs = 150, jitterMs = 10, told = true }: PairOptions): Pair {
  const clock = virtualClock();
  const senderClock = new SenderClock();
  const receiver = group === undefined ? {} : { group };
  const common = { clock, told, receiver };
  return {
    sound: track("opus", { ...common, sender: { ssrc: 1, senderClock }, path: { delayMs: 20, jitterMs } }),
    video: track("vp8", {
      ...common,
      sender: { ssrc: 2, senderClock },
      path: { delayMs: 20 + slowerMs, jitterMs, seed: 9 },
    }),
  };
}

/** Plays so many seconds, with a report of each track every second. */
function play({ sound, video }: Pair, seconds: number, from = 0, withVideo = true): void {
  for (let index = from * 50; index < (from + seconds) * 50; index += 1) {
    sound.path.send(sound.sender.send(opusFrame(index)));
    if (withVideo && index % 2 === 0) video.path.send(video.sender.send(vp8Frame(index / 2, index % 100 === 0)));
    if (index % 50 === 25)
      for (const one of [sound, video])
        one.path.send([one.sender.senderReport()].filter((report) => report !== undefined));
    sound.clock.advance(20);
  }
}

/** By how much pictures come later than the sound of the same media time, in milliseconds, for each picture after so many seconds. */
function skewsMs({ sound, video }: Pair, afterSeconds: number): number[] {
  const atMs = new Map(sound.given.map((frame) => [indexOf(frame), frame.atMs]));
  return video.given
    .filter((frame) => indexOf(frame) >= afterSeconds * 25)
    .flatMap((frame) => {
      const soundAtMs = atMs.get(indexOf(frame) * 2);
      return soundAtMs === undefined ? [] : [frame.atMs - soundAtMs];
    });
}

const largest = (skews: readonly number[]): number => Math.max(...skews.map(Math.abs));

describe("R4.3 lip sync", () => {
  it("brings frames of equal media time out together, where pictures travel 150 ms longer", () => {
    const apart = pair({});
    play(apart, 6);
    expect(largest(skewsMs(apart, 3))).toBeGreaterThan(120);
    for (const told of [true, false]) {
      const together = pair({ group: new SyncGroup(), told });
      play(together, 8);
      const skews = skewsMs(together, 4);
      expect(skews.length).toBeGreaterThan(80);
      expect(largest(skews), told ? "told by the session" : "by sender reports").toBeLessThanOrEqual(20);
    }
  });

  it("holds back pictures as well, where it is them that are early", () => {
    const together = pair({ group: new SyncGroup(), slowerMs: 0 });
    together.sound.path.conditions = { delayMs: 200, jitterMs: 10 };
    play(together, 6);
    expect(largest(skewsMs(together, 4))).toBeLessThanOrEqual(20);
  });

  it("holds nothing back for longer than it may", () => {
    const together = pair({ group: new SyncGroup(), slowerMs: 1_000 });
    play(together, 12);
    const skews = skewsMs(together, 9);
    expect(Math.min(...skews)).toBeGreaterThan(560);
    expect(Math.max(...skews)).toBeLessThan(640);
    const strict = pair({ group: new SyncGroup({ maxSkewMs: 50 }) });
    play(strict, 6);
    expect(Math.min(...skewsMs(strict, 4))).toBeGreaterThan(80);
  });

  it("leaves tracks alone whose times have nothing to do with each other", () => {
    const apart = pair({ group: new SyncGroup(), slowerMs: 0 });
    for (let index = 0; index < 200; index += 1) {
      apart.sound.path.send(apart.sound.sender.send(opusFrame(index)));
      // The pictures count from another zero, an hour earlier.
      if (index % 2 === 0) {
        const frame = vp8Frame(index / 2, index === 0);
        apart.video.path.send(apart.video.sender.send({ ...frame, timestampUs: frame.timestampUs - 3_600e6 }));
      }
      apart.sound.clock.advance(20);
    }
    expect(apart.video.given.at(-1)?.timestampUs).toBeLessThan(-3_500e6);
    for (const frame of apart.sound.given) expect(frame.atMs - indexOf(frame) * 20).toBeLessThan(80);
  });

  it("changes by a tenth of the time at most, and lets go when the other track has stopped", () => {
    const together = pair({ group: new SyncGroup() });
    play(together, 6);
    play(together, 8, 6, false);
    const [, ...rest] = together.sound.given.map((frame) => frame.atMs);
    const steps = rest.map((atMs, index) => atMs - (rest[index - 1] ?? atMs - 20));
    expect(Math.max(...steps.slice(3))).toBeLessThan(25);
    // After ten packets the buffer knows how little it has to hold back.
    expect(Math.min(...steps.slice(20))).toBeGreaterThan(15);
    const last = together.sound.given.at(-1);
    expect((last?.atMs ?? 0) - indexOf(last!) * 20).toBeLessThan(60);
  });
});

describe("R4.3 media times of a plain sender", () => {
  it("are of one clock for all its tracks, once it has reported", () => {
    const tracks = pair({ group: new SyncGroup(), told: false });
    play(tracks, 6);
    const [first] = tracks.sound.given;
    const zeroUs = (first?.timestampUs ?? 0) - indexOf(first!) * 20_000;
    // The sound stays as it began.
    for (const frame of tracks.sound.given) expect(frame.timestampUs - indexOf(frame) * 20_000).toBe(zeroUs);
    const offsets = tracks.video.given.map((frame) => frame.timestampUs - indexOf(frame) * 40_000 - zeroUs);
    // Before: as far apart as they travel.
    expect(offsets[0]).toBeGreaterThan(130_000);
    for (const offset of offsets.slice(60)) expect(Math.abs(offset)).toBeLessThanOrEqual(1_000);
    // No picture went back in time.
    const times = tracks.video.given.map((frame) => frame.timestampUs);
    expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0))).toBe(true);
  });

  it("are not moved by a report that cannot be", () => {
    const tracks = pair({ group: new SyncGroup(), told: false });
    play(tracks, 3);
    const before = tracks.video.given.at(-1);
    tracks.video.receiver.receive(
      writeSenderReport({ ssrc: 2, ntpUs: 5e12, rtpTimestamp: 7, packetCount: 0, octetCount: 0 }),
    );
    // One of another source is not even looked at.
    tracks.video.receiver.receive(
      writeSenderReport({ ssrc: 3, ntpUs: 4e15, rtpTimestamp: 7, packetCount: 0, octetCount: 0 }),
    );
    tracks.sound.clock.advance(200);
    const after = tracks.video.given.at(-1);
    const passed = (indexOf(after!) - indexOf(before!)) * 40_000;
    expect(passed).toBeGreaterThan(0);
    expect((after?.timestampUs ?? 0) - (before?.timestampUs ?? 0)).toBe(passed);
  });

  it("begin at 0 for a track alone", () => {
    const sound = track("opus", { told: false });
    for (let index = 500; index < 550; index += 1) {
      sound.path.send(sound.sender.send(opusFrame(index)));
      sound.clock.advance(20);
    }
    sound.clock.advance(500);
    expect(sound.given.map((frame) => frame.timestampUs)).toEqual(
      Array.from({ length: 50 }, (_, index) => index * 20_000),
    );
  });
});
