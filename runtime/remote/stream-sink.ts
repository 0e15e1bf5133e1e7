import type { FlowType } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { KeyFrameListener, Link } from "../interface/link.ts";
import type { NodeDescription, StreamDescription } from "../interface/session.ts";
import type { Cut } from "../pipeline/declared-fields.ts";
import { Waiters } from "../pipeline/waiters.ts";
import type { Channel } from "../interface/transport.ts";
import type { KeyFrameCache } from "../media/key-frame-cache.ts";
import { Burst } from "./burst.ts";
import type { CborWriter } from "./cbor/writer.ts";
import { encodeTrackMark, type EncodableFrame } from "./frame-codec.ts";
import { KeptBatches } from "./kept-batches.ts";
import { maxFrameBytes, type Window } from "./limits.ts";
import type { Progress } from "./messages.ts";
import { messageBytesOf, packedFrames, Packer, roomBytes } from "./packer.ts";
import { encodePayload } from "./payload-codec.ts";
import { describeStream, type TrackFigures } from "./stream-description.ts";

export interface StreamInit {
  readonly port: string;
  readonly channel: Channel;
  readonly type: FlowType;
  /** `WebRTC`, `Memory`: the transport's name in the names of nodes. */
  readonly transport: string;
}

export interface StreamSinkInit extends StreamInit {
  readonly clock: Clock;
  /** This side gives the stream up; the other one is to be told. */
  readonly onAbort: (error: MeshError) => void;
}

/** A media track that a stream goes over, beside its channel. */
export interface TrackOutlet extends TrackFigures {
  /** Frames go over it; before, it waits for one at which the stream can move. */
  readonly active: boolean;
  readonly writable: boolean;
  /** Frames that wait. */
  readonly queued: number;
  /** @returns false when the frame has to go over the channel yet */
  take(frame: Frame<Uint8Array>, number: number): boolean;
  flush(): void;
  /** @param done is called when all has been sent */
  end(done: () => void): void;
  close(): void;
}

/** Whom a frame is for, as it is written. */
export type FrameContext = Pick<EncodableFrame, "traceParent" | "origin">;

/** The writer of a stream that leaves this peer (spec R4.2): has room while the other side grants credits. */
export class StreamSink implements Link {
  readonly port: string;
  readonly #init: StreamSinkInit;
  #type: FlowType;
  #window: Window;
  /** What the reader could take for its own and nobody here has declared. */
  #cut: Cut | undefined;
  /** Where records go in CBOR. */
  #cbor: CborWriter | undefined;
  #frames = 0;
  #bytes = 0;
  /** Number of the next frame on the wire: above `frames` by those that were dropped before they came here. */
  #position = 0;
  /** Number that the writer gave to its last frame. */
  #lastSeq: number | undefined;
  #gaps = 0;
  #takenFrames = 0;
  #takenBytes = 0;
  readonly #packer: Packer;
  /** The channel of the connection in use; undefined while there is none. */
  #channel: Channel | undefined;
  readonly #burst: Burst;
  /** The channel that is waited for. */
  #awaited: Channel | undefined;
  /** What the reader has not confirmed yet; undefined when it need not be kept, neither to be sent again nor for its memory. */
  #kept: KeptBatches | undefined;
  /** What is kept may be sent again. */
  #isReliable = false;
  /** What is said with each frame of whom it is for. */
  #context: FrameContext = {};
  #ended = false;
  /** The end is on its way: nothing may follow it. */
  #endSent = false;
  /** The reader wants no more: frames are taken and dropped, so that they hold nobody up. */
  #discarding = false;
  #discarded = 0;
  #error: MeshError | undefined;
  readonly #waiters = new Waiters();
  #askWriter: KeyFrameListener | undefined;
  #track: TrackOutlet | undefined;
  /** Of those that went over tracks, which credits do not count. */
  #trackFrames = 0;
  #trackBytes = 0;
  /** Of pictures: what a reader who comes late needs, and what keeps it. */
  #memory: KeyFrameCache | undefined;
  #remember: ((frame: Frame<Uint8Array>) => void) | undefined;
  #early: Frame<Uint8Array>[] | undefined;

  constructor(init: StreamSinkInit, window: Window) {
    this.port = init.port;
    this.#init = init;
    this.#type = init.type;
    this.#window = window;
    this.#channel = init.channel;
    this.#burst = new Burst(init.clock, () => this.#flush());
    this.#packer = new Packer(init.channel.maxMessageBytes, packedFrames(window));
  }

