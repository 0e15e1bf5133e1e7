import { describe, expect, it } from "vitest";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { MediaTrack, MediaTracks, PlatformTrack, TrackRequest } from "../../../runtime/interface/track.ts";
import type { StreamSink } from "../../../runtime/remote/stream-sink.ts";
import type { StreamSource } from "../../../runtime/remote/stream-source.ts";
import { SessionTracks } from "../../../runtime/remote/tracks/session-tracks.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";

const sound: FlowType = { kind: "audio", dims: { codec: ["opus"], rate: [48_000], channels: [1] } };
const microphone = { kind: "audio" } as unknown as PlatformTrack;

/** A connection of a browser, which answers for its tracks when it is told to. */
class Connection implements MediaTracks {
  readonly carries = "platform";
  readonly codecs = ["opus"] as const;
  readonly adds = true;
  readonly voice = { kind: "audio" } as unknown as PlatformTrack;
  /** What its tracks send now. */
  readonly sent: (PlatformTrack | null)[] = [];
  readonly asked: { readonly give: () => void; readonly refuse: () => void }[] = [];

  add({ direction, codec }: TrackRequest): Promise<MediaTrack> {
    return new Promise((resolve, reject) => {
      const made = {
        mid: "1",
        direction,
        codec: { name: codec },
        platformTrack: direction === "recvonly" ? this.voice : undefined,
        replaceTrack: async (track: PlatformTrack | null) => void this.sent.push(track),
        release: () => undefined,
      };
      this.asked.push({
        give: () => resolve(made as unknown as MediaTrack),
        refuse: () => reject(new MeshError("peer-lost", "The other side takes no media track.")),
      });
    });
  }

  take(): undefined {
    return undefined;
  }
}

/** A session of a page that has one input and one output, over its first connection. */
function session() {
  const first = new Connection();
  const tracks = new SessionTracks({
    tracks: first,
    role: "caller",
    codecs: first.codecs,
    clock: realClock,
    random: seededRandom(1),
    send: () => undefined,
    fail: (error) => {
      throw error;
    },
  });
  const ends = { ended: false, useTrack: () => undefined, recordTrack: () => undefined };
  tracks.add(2, sound, { sink: { ...ends, port: "mic" } as unknown as StreamSink, source: undefined });
  tracks.add(3, sound, { sink: undefined, source: { ...ends, port: "voice" } as unknown as StreamSource });
  tracks.start(undefined);
  const told: unknown[] = [];
  return {
    first,
    tracks,
    told,
    send: () => tracks.send("mic", microphone, (isCarried) => told.push(isCarried)),
    receive: () => tracks.receive("voice", (track) => told.push(track)),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("tracks of a page while connections follow each other in one session", () => {
  it("R8.2 that are asked for in between come with the next connection", async () => {
    const { tracks, told, send, receive } = session();
    tracks.interrupt();
    expect(await Promise.all([send(), receive()])).toEqual([true, true]);
    expect(told).toEqual([]);
    const next = new Connection();
    tracks.resume(next);
    for (const { give } of next.asked) give();
    await settled();
    expect(told).toEqual(expect.arrayContaining([true, next.voice]));
    expect(next.sent).toEqual([microphone]);
  });

  it("R8.2 for which a connection was still asked when it broke come with the next one, and once", async () => {
    const { first, tracks, told, send, receive } = session();
    const answers = [send(), receive()];
    const next = new Connection();
    tracks.interrupt();
    tracks.resume(next);
    for (const { refuse } of first.asked) refuse();
    await settled();
    expect(next.asked.length).toBe(2);
    for (const { give } of next.asked) give();
    expect(await Promise.all(answers)).toEqual([true, true]);
    expect(told).not.toContain(first.voice);
    expect(told).toContain(next.voice);
    expect(new Set(next.sent)).toEqual(new Set([microphone]));
    expect(next.asked.length).toBe(2);
  });

  it("R8.2 that the next connection does not carry are told to be frames, and to be tracks again with one that does", async () => {
    const { first, tracks, told, send, receive } = session();
    const answers = [send(), receive()];
    for (const { give } of first.asked) give();
    expect(await Promise.all(answers)).toEqual([true, true]);
    expect(told.splice(0)).toEqual([first.voice]);
    tracks.interrupt();
    const second = new Connection();
    tracks.resume(second);
    for (const { refuse } of second.asked) refuse();
    await settled();
    expect(new Set(told.splice(0))).toEqual(new Set([false, undefined]));
    tracks.interrupt();
    const third = new Connection();
    tracks.resume(third);
    for (const { give } of third.asked) give();
    await settled();
    expect(told).toEqual(expect.arrayContaining([true, third.voice]));
    expect(third.sent).toEqual([microphone]);
  });

  it("are frames where the session ends while it is interrupted", async () => {
    const { first, tracks, told, send, receive } = session();
    const answers = [send(), receive()];
    tracks.interrupt();
    tracks.close();
    for (const { refuse } of first.asked) refuse();
    expect(await Promise.all(answers)).toEqual([false, false]);
    expect(told).toEqual([]);
  });
});
