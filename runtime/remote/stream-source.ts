import type { FlowType, Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import { FrameFlag, type Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { NodeDescription, StreamDescription } from "../interface/session.ts";
import type { Channel } from "../interface/transport.ts";
import { CborReader } from "./cbor/reader.ts";
import { FrameDecoder, type DecodedFrame, type TrackMark } from "./frame-codec.ts";
import { creditAfterMs, creditShare, type Window } from "./limits.ts";
import type { Progress } from "./messages.ts";
import { PayloadCheck } from "./payload-check.ts";
import { decodePayload, Encoding } from "./payload-codec.ts";
import { describeStream, type TrackFigures } from "./stream-description.ts";
import type { FrameContext, StreamInit } from "./stream-sink.ts";

export interface StreamSourceInit extends StreamInit {
  readonly schemas: Schemas;
  readonly clock: Clock;
  readonly window: Window;
  /** Where the frames go. */
  readonly link: Link;
  /** Tells the other side how much has been taken in total. */
  readonly onCredit: (frames: number, bytes: number) => void;
  /** All frames up to the end of the stream have been delivered; with an error, its writer has given it up. */
  readonly onEnd: (error: MeshError | undefined) => void;
  /** The link behind takes no more. */
  readonly onRefused: (error: MeshError) => void;
  /** What comes over the channel does not decode, and only a key frame helps: the other side is to be told. */
  readonly onUndecodable?: () => void;
  /** What is delivered from now on is for somebody else; undefined for whom the session was opened for. */
  readonly onContext?: (said: FrameContext | undefined) => void;
  /** The stream breaks the protocol or its format. */
  readonly onFailure: (error: MeshError) => void;
  /** Both sides have agreed that streams may go over media tracks. */
  readonly hasTracks?: () => boolean;
}

/** A media track that a stream comes over, beside its channel. */
export interface TrackInlet extends TrackFigures {
  /** What the channel tells of a frame. */
  mark(mark: TrackMark): void;
  /** Asks the sender for a picture that decodes by itself. */
  requestKeyFrame(): void;
  /** @param done is called when what is on its way has come out */
  end(done: () => void): void;
  close(): void;
}

/** Marks that wait for the session to say which track they mean. */
const maxEarlyMarks = 64;
/** Frames of a track that wait for the link behind; nothing holds up who sends them, so that more are dropped, counted. */
const maxTrackFrames = 64;

/** What waits for the link behind. */
interface Waiting {
  readonly frame: Frame;
  readonly bytes: number;
  readonly onTrack?: true;
  readonly context?: FrameContext | undefined;
}

/** The reader of a stream that comes into this peer (spec R4.1): delivers as the link behind has room. */
export class StreamSource {
  readonly port: string;
  readonly #init: StreamSourceInit;
  readonly #check: PayloadCheck;
  #cbor: CborReader | undefined;
  readonly #inbox: Waiting[] = [];
  /** What was last told of whom frames are for. */
  #context: FrameContext | undefined;
  readonly #type: FlowType;
  /** The channel of the connection in use; undefined while there is none. */
  #channel: Channel | undefined;
  #received = 0;
  #receivedBytes = 0;
  /** Number of the next frame when none is dropped before it. */
  #position = 0;
  #gaps = 0;
  #taken = 0;
  #takenBytes = 0;
  #credited = 0;
  #creditedBytes = 0;
  #cancelCredit: (() => void) | undefined;
  /** When the last credit went, by `Clock.nowUs`. */
  #creditedAtUs = Number.NEGATIVE_INFINITY;
  /** A credit goes at the end of the turn. */
  #isDue = false;
  #hasEnd = false;
  #waiting = false;
  #stopped = false;
  /** Nothing is delivered any more, but what comes is taken, so that its writer is not held up. */
  #discarding = false;
  #discarded = 0;
  #track: TrackInlet | undefined;
  #earlyMarks: TrackMark[] = [];
  /** Frames come over the track, and how many have. */
  #onTrack = false;
  #trackFrames = 0;
  #trackBytes = 0;
  #needsKey = false;
  /** What came over the channel while the last of the track were on their way. */
  #behindTrack: (() => void)[] | undefined;
  /** Numbers were guessed, for packets do not tell them: the next record of the channel does. */
  #guessed = false;
  /** By how much the numbers that were given out are ahead of those of the writer. */
  #ahead = 0;
  #onArrival: (() => void) | undefined;

  constructor(init: StreamSourceInit) {
    this.port = init.port;
    this.#init = init;
    this.#type = init.type;
    this.#check = new PayloadCheck(init.type, init.schemas);
  }

  get ended(): boolean {
    return this.#hasEnd && this.#inbox.length === 0;
  }

  /** Starts to read; what came earlier is delivered now. */
  start(channel: Channel = this.#init.channel): void {
    this.#channel = channel;
    // Of a frame that came in part over another connection nothing is kept: it comes anew as a whole.
    const decoder = new FrameDecoder({
      admit: () => this.#admit(),
      frame: (frame) => this.#afterTrack(() => this.#take(frame)),
      end: (position) => this.#afterTrack(() => this.#end(position)),
      ...(this.#init.hasTracks?.() === true && { track: (mark: TrackMark) => this.#mark(mark) }),
    });
    channel.onMessage((message) => {
      if (this.#stopped || this.#channel !== channel) return;
      try {
        decoder.push(message);
      } catch (error) {
        this.#init.onFailure(MeshError.from(error, "protocol-violation"));
      }
      this.#onArrival?.();
    });
    if (this.#type.kind === "video") this.#init.link.onKeyFrameRequest?.(() => this.#requestKeyFrame());
    // What was taken while there was no connection.
    if (!this.#stopped) this.#owe();
  }

  /** The connection broke: what has come is delivered, and no credit is given until there is another. */
  interrupt(): void {
    this.#channel = undefined;
    this.#cancelCredit?.();
    this.#cancelCredit = undefined;
    this.#isDue = false;
    this.useTrack(undefined);
  }

  /** What the writer has to know to go on over another connection; grants the credits with it. */
  progress(): Progress {
    this.#credited = this.#taken;
    this.#creditedBytes = this.#takenBytes;
    return {
      channel: this.#init.channel.id,
      received: this.#received,
      taken: this.#taken,
      bytes: this.#takenBytes,
      ended: this.#hasEnd,
    };
  }

  /** Of so many frames that were sent in all, some are wanted and have not come. */
  lacks(frames: number): boolean {
    return !this.#stopped && !this.#discarding && this.#received < frames;
  }

  /** @param listener is told whenever something has come, and what can be delivered has been */
  onArrival(listener: () => void): void {
    this.#onArrival = listener;
  }

  /** The session is over: nothing is delivered any more. */
  stop(): void {
    this.#stopped = true;
    this.#cancelCredit?.();
    this.#inbox.length = 0;
    this.useTrack(undefined);
  }

  /** The writer has given the stream up: what waits is dropped, and the link behind learns why. */
  reset(error: MeshError): void {
    if (this.#stopped) return;
    this.stop();
    if (!this.#discarding) this.#init.link.abort(error);
    this.#init.onEnd(error);
  }

  /** Nobody wants the stream any more, which fails nobody: the rest is taken and dropped, counted. */
  discard(): void {
    if (this.#stopped || this.#discarding) return;
    this.#discarding = true;
    this.#deliver();
  }

  describe(hopMs: number | undefined): { readonly node: NodeDescription; readonly stream: StreamDescription } {
    return describeStream({
      node: `${this.#init.transport}StreamSource`,
      port: this.port,
      type: this.#type,
      frames: this.#received + this.#trackFrames,
      bytes: this.#receivedBytes + this.#trackBytes,
      dropped: this.#gaps + this.#discarded,
      queued: this.#inbox.length,
      credits: Math.max(0, this.#init.window.frames - (this.#received - this.#credited)),
      hopMs,
      ended: this.ended,
      track: this.#onTrack ? this.#track : undefined,
    });
  }

  // ---- media tracks ------------------------------------------------------------------------------------------------

  /** The track that the stream may come over; undefined: it has none any more. */
  useTrack(track: TrackInlet | undefined): void {
    if (this.#track !== track) this.#track?.close();
    this.#track = track;
    if (track === undefined) {
      this.#onTrack = false;
      const behind = this.#behindTrack;
      this.#behindTrack = undefined;
      for (const take of behind ?? []) take();
      this.#onArrival?.();
      return;
    }
    const early = this.#earlyMarks;
    this.#earlyMarks = [];
    for (const mark of early) this.#mark(mark);
  }

  /** A frame has come over the track. Its number is what can be told from the packets. */
  takeFromTrack(frame: Frame<Uint8Array>): void {
    // One that is sent again after a loss is of no use where it has come before.
    if (this.#stopped || frame.seq < this.#position) return;
    const { seq } = frame;
    this.#gaps += seq - this.#position;
    this.#position = seq + 1;
    this.#guessed = true;
    this.#trackFrames += 1;
    this.#trackBytes += frame.payload.length;
    // Of pictures, what follows a hole is of no use before the next key frame; sound only misses what is dropped.
    const isPicture = this.#type.kind === "video";
    const isFull = this.#inbox.length >= maxTrackFrames;
    const continues = !this.#needsKey || (frame.flags & FrameFlag.keyFrame) !== 0;
    this.#needsKey = isPicture && (isFull || !continues);
    if (isFull || (isPicture && !continues)) {
      this.#discarded += 1;
      if (isPicture) this.#track?.requestKeyFrame();
      return;
    }
    this.#inbox.push({ frame: { ...frame, seq: seq + this.#ahead }, bytes: 0, onTrack: true });
    this.#deliver();
  }

  /** @returns false when nobody can be asked */
  #requestKeyFrame(): boolean {
    if (this.#stopped || this.#channel === undefined) return false;
    if (this.#onTrack && this.#track !== undefined) this.#track.requestKeyFrame();
    else this.#init.onUndecodable?.();
    return true;
  }

  #mark(mark: TrackMark): void {
    if (this.#stopped) return;
    if (this.#track?.mid !== mark.mid) {
      this.#earlyMarks.push(mark);
      if (this.#earlyMarks.length > maxEarlyMarks) this.#earlyMarks.shift();
      return;
    }
    this.#onTrack = true;
    // A platform that sends by itself knows no numbers; those that were given out go on.
    const seq = mark.rtp === undefined ? Math.max(mark.seq, this.#position) : mark.seq;
    this.#track.mark({ ...mark, seq });
  }

  /** What comes over the channel comes behind what the track still brings. */
  #afterTrack(take: () => void): void {
    if (this.#behindTrack !== undefined) {
      this.#behindTrack.push(take);
      return;
    }
    if (!this.#onTrack || this.#track === undefined) {
      take();
      return;
    }
    this.#behindTrack = [take];
    this.#track.end(() => {
      try {
        this.useTrack(undefined);
      } catch (error) {
        this.#init.onFailure(MeshError.from(error, "protocol-violation"));
      }
    });
  }

  // ---- frames ------------------------------------------------------------------------------------------------------

  #admit(): void {
    const { window } = this.#init;
    if (this.#received - this.#taken < window.frames && this.#receivedBytes - this.#takenBytes < window.bytes) return;
    throw new MeshError("protocol-violation", `More came on \`${this.port}\` than its credits allow.`);
  }

  #take(wire: DecodedFrame): void {
    if (this.#guessed) this.#resume(wire.seq - wire.gap);
    const due = this.#position + wire.gap;
    if (wire.seq !== due) {
      throw new MeshError("protocol-violation", `Frame ${wire.seq} of \`${this.port}\` came where ${due} was due.`);
    }
    const encodingProblem = this.#check.encodingProblem(wire.encoding);
    if (encodingProblem !== undefined) throw this.#mismatch(wire, encodingProblem);
    if (wire.encoding === Encoding.cbor) this.#cbor ??= new CborReader();
    const read = decodePayload(wire.encoding, wire.body, wire.exclusive, this.#cbor);
    const decoded = this.#cbor?.hasBytes === true ? this.#check.plain(read) : read;
    const problem = this.#check.valueProblem(decoded);
    if (problem !== undefined) throw this.#mismatch(wire, problem);
    const payload = this.#check.restored(decoded);
    this.#received += 1;
    this.#receivedBytes += wire.body.length;
    this.#position = wire.seq + 1;
    this.#gaps += wire.gap;
    const { timestampUs, seq, epoch, flags } = wire;
    const frame = { timestampUs, seq: seq + this.#ahead, epoch, flags, payload };
    const bytes = wire.body.length;
    const isSaid = wire.traceParent !== undefined || wire.origin !== undefined;
    const context = isSaid ? { traceParent: wire.traceParent, origin: wire.origin } : undefined;
    // Mostly nothing waits, and nothing holds it up.
    if (this.#inbox.length === 0 && !this.#hasToWait()) {
      this.#give(frame, context);
      this.#taken += 1;
      this.#takenBytes += bytes;
      if (!this.#stopped) this.#owe();
      return;
    }
    this.#inbox.push({ frame, bytes, context });
    this.#deliver();
  }

  #hasToWait(): boolean {
    return this.#stopped || (!this.#discarding && (this.#waiting || !this.#init.link.writable));
  }

  #give(frame: Frame, context: FrameContext | undefined): void {
    if (context !== this.#context) {
      this.#context = context;
      this.#init.onContext?.(context);
    }
    if (this.#discarding) this.#discarded += 1;
    else this.#init.link.send(frame);
  }

  /** The channel tells the number of the next frame. Those that were given out do not go back. */
  #resume(position: number): void {
    this.#guessed = false;
    if (position > this.#position) this.#gaps += position - this.#position;
    else this.#ahead += this.#position - position;
    this.#position = position;
  }

  /** @param position number that the next frame would have had; those missing were dropped at the end */
  #end(position: number): void {
    if (this.#guessed) this.#resume(Math.min(position, this.#position));
    if (position < this.#position) {
      throw new MeshError(
        "protocol-violation",
        `\`${this.port}\` ends at frame ${position}, but ${this.#position} was due.`,
      );
    }
    this.#gaps += position - this.#position;
    this.#hasEnd = true;
    this.#deliver();
  }

  #deliver(): void {
    if (this.#stopped || (this.#waiting && !this.#discarding)) return;
    while (this.#inbox.length > 0) {
      if (!this.#discarding && !this.#init.link.writable) {
        this.#owe();
        this.#wait();
        return;
      }
      const next = this.#inbox.shift();
      if (next === undefined) break;
      this.#give(next.frame, next.context);
      if (next.onTrack === true) continue;
      this.#taken += 1;
      this.#takenBytes += next.bytes;
    }
    // Whoever took the last frame may have ended the session with it.
    if (this.#stopped) return;
    if (!this.#hasEnd) {
      this.#owe();
      return;
    }
    this.stop();
    if (!this.#discarding) this.#init.link.end();
    this.#init.onEnd(undefined);
  }

  #wait(): void {
    this.#waiting = true;
    this.#init.link.ready().then(
      () => {
        this.#waiting = false;
        try {
          this.#deliver();
        } catch (error) {
          this.#init.onFailure(MeshError.from(error));
        }
      },
      (error: unknown) => {
        this.#waiting = false;
        if (!this.#stopped && !this.#discarding) this.#init.onRefused(MeshError.from(error));
      },
    );
  }

  #owe(): void {
    if (this.#channel === undefined) return;
    const { frames, bytes } = this.#init.window;
    const isMuch =
      this.#taken - this.#credited >= frames * creditShare ||
      this.#takenBytes - this.#creditedBytes >= bytes * creditShare;
    if (isMuch) this.#creditInTurn();
    else if (this.#taken > this.#credited && this.#cancelCredit === undefined) {
      // What was not confirmed when this peer dies is done again by another, so the first is confirmed at once.
      const { clock } = this.#init;
      const leftMs = creditAfterMs - (clock.nowUs() - this.#creditedAtUs) / 1_000;
      if (leftMs <= 0) this.#creditInTurn();
      else this.#cancelCredit = clock.schedule(leftMs, () => this.#credit());
    }
  }

  /** What is taken in the same turn of the event loop is one credit. */
  #creditInTurn(): void {
    if (this.#isDue) return;
    this.#cancelCredit?.();
    this.#isDue = true;
    this.#cancelCredit = this.#init.clock.schedule(0, () => this.#credit());
  }

  #credit(): void {
    this.#isDue = false;
    this.#cancelCredit?.();
    this.#cancelCredit = undefined;
    if (this.#stopped) return;
    this.#credited = this.#taken;
    this.#creditedBytes = this.#takenBytes;
    this.#creditedAtUs = this.#init.clock.nowUs();
    this.#init.onCredit(this.#taken, this.#takenBytes);
  }

  #mismatch(wire: DecodedFrame, problem: string): MeshError {
    return new MeshError("format-mismatch", `Frame ${wire.seq} of \`${this.port}\` breaks its format: ${problem}.`);
  }
}
