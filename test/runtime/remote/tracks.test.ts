import { beforeAll, describe, expect, it } from "vitest";
import { FrameFlag, type Frame } from "../../../runtime/interface/frame.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import type { StreamDescription } from "../../../runtime/interface/session.ts";
import type { TrackCodecName } from "../../../runtime/interface/track.ts";
import { meshRun, type Collected } from "../../support/mesh-run.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { TrackNetwork, type TrackConditions } from "../../support/track-network.ts";

const sound = "audio<opus, 48kHz, mono>";
const picture = "video<vp8, 320x240, 30fps>";

/** Sound and pictures that another peer sends back. @param there options of the links to it @param within of its own */
const program = (there: string, within = ""): string => `
node Pass { in sound: audio<opus>
 in picture: video<vp8>
 out heard: ${sound}
 out seen: ${picture}
 from "./x.ts" }
interface Mirror { in sound: ${sound}
 in picture: ${picture}
 out heard: ${sound}
 out seen: ${picture} }
pipeline Client { in sound: ${sound}
 in picture: ${picture}
 out heard: ${sound}
 out seen: ${picture}
 remote far: Mirror { at wall.Reflect }
 sound -> far.sound ${there}
 picture -> far.picture ${there}
 far.heard -> heard ${there}
 far.seen -> seen ${there} }
pipeline Reflect: Mirror { in sound: ${sound}
 in picture: ${picture}
 out heard: ${sound}
 out seen: ${picture}
 let pass = Pass()
 sound -> pass.sound ${within}
 picture -> pass.picture ${within}
 pass.heard -> heard ${within}
 pass.seen -> seen ${within} }
peer wall { runs Reflect
 listens "webrtc://127.0.0.1:1" }
`;
const live = "with { delivery: live }";

const pass = defineNode({
  sync: true,
  open: (_, { emit }) => ({
    process({ payload, timestampUs, flags }, port) {
      void emit(port === "sound" ? "heard" : "seen", payload, { timestampUs, flags });
    },
  }),
});

/** An Opus packet of 20 ms (RFC 6716 section 3.1: CELT, full band, one frame), with its number in it. */
const packet = (seq: number, change: Partial<Frame> = {}): Frame => ({
  seq,
  timestampUs: seq * 20_000,
  epoch: 0,
  flags: 0,
  payload: Uint8Array.of(0xf8, seq >> 8, seq & 0xff, ...Array<number>(60).fill(seq & 0xff)),
  ...change,
});

/** A picture of VP8, as far as packets look into it: the first bit says whether it builds on earlier ones (RFC 6386 section 9.1). */
function vp8(seq: number, everyKey = 10, bytes = 3_000): Frame {
  const isKey = seq % everyKey === 0;
  const payload = new Uint8Array(bytes).fill(seq & 0xff);
  payload.set([isKey ? 0x10 : 0x11, seq >> 8, seq & 0xff]);
  return { seq, timestampUs: seq * 40_000, epoch: 0, flags: isKey ? FrameFlag.keyFrame : 0, payload };
}

const numberIn = ({ payload }: Frame): number => {
  const bytes = payload as Uint8Array;
  return ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
};
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

interface StageInit {
  readonly conditions?: TrackConditions;
  readonly codecs?: readonly TrackCodecName[];
  readonly seed?: number;
  /** The connections are those that the other peer has dialled; asked for each. */
  readonly returned?: () => boolean;
}

