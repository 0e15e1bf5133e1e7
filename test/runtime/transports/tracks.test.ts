import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { MediaTrack } from "../../../runtime/interface/track.ts";
import { isRtcp } from "../../../runtime/media/rtp-packet.ts";
import { ntpFromWall, readRtcp, type RtcpPacket } from "../../../runtime/media/rtcp.ts";
import type { Connection, Listener } from "../../../runtime/interface/transport.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import type { WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { descriptionPieces } from "../../../runtime/transports/webrtc/renegotiation.ts";
import { ConnectionTracks, maxTracks } from "../../../runtime/transports/webrtc/tracks.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { realClock } from "../../conformance/real-clock.ts";

/** An RTP packet (RFC 3550 section 5.1); SSRC and payload type are for the engine to set. */
function rtp(seq: number, timestamp: number, payload: readonly number[]): Uint8Array {
  const packet = new Uint8Array(12 + payload.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x80);
  view.setUint16(2, seq);
  view.setUint32(4, timestamp);
  packet.set(payload, 12);
  return packet;
}

/** What the timestamps of packets stand for: half a second past a full one, in microseconds since 1970. */
const wallUs = Date.UTC(2026, 0, 2, 3, 4, 5, 500) * 1_000;

/** What a packet carries, whatever the engine has put before it. */
function read(packet: Uint8Array): { seq: number; timestamp: number; type: number; payload: readonly number[] } {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const hasExtension = (view.getUint8(0) & 0x10) !== 0;
  const start = hasExtension ? 16 + view.getUint16(14) * 4 : 12;
  const type = view.getUint8(1) & 0x7f;
  return { seq: view.getUint16(2), timestamp: view.getUint32(4), type, payload: [...packet.subarray(start)] };
}

/** Collects what a track gets. */
function collect(track: MediaTrack): { readonly got: ReturnType<typeof read>[]; until(count: number): Promise<void> } {
  const got: ReturnType<typeof read>[] = [];
  let look = (): void => undefined;
  track.onRtp((packet) => {
    if (isRtcp(packet)) return;
    got.push(read(packet));
    look();
  });
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      look = () => (got.length >= count ? resolve() : undefined);
      look();
    });
  return { got, until };
}

interface Pair {
  readonly ours: Connection;
  readonly theirs: Connection;
  readonly listener: Listener;
  close(): Promise<void>;
}

async function connected(engine: WebrtcEngine = weriftEngine()): Promise<Pair> {
  let accept: (connection: Connection) => void = () => undefined;
  const accepted = new Promise<Connection>((resolve) => (accept = resolve));
  const listener = await weriftTransport().listen("webrtc://127.0.0.1:0", accept);
  const ours = await weriftTransport({ engine }).dial(`${listener.address}/Tracks`, {
    signal: new AbortController().signal,
  });
  const close = async (): Promise<void> => {
    await ours.close();
    await listener.close();
  };
  return { ours, theirs: await accepted, listener, close };
}

const taken = (connection: Connection, { mid }: MediaTrack): MediaTrack => connection.tracks?.take(mid) as MediaTrack;
const tracksOf = ({ tracks }: Connection): NonNullable<Connection["tracks"]> => tracks as NonNullable<typeof tracks>;

