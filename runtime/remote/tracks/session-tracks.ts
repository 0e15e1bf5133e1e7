import { fixedValue, type FlowType } from "../../interface/caps.ts";
import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Random } from "../../interface/random.ts";
import type { LivePorts, PlatformTracks } from "../../interface/session.ts";
import type { MediaTrack, MediaTracks, PlatformTrack, TrackCodecName, TrackStats } from "../../interface/track.ts";
import type { ControlMessage } from "../messages.ts";
import type { StreamSink, TrackOutlet } from "../stream-sink.ts";
import type { StreamSource, TrackInlet } from "../stream-source.ts";
import { Pace } from "./pace.ts";
import type * as rtpStreams from "./rtp-streams.ts";

export type TrackMessage = Extract<ControlMessage, { type: "track" }>;

export interface SessionTracksInit {
  /** Of the connection in use. */
  readonly tracks: MediaTracks;
  readonly role: "caller" | "host";
  /** What both sides can carry. */
  readonly codecs: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (message: TrackMessage) => void;
  /** The other side broke the protocol. */
  readonly fail: (error: MeshError) => void;
}

/** A stream that may go over a track. */
interface Stream {
  readonly id: number;
  readonly codec: TrackCodecName;
  readonly channels: number;
  readonly sink: StreamSink | undefined;
  readonly source: StreamSource | undefined;
  /** This side would like it to. */
  isWanted: boolean;
  track: MediaTrack | undefined;
  /** A track is being made. */
  asking: Promise<MediaTrack | undefined> | undefined;
  /** What the program sends, where tracks are those of the platform. */
  sent: SentTrack | undefined;
  /** Where the program takes what comes, likewise. */
  onTrack: OnTrack | undefined;
}

type OnTrack = Parameters<PlatformTracks["receive"]>[1];

interface SentTrack {
  readonly track: PlatformTrack;
  readonly onCarried: (isCarried: boolean) => void;
}

/**
 * The streams of a session that go over media tracks. Each begins on its channel and moves over when the track is there, at a frame where
 * it can; when the track goes, with its connection or because nobody wants it, it is on its channel again. The side that
 * has dialled the connection makes the tracks, for it makes the offers, and that is the caller but where a connection is used both
 * ways; the other side says what it would like.
 */
export class SessionTracks implements PlatformTracks {
  readonly #init: SessionTracksInit;
  readonly #pace = new Pace();
  readonly #streams = new Map<number, Stream>();
  /** Of the connection in use; undefined while there is none, or where it carries none. */
  #tracks: MediaTracks | undefined;
  #rtp: Promise<typeof rtpStreams> | undefined;
  #group: rtpStreams.SyncGroup | undefined;
  /** The other side knows what this one would like, and remembers it for all connections to come. */
  #asked = false;
  #closed = false;

  constructor(init: SessionTracksInit) {
    this.#init = init;
    this.#tracks = init.tracks;
  }

  /** What both sides can carry. */
  get codecs(): readonly string[] {
    return this.#init.codecs;
  }

  /** A stream of the session; one of another kind is left where it is. */
  add(id: number, type: FlowType, ends: Pick<Stream, "sink" | "source">): void {
    const codec = trackCodecOf(type);
    if (codec === undefined || !this.#init.codecs.includes(codec)) {
      ends.sink?.forget();
      return;
    }
    const channels = fixedValue(type, "channels");
    const stream: Stream = {
      id,
      codec,
      channels: typeof channels === "number" ? channels : 1,
      ...ends,
      isWanted: false,
      track: undefined,
      asking: undefined,
      sent: undefined,
      onTrack: undefined,
    };
    this.#streams.set(id, stream);
    if (ends.sink !== undefined && codec !== "opus") void this.#remember(ends.sink, codec);
  }

  /** The session is open. @param live the ports whose streams this side would like to go over tracks */
  start(live: LivePorts | undefined): void {
    const { role } = this.#init;
    const inputs = new Set(live?.inputs);
    const outputs = new Set(live?.outputs);
    for (const stream of this.#streams.values()) {
      const isInput = (role === "caller") === (stream.sink !== undefined);
      const port = (stream.sink ?? stream.source)?.port ?? "";
      if (!(isInput ? inputs : outputs).has(port)) continue;
      stream.isWanted = true;
      if (this.#gives && this.#tracks?.carries === "rtp") void this.#give(stream, false);
    }
    if (!this.#gives) this.#ask();
  }

  get #gives(): boolean {
    return this.#tracks?.adds ?? this.#init.role === "caller";
  }

  /** Tells the side that makes the tracks which streams this one would like to have any. */
  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    for (const stream of this.#streams.values()) {
      if (stream.isWanted) this.#init.send({ type: "track", channel: stream.id });
    }
  }