  /**
   * What the reader has not confirmed, for another one in its place: the frames as they were given to `send`. Only of a stream that
   * keeps them.
   */
  unconfirmed(): readonly Frame[] {
    return this.#isReliable ? (this.#kept?.frames() ?? []) : [];
  }

  /** Resolves once nothing is `unconfirmed`. @throws why the session is over; the signal's reason */
  async confirmed(signal: AbortSignal): Promise<void> {
    while (this.#isReliable && !this.#discarding && (this.#kept?.confirmed ?? 0) < this.#frames) {
      if (this.#error !== undefined) throw this.#error;
      await this.#waiters.wait(signal);
    }
  }

  /** What the other side has settled on. */
  settle(type: FlowType, window: Window, { cut, cbor }: { readonly cut?: Cut; readonly cbor?: CborWriter } = {}): void {
    this.#type = type;
    this.#cbor = cbor;
    this.#window = window;
    this.#packer.maxFrames = packedFrames(window);
    this.#cut = cut;
    this.#waiters.wake();
  }

  get writable(): boolean {
    if (this.#discarding) return !this.#ended;
    if (this.#ended || this.#channel === undefined) return false;
    if (this.#track?.active === true) return this.#track.writable;
    return this.#hasCredit() && this.#hasRoom(this.#channel);
  }

  /** Without those that go over a track, which nobody confirms. */
  get underWay(): number {
    return this.#frames - this.#takenFrames;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    while (!this.writable) {
      signal?.throwIfAborted();
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) throw new MeshError("channel-closed", `The stream \`${this.port}\` has ended.`);
      await this.#waiters.wait(signal);
    }
  }

  send(frame: Frame): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) throw new MeshError("channel-closed", `The stream \`${this.port}\` has ended.`);
    if (this.#discarding) {
      this.#discarded += 1;
      return;
    }
    if (this.#remember !== undefined || this.#track !== undefined) {
      if (this.#viaTrack(frame as Frame<Uint8Array>)) return;
    }
    if (!this.#hasCredit())
      throw new MeshError("channel-full", `The stream \`${this.port}\` has no credit; wait for \`ready\`.`);
    const { encoding, body } = encodePayload(
      this.#cut === undefined ? frame.payload : this.#cut(frame).payload,
      this.#cbor,
    );
    if (body.length > maxFrameBytes) {
      throw new MeshError(
        "resource-exhausted",
        `Frame ${frame.seq} of \`${this.port}\` has ${body.length} bytes; ${maxFrameBytes} is the limit.`,
        { hint: "Send it in several frames." },
      );
    }
    const { flags, epoch, timestampUs } = frame;
    const gap = this.#gapBefore(frame.seq);
    const seq = this.#position + gap;
    const { traceParent, origin } = this.#context;
    const wire: EncodableFrame = { flags, epoch, seq, timestampUs, encoding, body, gap, traceParent, origin };
    this.#position = seq + 1;
    this.#gaps += gap;
    this.#frames += 1;
    this.#bytes += body.length;
    const batch = this.#packer.add(wire);
    this.#kept?.keep(batch, frame.seq - seq);
    this.#flushInTurn();
  }

  /** What is sent from now on is for this, where that is not what was said when the session was opened. */
  adopt(context: FrameContext): void {
    this.#context = context;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#discarding) {
      const end = (): void => {
        // It may have been given up while frames waited for their time.
        if (this.#error !== undefined || this.#discarding) return;
        this.#endSent = true;
        // Between two connections `resume` says it, behind what it sends again.
        if (this.#channel === undefined) return;
        this.#packer.end(this.#position);
        this.#flush();
      };
      if (this.#track?.active === true) {
        this.#track.end(() => {
          end();
          this.useTrack(undefined);
        });
      } else end();
    }
    this.#waiters.wake();
  }

  /** A new epoch has begun: of what waits for its time, nothing goes out any more. */
  flush(): void {
    this.#track?.flush();
  }

  onKeyFrameRequest(listener: KeyFrameListener): void {
    this.#askWriter = listener;
  }

  /** The reader needs a picture that decodes by itself. @returns true when somebody has been asked who may give one */
  requestKeyFrame(): boolean {
    return !this.#ended && this.#askWriter?.() === true;
  }

  // ---- media tracks ------------------------------------------------------------------------------------------------

  /** Keeps what is sent until it is known what is to be remembered: the first picture may be the only one that decodes by itself. */
  rememberAll(): void {
    if (this.#remember !== undefined) return;
    const early: Frame<Uint8Array>[] = [];
    this.#early = early;
    this.#remember = (frame) => early.push(frame);
  }

  /** From now on keeps what a reader needs who comes late. @param add is given each frame */
  remember(memory: KeyFrameCache, add: (frame: Frame<Uint8Array>) => void): void {
    this.#early?.forEach(add);
    this.#early = undefined;
    this.#memory = memory;
    this.#remember = add;
  }

  /** Nothing is to be remembered. */
  forget(): void {
    this.#early = undefined;
    this.#remember = undefined;
  }

  get memory(): KeyFrameCache | undefined {
    return this.#memory;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Number of the next frame. */
  get position(): number {
    return this.#position;
  }

  /** The stream goes over a track from now on, as soon as it can; undefined: over its channel again. */
  useTrack(track: TrackOutlet | undefined): void {
    this.#track?.close();
    this.#track = this.#ended ? undefined : track;
    if (this.#ended) track?.close();
    this.#waiters.wake();
  }

  /** Sends a record that is no frame. */
  record(bytes: Uint8Array): void {
    if (this.#channel === undefined || this.#error !== undefined || this.#endSent) return;
    this.#packer.record(bytes);
    this.#flush();
  }

  /** What is on the track is the platform's: this side does not see its packets. */
  recordTrack(mid: string): void {
    this.record(encodeTrackMark({ mid, flags: 0, epoch: 0, seq: this.#position, timestampUs: 0, rtp: undefined }));
  }

  /** The track has room again. */
  trackHasRoom(): void {
    this.#waiters.wake();
  }

  /** @returns false when the frame has to go over the channel */
  #viaTrack(frame: Frame<Uint8Array>): boolean {
    this.#remember?.(frame);
    const track = this.#track;
    if (track === undefined || this.#channel === undefined) return false;
    const { length } = frame.payload;
    // Seen without being counted: a frame that goes over the channel is counted there.
    const gap = this.#gapOf(frame.seq);
    if (!track.take(frame, this.#position + gap)) return false;
    this.#lastSeq = frame.seq;
    this.#gaps += gap;
    this.#position += gap + 1;
    this.#trackFrames += 1;
    this.#trackBytes += length;
    return true;
  }

  // ---- the end, and going on ---------------------------------------------------------------------------------------

  abort(error: MeshError): void {
    if (this.#error !== undefined) return;
    this.stop(error);
    if (!this.#discarding) this.#init.onAbort(error);
  }

  /** Before the session ends. @returns how many frames have gone over the channel; 0 where some could not */
  sendAll(): number {
    if (this.#error !== undefined || this.#discarding || this.#channel === undefined) return 0;
    this.#flush();
    return this.#packer.isEmpty ? this.#frames : 0;
  }

  /** The session is over: whoever still writes is told why. */
  stop(error: MeshError): void {
    this.#error ??= error;
    this.#ended = true;
    // What is kept may still be wanted for another reader.
    this.#burst.end();
    this.#packer.clear();
    this.useTrack(undefined);
  }

  /** The reader has given the stream up, which fails nobody here: what comes from now on is dropped, counted. */
  discard(): void {
    if (this.#ended) return;
    this.#discarding = true;
    this.#burst.end();
    this.#packer.clear();
    this.#kept = undefined;
    this.useTrack(undefined);
  }

  /** From now on keeps what it sends until the reader has confirmed it, for `resume`. */
  keep(): void {
    this.#isReliable = true;
    this.#hold();
  }

  #hold(): void {
    this.#kept ??= new KeptBatches(this.#frames);
    this.#packer.seal();
  }

  /** The connection broke: whoever writes waits for another. */
  interrupt(): void {
    this.#channel = undefined;
    this.#awaited = undefined;
    this.#burst.end();
    // Tracks are of their connection; another one has none yet.
    this.#track?.close();
    this.#track = undefined;
    this.#packer.clear();
  }

  /**
   * Goes on over another connection with what the reader has not had.
   * @throws {MeshError} `protocol-violation` when the reader says what cannot be
   */
  resume(channel: Channel, progress: Progress): void {
    const { received, taken, bytes, ended } = progress;
    const isPossible =
      received <= this.#frames &&
      received >= (this.#kept?.confirmed ?? 0) &&
      taken <= received &&
      taken >= this.#takenFrames &&
      bytes >= this.#takenBytes &&
      bytes <= this.#bytes &&
      (!ended || (this.#ended && received === this.#frames));
    if (!isPossible) {
      throw new MeshError("protocol-violation", `What was read of \`${this.port}\` does not fit what was sent.`);
    }
    this.#takenFrames = taken;
    this.#takenBytes = bytes;
    this.#channel = channel;
    this.#kept?.confirm(taken);
    if (this.#error === undefined && !this.#discarding && !ended) {
      this.#packer.messageBytes = messageBytesOf(channel);
      this.#kept?.again(received, (record) => this.#packer.addAgain(record));
      if (this.#ended) this.#packer.end(this.#position);
      this.#flush();
    }
    this.#waiters.wake();
  }

  /** The other side has taken so much, in total. @throws {MeshError} `protocol-violation` when it never got that much */
  credit(frames: number, bytes: number): void {
    if (frames > this.#frames || bytes > this.#bytes || frames <= this.#takenFrames || bytes < this.#takenBytes) {
      throw new MeshError("protocol-violation", `The credits for \`${this.port}\` do not fit what was sent.`);
    }
    this.#takenFrames = frames;
    this.#takenBytes = bytes;
    const read = this.#kept?.confirm(frames);
    const most = this.#window.bytes - (this.#bytes - bytes);
    if (this.#channel?.copies === true) for (const batch of read ?? []) this.#packer.reuse(batch, most);
    this.#waiters.wake();
  }

  describe(hopMs: number | undefined): { readonly node: NodeDescription; readonly stream: StreamDescription } {
    return describeStream({
      node: `${this.#init.transport}StreamSink`,
      port: this.port,
      type: this.#type,
      frames: this.#frames + this.#trackFrames,
      bytes: this.#bytes + this.#trackBytes,
      dropped: this.#gaps + this.#discarded,
      queued: this.underWay + (this.#track?.queued ?? 0),
      credits: Math.max(0, this.#window.frames - this.underWay),
      hopMs,
      ended: this.#ended,
      track: this.#track?.active === true ? this.#track : undefined,
    });
  }

  /** How many frames the writer has numbered, but dropped before they came here. A writer that starts anew drops none. */
  #gapBefore(seq: number): number {
    const gap = this.#gapOf(seq);
    this.#lastSeq = seq;
    return gap;
  }

  #gapOf(seq: number): number {
    const last = this.#lastSeq;
    if (last === undefined || !Number.isSafeInteger(seq) || seq <= last) return 0;
    const gap = seq - last - 1;
    return Number.isSafeInteger(this.#position + gap + 1) ? gap : 0;
  }

  #hasCredit(): boolean {
    return this.underWay < this.#window.frames && this.#bytes - this.#takenBytes < this.#window.bytes;
  }

  #hasRoom(channel: Channel): boolean {
    this.#packer.messageBytes = messageBytesOf(channel);
    return this.#packer.hasRoom;
  }

  #flushInTurn(): void {
    if (this.#burst.add()) this.#flush();
    else if (!this.#hasCredit() || (this.#channel !== undefined && !this.#hasRoom(this.#channel))) this.#flushFull();
  }

  /** Leaves a message that more frames may go in to the end of the turn, if that is still to come and its writer need not wait. */
  #flushFull(): void {
    this.#flush(this.#burst.isOpen && this.#hasCredit());
  }

  #flush(fullOnly = false): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    const packer = this.#packer;
    while (!packer.isEmpty && channel.writable) {
      packer.messageBytes = messageBytesOf(channel);
      if (fullOnly && packer.mayGrow) return;
      channel.send(packer.take() as Uint8Array, roomBytes);
    }
    // A channel that is shared knows with the first message what carries it.
    if (this.#kept === undefined && channel.copies === true) this.#hold();
    if (packer.isEmpty) return;
    this.#burst.press();
    if (this.#awaited === channel) return;
    this.#awaited = channel;
    channel.ready().then(
      () => {
        if (this.#awaited !== channel) return;
        this.#awaited = undefined;
        this.#flushFull();
        if (this.writable) this.#waiters.wake();
      },
      // The end of the connection is reported by the connection itself.
      () => undefined,
    );
  }
}