describe("media tracks between two peers in Node", () => {
  let pair: Pair;
  beforeAll(async () => void (pair = await connected()));
  afterAll(() => pair?.close());

  it("R4.3 several tracks are added at once, in both directions, each with packets of its own", async () => {
    const { ours, theirs } = pair;
    const requests = [
      { direction: "sendonly", codec: "opus" },
      { direction: "sendonly", codec: "opus" },
      { direction: "recvonly", codec: "vp8" },
      { direction: "sendonly", codec: "h264" },
    ] as const;
    const made = await Promise.all(requests.map((request) => tracksOf(ours).add(request)));
    expect(new Set(made.map(({ mid }) => mid)).size).toBe(requests.length);
    // One exchange of descriptions for all of them.
    expect(ours.describe().localDescription?.match(/^m=(audio|video)/gm)).toHaveLength(requests.length);
    for (const [index, track] of made.entries()) {
      const other = taken(theirs, track);
      expect(other.codec).toEqual(track.codec);
      expect(track.codec.name).toBe(requests[index]?.codec);
      const [writer, reader] = track.direction === "sendonly" ? [track, other] : [other, track];
      const { got, until } = collect(reader);
      for (const seq of [0, 1, 2]) writer.sendRtp(rtp(seq, seq * 960, [0x10, index, seq]), wallUs);
      await until(3);
      expect(got).toEqual(
        [0, 1, 2].map((seq) => ({
          seq,
          timestamp: seq * 960,
          type: track.codec.payloadType,
          payload: [0x10, index, seq],
        })),
      );
    }
    for (const track of made) track.release();
  });

  it("R4.3 a track that is not needed any more is kept for the next stream of its kind", async () => {
    const { ours, theirs } = pair;
    const first = await tracksOf(ours).add({ direction: "sendonly", codec: "opus" });
    const before = ours.describe().localDescription;
    first.release();
    const second = await tracksOf(ours).add({ direction: "sendonly", codec: "opus" });
    expect([second.mid, ours.describe().localDescription]).toEqual([first.mid, before]);
    const { got, until } = collect(taken(theirs, second));
    first.sendRtp(rtp(1, 0, [1]), wallUs);
    second.sendRtp(rtp(2, 0, [2]), wallUs);
    await until(1);
    expect(got.map(({ payload }) => payload)).toEqual([[2]]);
    second.release();
  });

  it("R4.3 tracks are added while packets of others flow, and the control channel stays open", async () => {
    const { ours, theirs } = pair;
    const steady = await tracksOf(ours).add({ direction: "sendonly", codec: "opus" });
    const { got, until } = collect(taken(theirs, steady));
    const adding = [
      tracksOf(ours).add({ direction: "recvonly", codec: "opus" }),
      tracksOf(ours).add({ direction: "recvonly", codec: "h264" }),
    ];
    for (const seq of Array.from({ length: 20 }, (_, index) => index)) {
      steady.sendRtp(rtp(seq, seq * 960, [seq]), wallUs);
      await until(seq + 1);
    }
    await Promise.all(adding);
    steady.sendRtp(rtp(20, 20 * 960, [20]), wallUs);
    await until(21);
    expect(got.map(({ payload }) => payload[0])).toEqual(Array.from({ length: 21 }, (_, index) => index));
    const heard = new Promise<Uint8Array>((resolve) => theirs.control.onMessage(resolve));
    ours.control.send(Uint8Array.of(1, 2, 3));
    expect(await heard).toEqual(Uint8Array.of(1, 2, 3));
    steady.release();
  });

  it("R4.3 packets that come before the reader listens wait for it", async () => {
    const { ours, theirs } = pair;
    const track = await tracksOf(ours).add({ direction: "sendonly", codec: "vp8" });
    const other = await tracksOf(ours).add({ direction: "sendonly", codec: "opus" });
    const later = collect(taken(theirs, other));
    track.sendRtp(rtp(9, 90, [0x10, 7]), wallUs);
    other.sendRtp(rtp(1, 1, [1]), wallUs);
    // They go over one path, in order.
    await later.until(1);
    const { got, until } = collect(taken(theirs, track));
    await until(1);
    expect(got.map(({ payload }) => payload)).toEqual([[0x10, 7]]);
    track.release();
    other.release();
  });

  it("R4.3 the reader of a picture asks its writer for a key frame, whichever of the two has dialled", async () => {
    const { ours, theirs } = pair;
    for (const direction of ["sendonly", "recvonly"] as const) {
      const track = await tracksOf(ours).add({ direction, codec: "vp8" });
      const other = taken(theirs, track);
      const [writer, reader] = direction === "sendonly" ? [track, other] : [other, track];
      const asked = new Promise<void>((resolve) => writer.onKeyFrameRequest(resolve));
      const { until } = collect(reader);
      writer.sendRtp(rtp(1, 0, [0x10, 1]), wallUs);
      await until(1);
      reader.requestKeyFrame();
      await asked;
      track.release();
    }
  });

  it("R4.3 the reports of a track tell for which time its timestamps stand, to the millisecond", async () => {
    const { ours, theirs } = pair;
    const track = await tracksOf(ours).add({ direction: "sendonly", codec: "opus" });
    const reported = new Promise<RtcpPacket>((resolve) => {
      taken(theirs, track).onRtp((packet) => {
        if (isRtcp(packet)) resolve(readRtcp(packet)[0] as RtcpPacket);
      });
    });
    // Not the time at which it is sent: what a slow node gives later is played with what it belongs to.
    track.sendRtp(rtp(1, 960, [1]), wallUs);
    const ntpUs = expect.closeTo(ntpFromWall(wallUs / 1_000), -3);
    expect(await reported).toMatchObject({ type: "sender-report", rtpTimestamp: 960, ntpUs });
    track.release();
  });

  it("R5.3 the state of the connection names each track, with statistics by W3C's names", async () => {
    const { ours, theirs } = pair;
    const track = await tracksOf(ours).add({ direction: "sendonly", codec: "opus" });
    const { until } = collect(taken(theirs, track));
    for (const seq of [0, 1, 2]) track.sendRtp(rtp(seq, seq * 960, [seq, seq]), wallUs);
    await until(3);
    const find = (connection: Connection) => connection.describe().tracks?.find(({ mid }) => mid === track.mid);
    await expect.poll(() => find(ours)?.stats.packetsSent).toBeGreaterThanOrEqual(3);
    await expect.poll(() => find(theirs)?.stats.packetsReceived).toBeGreaterThanOrEqual(3);
    const codec = { name: "opus", payloadType: 111, clockRate: 48_000 };
    expect(find(ours)).toMatchObject({ direction: "sendonly", codec, inUse: true });
    expect(find(theirs)).toMatchObject({ direction: "recvonly", codec, inUse: true, ssrc: find(ours)?.ssrc });
    expect(find(theirs)?.stats).toMatchObject({ packetsLost: 0 });
    track.release();
    expect(find(ours)?.inUse).toBe(false);
  });

  it("only the side that has dialled adds tracks, and only those that are there can be taken", async () => {
    const { theirs } = pair;
    await expect(tracksOf(theirs).add({ direction: "sendonly", codec: "opus" })).rejects.toThrow("has dialled");
    expect(tracksOf(theirs).take("99")).toBeUndefined();
  });

  it("who has a track next knows the last packet of the one before, and of nobody else", async () => {
    const { ours } = pair;
    const [first, other] = await Promise.all([
      tracksOf(ours).add({ direction: "sendonly", codec: "opus" }),
      tracksOf(ours).add({ direction: "sendonly", codec: "opus" }),
    ]);
    first.sendRtp(rtp(31_000, 4_000_000_000, [1]), wallUs);
    first.release();
    first.sendRtp(rtp(7, 7, [1]), wallUs);
    const second = await tracksOf(ours).add({ direction: "sendonly", codec: "opus" });
    expect(second.mid).toBe(first.mid);
    expect(second.lastSent).toMatchObject({ sequenceNumber: 31_000, rtpTimestamp: 4_000_000_000 });
    expect(other.lastSent?.sequenceNumber).not.toBe(31_000);
    second.release();
    other.release();
  });
});