  /** @throws {MeshError} `protocol-violation` */
  onMessage({ channel, mid, late = false }: TrackMessage): void {
    const stream = this.#streams.get(channel);
    if (stream === undefined) {
      throw new MeshError(
        "protocol-violation",
        `The other peer spoke of a track for channel ${channel}, which has none.`,
      );
    }
    if (this.#gives) {
      if (mid !== undefined) throw new MeshError("protocol-violation", "Only the side that has dialled gives tracks.");
      stream.isWanted = true;
      // In a page frames do not come out of tracks: it is for the program there to ask for one.
      if (this.#tracks?.carries === "rtp") void this.#give(stream, false);
      return;
    }
    if (mid === undefined) {
      this.#drop(stream);
      return;
    }
    const track = this.#tracks?.take(mid);
    const direction = stream.sink === undefined ? "recvonly" : "sendonly";
    if (track === undefined || track.direction !== direction || track.codec.name !== stream.codec) {
      track?.release();
      throw new MeshError(
        "protocol-violation",
        `The other peer gave channel ${channel} the track "${mid}", which is none for it.`,
      );
    }
    this.#drop(stream);
    stream.track = track;
    this.#carry(stream, track, late).catch((error: unknown) => this.#init.fail(MeshError.from(error)));
  }

  // ---- tracks of the platform --------------------------------------------------------------------------------------

  async send(input: string, track: PlatformTrack | null, onCarried: SentTrack["onCarried"]): Promise<boolean> {
    const stream = this.#platformStream(input, "sink");
    if (stream === undefined) return false;
    const sent = track === null ? undefined : { track, onCarried };
    stream.sent = sent;
    if (sent === undefined) {
      await stream.track?.replaceTrack(null);
      return true;
    }
    const made = await this.#obtain(stream, false);
    // Meanwhile another one may have been asked for.
    if (made !== undefined && stream.sent === sent) await made.replaceTrack(track);
    // Between two connections the next one gets it.
    const isSent = made !== undefined || this.#isInterrupted;
    if (!isSent) stream.sent = undefined;
    return isSent;
  }

  async receive(output: string, onTrack: OnTrack): Promise<boolean> {
    const stream = this.#platformStream(output, "source");
    if (stream === undefined) return false;
    stream.onTrack = onTrack;
    const track = await this.#obtain(stream, true);
    if (track?.platformTrack !== undefined) onTrack(track.platformTrack);
    const isTaken = track !== undefined || this.#isInterrupted;
    if (!isTaken) stream.onTrack = undefined;
    return isTaken;
  }

  /** The track of a stream. A connection that comes while another one is asked is asked in its place. */
  async #obtain(stream: Stream, late: boolean): Promise<MediaTrack | undefined> {
    for (;;) {
      const tracks = this.#tracks;
      const track = stream.track ?? (await this.#give(stream, late));
      if (track !== undefined || this.#tracks === tracks || this.#tracks === undefined) return track;
    }
  }

  get #isInterrupted(): boolean {
    return this.#tracks === undefined && !this.#closed;
  }

  /** Browsers send one channel and play one, unless descriptions say more than they may be told. */
  #platformStream(port: string, end: "sink" | "source"): Stream | undefined {
    if (this.#init.tracks.carries !== "platform") return undefined;
    return [...this.#streams.values()].find((stream) => stream[end]?.port === port && stream.channels === 1);
  }

  // ---- connections -------------------------------------------------------------------------------------------------

  /** The connection broke, and its tracks with it. */
  interrupt(): void {
    this.#tracks = undefined;
    for (const stream of this.#streams.values()) {
      stream.track = undefined;
      // What the last connection was asked for does not come any more; the next one is asked again.
      stream.asking = undefined;
    }
  }

  /** The session goes on over another connection. */
  resume(tracks: MediaTracks | undefined): void {
    this.#tracks = tracks;
    if (tracks === undefined || this.#closed) return;
    if (!tracks.adds) {
      this.#ask();
      return;
    }
    for (const stream of this.#streams.values()) {
      if (tracks.carries === "rtp" ? stream.isWanted : stream.sent !== undefined || stream.onTrack !== undefined) {
        void this.#giveAgain(stream, tracks);
      }
    }
  }

  /** The ends of the streams let their tracks go by themselves. */
  close(): void {
    this.#closed = true;
    this.#tracks = undefined;
  }

  async #giveAgain(stream: Stream, tracks: MediaTracks): Promise<void> {
    const track = await this.#give(stream, stream.onTrack !== undefined);
    // Whatever comes after this connection is asked as well.
    if (this.#tracks !== tracks) return;
    const { sent, onTrack } = stream;
    if (sent !== undefined) await track?.replaceTrack(sent.track);
    sent?.onCarried(track !== undefined);
    onTrack?.(track?.platformTrack);
  }

  // ---- giving a stream its track -----------------------------------------------------------------------------------

  /** Of the side that makes the tracks. Never rejects. @returns undefined when there is none to be had: the stream stays on its channel */
  #give(stream: Stream, late: boolean): Promise<MediaTrack | undefined> {
    if (stream.asking !== undefined) return stream.asking;
    const asking = this.#make(stream, late)
      .catch(() => undefined)
      .finally(() => {
        if (stream.asking === asking) stream.asking = undefined;
      });
    stream.asking = asking;
    return asking;
  }

  async #make(stream: Stream, late: boolean): Promise<MediaTrack | undefined> {
    const tracks = this.#tracks;
    if (tracks === undefined || stream.track !== undefined) return stream.track;
    const { id, codec, sink, source } = stream;
    const direction = source === undefined ? "sendonly" : "recvonly";
    const track = await tracks.add({ direction, codec });
    if (this.#tracks !== tracks || sink?.ended === true || source?.ended === true) {
      track.release();
      return undefined;
    }
    stream.track = track;
    this.#init.send({ type: "track", channel: id, mid: track.mid, ...(late && { late }) });
    await this.#carry(stream, track, late);
    return track;
  }

  async #carry(stream: Stream, track: MediaTrack, late: boolean): Promise<void> {
    const { sink, source } = stream;
    if (this.#tracks?.carries === "platform") {
      if (sink !== undefined) {
        sink.useTrack(platformOutlet(track));
        sink.recordTrack(track.mid);
      }
      source?.useTrack(platformInlet(track));
      return;
    }
    const { clock, random } = this.#init;
    const rtp = await this.#loadRtp();
    if (stream.track !== track) {
      track.release();
      return;
    }
    if (source !== undefined) {
      this.#group ??= new rtp.SyncGroup();
      const onFrame = (frame: Parameters<StreamSource["takeFromTrack"]>[0]): void => source.takeFromTrack(frame);
      source.useTrack(new rtp.TrackReader({ track, clock, group: this.#group, onFrame }));
    }
    if (sink === undefined) return;
    sink.useTrack(
      new rtp.TrackWriter({
        track,
        clock,
        random,
        pace: this.#pace,
        cache: sink.memory,
        late,
        position: sink.position,
        record: (bytes) => sink.record(bytes),
        onRoom: () => sink.trackHasRoom(),
        requestKeyFrame: () => sink.requestKeyFrame(),
      }),
    );
  }

  #drop(stream: Stream): void {
    stream.track = undefined;
    stream.sink?.useTrack(undefined);
    stream.source?.useTrack(undefined);
  }

  async #remember(sink: StreamSink, codec: TrackCodecName): Promise<void> {
    sink.rememberAll();
    const { PictureMemory } = await this.#loadRtp();
    const memory = new PictureMemory(codec);
    sink.remember(memory.cache, (frame) => memory.add(frame));
  }

  #loadRtp(): Promise<typeof rtpStreams> {
    this.#rtp ??= import("./rtp-streams.ts");
    return this.#rtp;
  }
}