/** Both peers in memory, by a clock that is told. */
async function stage(text: string, init: StageInit = {}) {
  let network!: TrackNetwork;
  const run = await meshRun(text, { Pass: pass }, {}, (transport, clock) => {
    network = new TrackNetwork({
      clock,
      random: seededRandom(init.seed ?? 1),
      ...(init.codecs && { codecs: init.codecs }),
      ...(init.returned && { returned: init.returned }),
    });
    network.conditions = init.conditions ?? {};
    return network.on(transport);
  });
  const { session, outputs } = await run.open("Client");
  const { heard, seen } = outputs as Readonly<Record<"heard" | "seen", Collected>>;
  const streams = (): Readonly<Record<string, StreamDescription>> =>
    Object.fromEntries((session.describe().remotes[0]?.session?.streams ?? []).map((stream) => [stream.name, stream]));
  const input = (port: string): Link => session.inputs[port] as Link;
  /** As a microphone would. */
  const speak = async (from: number, until: number): Promise<void> => {
    for (let seq = from; seq < until; seq += 1) {
      input("sound").send(packet(seq));
      await run.clock.run(20);
    }
  };
  const show = async (from: number, until: number, bytes?: number, everyKey?: number): Promise<void> => {
    for (let seq = from; seq < until; seq += 1) {
      input("picture").send(vp8(seq, everyKey, bytes));
      await run.clock.run(40);
    }
  };
  const finish = async (): Promise<void> => {
    input("sound").end();
    input("picture").end();
    const { error } = await run.clock.until(session.closed);
    expect(error).toBeUndefined();
    await run.clock.until(run.mesh.close());
    // Packets may be on their way to nobody.
    await run.clock.run(1_000);
    expect(run.clock.pending).toBe(0);
  };
  return { ...run, session, heard, seen, streams, input, speak, show, finish, network };
}

// It is loaded with the first track; the clock of the tests does not wait for it.
beforeAll(() => import("../../../runtime/remote/tracks/rtp-streams.ts"));