/** Tracks whose engine does nothing, to be told what another side says. */
function alone(role: "offerer" | "answerer"): { readonly tracks: ConnectionTracks; readonly said: string[] } {
  const said: string[] = [];
  const never = (): Promise<never> => new Promise(() => undefined);
  const peer = {
    createOffer: async () => ({ type: "offer" as const, sdp: "v=0" }),
    setLocalDescription: async () => undefined,
  };
  const tracks = new ConnectionTracks({
    peer: { ...peer, localDescription: { sdp: "v=0" }, setRemoteDescription: never } as never,
    engine: {
      carries: "rtp",
      codecs: ["opus"],
      addTransceiver: () =>
        ({ mid: null, codec: undefined, onRtp: () => undefined, onKeyFrameRequest: () => undefined }) as never,
      acceptTransceivers: () => [],
    },
    role,
    clock: realClock(),
    send: (message) => said.push(Buffer.from(message.subarray(3)).toString()),
    tune: () => undefined,
  });
  return { tracks, said };
}

function tell(tracks: ConnectionTracks, said: Parameters<typeof descriptionPieces>[0]): string | undefined {
  try {
    for (const piece of descriptionPieces(said)) tracks.receive(piece[2] === 1, piece.subarray(3));
    return undefined;
  } catch (error) {
    return error instanceof MeshError ? error.code : String(error);
  }
}

const lines = "a=mid:0\r\na=ice-ufrag:a\r\na=ice-pwd:b\r\na=fingerprint:c\r\na=sctp-port:5000\r\n";

describe("descriptions that should not come", () => {
  it("an offer to the side that makes them, and a second one while the first is being answered", () => {
    const sdp = `v=0\r\nm=application 9\r\n${lines}`;
    expect(tell(alone("offerer").tracks, { type: "offer", id: 1, sdp })).toBe("protocol-violation");
    const { tracks } = alone("answerer");
    expect(tell(tracks, { type: "offer", id: 1, sdp })).toBeUndefined();
    expect(tell(tracks, { type: "offer", id: 2, sdp })).toBe("protocol-violation");
  });

  it("an offer with too many tracks, or without a data channel", () => {
    const many = `v=0\r\nm=application 9\r\n${lines}${"m=audio 9\r\n".repeat(maxTracks + 1)}`;
    expect(tell(alone("answerer").tracks, { type: "offer", id: 1, sdp: many })).toBe("protocol-violation");
    expect(tell(alone("answerer").tracks, { type: "offer", id: 1, sdp: "v=0\r\nm=audio 9\r\n" })).toBe(
      "protocol-violation",
    );
  });

  it("a message that never ends", () => {
    const { tracks } = alone("answerer");
    const piece = new Uint8Array(16_000).fill(0x20);
    const flood = (): void => {
      for (let count = 0; count < 20; count += 1) tracks.receive(true, piece);
    };
    expect(flood).toThrow("has more than");
  });

  it("an answer to nothing is ignored; a refusal leaves the connection without further tracks", async () => {
    const { tracks, said } = alone("offerer");
    expect(tell(tracks, { type: "answer", id: 7, sdp: "v=0" })).toBeUndefined();
    const adding = tracks.add({ direction: "sendonly", codec: "opus" });
    await expect.poll(() => said.length).toBe(1);
    expect(tell(tracks, { type: "refusal", id: 1, reason: "no room" })).toBeUndefined();
    await expect(adding).rejects.toThrow("The other side takes no media track: no room.");
    await expect(tracks.add({ direction: "sendonly", codec: "opus" })).rejects.toThrow("no room");
  });
});