/** The codec by which a stream of a type may go over a track; undefined for all others. */
export function trackCodecOf(type: FlowType): TrackCodecName | undefined {
  if (type.kind !== "audio" && type.kind !== "video") return undefined;
  const codec = fixedValue(type, "codec");
  if (type.kind === "audio") return codec === "opus" ? codec : undefined;
  return codec === "vp8" || codec === "h264" ? codec : undefined;
}

/** True when a stream of a type may settle on a codec of tracks. */
export function mayUseTracks(type: FlowType, codecs: readonly TrackCodecName[]): boolean {
  if (type.kind !== "audio" && type.kind !== "video") return false;
  const { codec } = type.dims;
  return codec === undefined || ("length" in codec && codec.some((one) => codecs.some((name) => name === one)));
}

/** What the browser says of a track. It does not count frames of sound, and puts one in each packet. */
function countedOf(stats: TrackStats): { readonly frames: number; readonly bytes: number } {
  const { framesSent, framesReceived, packetsSent, packetsReceived, bytesSent, bytesReceived } = stats;
  return {
    frames: framesSent ?? framesReceived ?? packetsSent ?? packetsReceived ?? 0,
    bytes: bytesSent ?? bytesReceived ?? 0,
  };
}

/** While a program sends a track, there are no frames. */
function platformOutlet(track: MediaTrack): TrackOutlet {
  return {
    mid: track.mid,
    active: true,
    writable: true,
    queued: 0,
    get stats() {
      return track.stats;
    },
    get counted() {
      return countedOf(track.stats);
    },
    take: () => true,
    flush: () => undefined,
    end: (done) => done(),
    close: () => track.release(),
  };
}

function platformInlet(track: MediaTrack): TrackInlet {
  return {
    mid: track.mid,
    get stats() {
      return track.stats;
    },
    get counted() {
      return countedOf(track.stats);
    },
    mark: () => undefined,
    // The platform decodes, and asks by itself.
    requestKeyFrame: () => undefined,
    end: (done) => done(),
    close: () => track.release(),
  };
}