describe("streams over media tracks", () => {
  it("R4.3 live sound and pictures move to tracks of their own, both ways: each frame once, in order, with its time", async () => {
    const { speak, show, streams, finish, heard, seen, network } = await stage(program(live), {
      conditions: { delayMs: 30 },
    });
    await Promise.all([speak(0, 60), show(0, 30)]);
    expect(Object.values(streams()).map(({ track }) => track?.mid)).toEqual(["1", "2", "3", "4"]);
    await finish();
    expect(heard.frames.map(numberIn)).toEqual(upTo(60));
    expect(seen.frames.map(numberIn)).toEqual(upTo(30));
    expect(heard.frames.map(({ seq, timestampUs }) => [seq, timestampUs])).toEqual(
      upTo(60).map((seq) => [seq, seq * 20_000]),
    );
    for (const { timestampUs, seq, flags } of seen.frames) {
      // As exactly as the RTP clock tells.
      expect(Math.abs(timestampUs - seq * 40_000)).toBeLessThan(100);
      expect(flags).toBe(seq % 10 === 0 ? FrameFlag.keyFrame : 0);
    }
    // Most went over the tracks, each of which carried one stream.
    for (const mid of ["1", "2", "3", "4"]) expect(network.sent.get(mid)).toBeGreaterThan(20);
  });

  it.each([
    { loss: 0.02, channelMs: 5 },
    { loss: 0.1, channelMs: 5 },
    { loss: 0.02, channelMs: 200 },
    { loss: 0.1, channelMs: 200 },
  ])(
    "R4.3 R5.3 where $loss is lost and channels take $channelMs ms, frames keep their times, and pictures go on with one that decodes",
    async ({ loss, channelMs }) => {
      const conditions = { loss, delayMs: 20, jitterMs: 30, channelMs };
      const { speak, show, finish, heard, seen, network, streams } = await stage(program(live), {
        conditions,
        seed: 7,
      });
      await Promise.all([speak(0, 400), show(0, 200, 900)]);
      const there = streams();
      await finish();
      const numbers = heard.frames.map(numberIn);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      // Each frame has the time that it had at first, whatever is missing before it.
      for (const frame of heard.frames) expect(frame.timestampUs).toBe(numberIn(frame) * 20_000);
      const lost = (network.lost.get("1") ?? 0) + (network.lost.get("3") ?? 0);
      expect(lost).toBeGreaterThan(0);
      // A packet may also come later than the jitter buffer waits.
      expect(numbers.length).toBeLessThanOrEqual(400 - lost);
      expect(numbers.length).toBeGreaterThanOrEqual(397 - lost);
      expect(there["heard"]?.track?.stats.packetsLost).toBeGreaterThan(0);
      const shown = seen.frames.map(numberIn);
      expect(shown).toEqual([...new Set(shown)].toSorted((a, b) => a - b));
      for (const [index, number] of shown.entries()) {
        const previous = index === 0 ? -1 : (shown[index - 1] ?? 0);
        // What was asked for again may close the hole.
        if (number !== previous + 1) expect(seen.frames[index]?.flags).toBe(FrameFlag.keyFrame);
      }
      expect(network.keyFrameRequests).toBeGreaterThan(0);
      expect(shown.length).toBeGreaterThan(45);
    },
  );

  it("R4.3 move as well where the connection is one that the other peer has dialled, which makes the tracks then", async () => {
    const { speak, show, streams, finish, heard, seen, network } = await stage(program(live), {
      conditions: { delayMs: 30 },
      returned: () => true,
    });
    await Promise.all([speak(0, 60), show(0, 30)]);
    const mids = Object.values(streams()).map(({ track }) => track?.mid);
    expect(mids.toSorted()).toEqual(["1", "2", "3", "4"]);
    await finish();
    expect(heard.frames.map(numberIn)).toEqual(upTo(60));
    expect(seen.frames.map(numberIn)).toEqual(upTo(30));
    for (const mid of ["1", "2", "3", "4"]) expect(network.sent.get(mid)).toBeGreaterThan(20);
  });

  it.each([
    ["from one of its own to one that the other peer has dialled", [false, true]],
    ["the other way round", [true, false]],
  ])("R4.3 R8.2 a session moves %s, and its tracks with it", async (_, dialled) => {
    const [first, then] = dialled;
    let isFirst = true;
    const { speak, finish, heard, streams, network } = await stage(program(live), {
      conditions: { delayMs: 10 },
      returned: () => (isFirst ? first : then) === true,
    });
    await speak(0, 30);
    expect(streams()["sound"]?.track?.mid).toEqual(expect.any(String));
    isFirst = false;
    network.sever();
    await speak(30, 130);
    expect(streams()["sound"]?.track?.mid).toEqual(expect.any(String));
    expect(streams()["heard"]?.track?.mid).toEqual(expect.any(String));
    await finish();
    expect(heard.frames.map(numberIn).slice(-40)).toEqual(upTo(130).slice(-40));
  });

  it("R4.3 what is reliable stays on its channel", async () => {
    const { speak, show, finish, heard, streams, network } = await stage(program(""), { conditions: { loss: 0.5 } });
    await Promise.all([speak(0, 30), show(0, 15)]);
    expect(Object.values(streams()).map(({ track }) => track)).toEqual([undefined, undefined, undefined, undefined]);
    await finish();
    expect(heard.frames.map(numberIn)).toEqual(upTo(30));
    expect(network.sent.size).toBe(0);
  });

  it("R4.3 that a stream is live may be known to its reader or writer on the other side alone", async () => {
    const { speak, show, finish, heard, streams } = await stage(program("", live));
    await Promise.all([speak(0, 30), show(0, 15)]);
    expect(new Set(Object.values(streams()).map(({ track }) => track?.mid))).toEqual(new Set(["1", "2", "3", "4"]));
    await finish();
    expect(heard.frames.map(numberIn)).toEqual(upTo(30));
  });

  it("R5.3 a codec that one side cannot carry over tracks stays on its channel", async () => {
    const { speak, show, finish, heard, seen, streams, network } = await stage(program(live), { codecs: ["opus"] });
    await Promise.all([speak(0, 30), show(0, 15)]);
    expect(streams()["sound"]?.track?.mid).toBe("1");
    expect(streams()["picture"]?.track).toBeUndefined();
    await finish();
    expect([heard.frames.map(numberIn), seen.frames.map(numberIn)]).toEqual([upTo(30), upTo(15)]);
    expect([...network.sent.keys()]).toEqual(["1", "2"]);
  });

  it("R4.3 segments begin and end where they did, also where their packets are lost", async () => {
    const { segmentStart, segmentEnd } = FrameFlag;
    const marked = (seq: number): number => (seq % 10 === 0 ? segmentStart : seq % 10 === 9 ? segmentEnd : 0);
    const { input, clock, finish, heard, network } = await stage(program(live), { conditions: { delayMs: 10 } });
    for (let seq = 0; seq < 60; seq += 1) {
      // The end of the segments that begin at 20 and at 30 gets lost on its way to the other side.
      network.conditions = { delayMs: 10, loss: seq === 29 || seq === 39 ? 1 : 0 };
      input("sound").send(packet(seq, { flags: marked(seq) }));
      await clock.run(seq === 29 || seq === 39 ? 5 : 20);
      network.conditions = { delayMs: 10 };
      if (seq === 29 || seq === 39) await clock.run(15);
    }
    await finish();
    const ends = heard.frames.filter(({ flags }) => (flags & segmentEnd) !== 0);
    const starts = heard.frames.filter(({ flags }) => (flags & segmentStart) !== 0);
    expect(starts.map(({ timestampUs }) => timestampUs / 20_000)).toEqual([0, 10, 20, 30, 40, 50]);
    expect(ends).toHaveLength(6);
    expect(ends.map(({ timestampUs }) => Math.round(timestampUs / 20_000))).toEqual([9, 19, 29, 39, 49, 59]);
  });

  it("R4.3 what is sent faster than it plays goes out as it plays, and none of it is lost", async () => {
    const { speak, input, clock, finish, heard, network } = await stage(
      program("with { delivery: live, buffer: 500 }"),
    );
    await speak(0, 10);
    const before = network.sent.get("1") ?? 0;
    for (let seq = 10; seq < 110; seq += 1) input("sound").send(packet(seq));
    await clock.run(1_000);
    const after = network.sent.get("1") ?? 0;
    // A second of it, and what may go ahead of its time.
    expect(after - before).toBeGreaterThanOrEqual(48);
    expect(after - before).toBeLessThanOrEqual(56);
    await clock.run(1_500);
    await finish();
    expect(heard.frames.map(numberIn)).toEqual(upTo(110));
  });

  it("R4.3 a pause in which media time stands still is none on the track, and what follows keeps its own time", async () => {
    const { speak, clock, finish, heard } = await stage(program(live), { conditions: { delayMs: 10 } });
    await speak(0, 20);
    await clock.run(3_000);
    await speak(20, 40);
    await finish();
    expect(heard.frames.map(({ timestampUs }) => timestampUs / 20_000)).toEqual(upTo(40));
  });

  it("R4.3 R8.2 when the connection breaks, streams are on the channels of the next one, and then on new tracks", async () => {
    const { speak, finish, heard, streams, network } = await stage(program(live), { conditions: { delayMs: 10 } });
    await speak(0, 30);
    expect(streams()["sound"]?.track?.mid).toBe("1");
    network.sever();
    await speak(30, 130);
    expect(streams()["sound"]?.track?.mid).toBe("1");
    await finish();
    const numbers = heard.frames.map(numberIn);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(numbers.slice(0, 25)).toEqual(upTo(25));
    expect(numbers.at(-1)).toBe(129);
    // What was on its way is lost, and what the queue of a live link gives up; not what comes when the new connection is there.
    expect(numbers.slice(-40)).toEqual(upTo(130).slice(-40));
  });

  it("R4.3 a reader that has lost a picture has the source asked for a key frame, and gets it before what is kept", async () => {
    const { show, input, clock, finish, seen, network } = await stage(program(live), { conditions: { delayMs: 10 } });
    let asked = 0;
    let isWanted = false;
    input("picture").onKeyFrameRequest?.(() => {
      asked += 1;
      isWanted = true;
      return true;
    });
    await show(0, 20, 3_000, 1_000);
    expect(asked).toBe(0);
    // So many are lost that sending the packets again does not help.
    network.conditions = { delayMs: 10, loss: 1 };
    await show(20, 32, 3_000, 1_000);
    network.conditions = { delayMs: 10 };
    for (let seq = 32; seq < 120; seq += 1) {
      const frame = vp8(seq, isWanted ? 1 : 1_000);
      isWanted = false;
      input("picture").send(frame);
      await clock.run(40);
    }
    await finish();
    expect(asked).toBeGreaterThan(0);
    const numbers = seen.frames.map(numberIn);
    const after = numbers.filter((number) => number >= 32);
    const keys = seen.frames.filter((frame) => (frame.flags & FrameFlag.keyFrame) !== 0).map(numberIn);
    expect(keys).toHaveLength(2);
    // Pictures go on with the one that was asked for, and none is missing from there.
    expect(after[0]).toBe(keys[1]);
    expect(after).toEqual(upTo(120).slice(keys[1]));
    expect(keys[1]).toBeLessThan(60);
  });

  it("R4.3 pictures that are on their channel get a key frame of the source, with which they move to their track", async () => {
    const { input, clock, finish, seen, network } = await stage(program(live), { conditions: { delayMs: 10 } });
    const asked: number[] = [];
    let isWanted = false;
    input("picture").onKeyFrameRequest?.(() => {
      isWanted = true;
      return true;
    });
    const film = async (from: number, until: number): Promise<void> => {
      for (let seq = from; seq < until; seq += 1) {
        if (isWanted) asked.push(seq);
        input("picture").send(vp8(seq, isWanted ? 1 : 1_000));
        isWanted = false;
        await clock.run(40);
      }
    };
    const packets = (): number => [...network.sent.values()].reduce((sum, count) => sum + count, 0);
    await film(0, 20);
    // The next connection has no tracks at first.
    network.sever();
    await film(20, 80);
    expect(asked.length).toBeGreaterThan(0);
    const before = packets();
    await film(80, 120);
    // Three packets a picture, there and back.
    expect(packets() - before).toBeGreaterThan(200);
    await finish();
    const numbers = seen.frames.map(numberIn);
    expect(numbers.slice(-40)).toEqual(upTo(120).slice(-40));
    // It came in time, once for each of the two ways that a picture goes, and no more.
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  it("R4.3 a page that looks at pictures gets the first one as well, which may be the only one that decodes by itself", async () => {
    const film = `
node Reel { out picture: ${picture}
 from "./x.ts" }
interface Film { out seen: ${picture} }
pipeline Client { out seen: ${picture}
 remote far: Film { at wall.Play }
 far.seen -> seen }
pipeline Play: Film { out seen: ${picture}
 Reel() -> seen }
peer wall { runs Play
 listens "webrtc://127.0.0.1:1" }
`;
    const reel = defineNode({
      open: (_, { emit, clock, signal }) => ({
        async run() {
          for (let seq = 0; !signal.aborted; seq += 1) {
            const { payload, timestampUs, flags } = vp8(seq, 1_000);
            await emit("picture", payload, { timestampUs, flags });
            await new Promise<void>((resolve) => clock.schedule(40, resolve));
          }
        },
      }),
    });
    let network!: TrackNetwork;
    const { open, clock, mesh } = await meshRun(film, { Reel: reel }, {}, (transport, clock) => {
      network = new TrackNetwork({ clock, random: seededRandom(1), toPage: true });
      return network.on(transport);
    });
    const { session } = await open("Client");
    await clock.run(200);
    expect(await session.tracks?.receive("seen", () => undefined)).toBe(true);
    await clock.run(200);
    // The picture at the start, what has followed it, and what follows now.
    expect(network.sent.get("1")).toBeGreaterThan(3 * 8);
    await clock.until(session.close());
    await clock.until(mesh.close());
  });
});
