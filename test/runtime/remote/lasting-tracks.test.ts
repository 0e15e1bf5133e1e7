import { describe, expect, it } from "vitest";
import type { PipelineSession, PlatformTracks } from "../../../runtime/interface/session.ts";
import type { PlatformTrack } from "../../../runtime/interface/track.ts";
import { LastingTracks } from "../../../runtime/remote/lasting-tracks.ts";

const microphone = { kind: "audio" } as unknown as PlatformTrack;
const camera = { kind: "video" } as unknown as PlatformTrack;
const voice = { kind: "audio" } as unknown as PlatformTrack;

/** @param carries undefined: its peer has no tracks at all */
function session(carries: boolean | undefined) {
  const sent: unknown[] = [];
  const tracks: PlatformTracks = {
    send: async (input, track) => {
      sent.push([input, track]);
      return carries === true;
    },
    receive: async (_, onTrack) => {
      if (carries === true) onTrack(voice);
      return carries === true;
    },
  };
  return { sent, session: { tracks: carries === undefined ? undefined : tracks } as unknown as PipelineSession };
}

/** All that was told, after what is under way. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("tracks of a page over sessions that follow each other", () => {
  it.each([false, undefined])(
    "R8.3 go on as frames with one that carries none, and as tracks with the next that does",
    async (none) => {
      const tracks = new LastingTracks();
      const told: unknown[] = [];
      tracks.attach(session(true).session);
      expect(await tracks.send("mic", microphone, (isCarried) => told.push(isCarried))).toBe(true);
      expect(await tracks.receive("voice", (track) => told.push(track))).toBe(true);
      expect(told.splice(0)).toEqual([voice]);
      tracks.attach(session(none).session);
      await settled();
      expect(told.splice(0)).toEqual([false, undefined]);
      const third = session(true);
      tracks.attach(third.session);
      await settled();
      expect(told.splice(0)).toEqual(expect.arrayContaining([true, voice]));
      expect(third.sent).toEqual([["mic", microphone]]);
    },
  );

  it("are offered to a later session though none has carried them yet", async () => {
    const tracks = new LastingTracks();
    const told: unknown[] = [];
    expect(await tracks.send("mic", microphone, (isCarried) => told.push(isCarried))).toBe(false);
    expect(await tracks.receive("voice", (track) => told.push(track))).toBe(false);
    tracks.attach(session(true).session);
    await settled();
    expect(told).toEqual(expect.arrayContaining([true, voice]));
  });

  it("are forgotten when they are taken away or exchanged", async () => {
    const tracks = new LastingTracks();
    const told: unknown[] = [];
    tracks.attach(session(true).session);
    await tracks.send("mic", microphone, () => told.push("microphone"));
    await tracks.send("mic", camera, () => told.push("camera"));
    await tracks.send("other", microphone, () => told.push("other"));
    await tracks.send("other", null, () => told.push("none"));
    const next = session(true);
    tracks.attach(next.session);
    await settled();
    expect(told).toEqual(["camera"]);
    expect(next.sent).toEqual([["mic", camera]]);
  });

  it("are answered for the session that is there when the answer comes", async () => {
    const tracks = new LastingTracks();
    let answer: (isCarried: boolean) => void = () => undefined;
    const slow: PlatformTracks = {
      send: () => new Promise((resolve) => (answer = resolve)),
      receive: async () => false,
    };
    tracks.attach({ tracks: slow } as unknown as PipelineSession);
    const told: boolean[] = [];
    const sending = tracks.send("mic", microphone, (isCarried) => told.push(isCarried));
    tracks.attach(session(false).session);
    answer(true);
    expect(await sending).toBe(false);
    await settled();
    expect(told).toEqual([false]);
  });
});
