/** Tracks of the page at the ports of a pipeline; loaded when the first is asked for. */
import { formatType, type FlowType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { PipelineSession } from "../interface/session.ts";
import { isSessionPort, portSession, type PortSession, type SessionPort } from "../typed/port-session.ts";
import type { InputPort, OutputPort } from "../typed/ports.ts";
import type { MediaPayload } from "./browser-payload.ts";
import type { Capture } from "./capture.ts";
import { capturePictures } from "./page-pictures-capture.ts";
import { playPictures } from "./page-pictures-playback.ts";
import { captureSound } from "./page-sound-capture.ts";
import { playSound } from "./page-sound-playback.ts";

/** What feeds an input. */
const fed = Symbol("track of a port");
interface FedPort extends SessionPort {
  [fed]?: Feed;
}

/** An output has one reader, so one stream for all elements that play it. */
const played = Symbol("stream of a port");
interface PlayingPort extends SessionPort {
  [played]?: Promise<MediaStream> | undefined;
}

/** Of a session, when the page first fed it from a track, in milliseconds. */
const began = Symbol("zero of the page's media time");
interface CapturedSession extends PipelineSession {
  [began]?: number;
}

/** @throws {MeshError} as `replaceTrack` of the door says */
export async function replaceTrack(port: InputPort<never>, track: MediaStreamTrack | null): Promise<void> {
  const found = sessionOf(port, "input");
  checkTrack(port.name, track);
  checkKind(port.name, found.format, track);
  if (track !== null) await checkRunning(port.name, found.session);
  const fedPort = port as InputPort<never> & FedPort;
  fedPort[fed] ??= new Feed(port as unknown as InputPort<MediaPayload>, found);
  await fedPort[fed].use(track);
}

/** Feeds an input by a track where its peer carries tracks, else by frames that are captured from it; peers may follow each other. */
class Feed {
  readonly #port: InputPort<MediaPayload>;
  readonly #session: PortSession;
  #track: MediaStreamTrack | null = null;
  #capture: Capture | undefined;
  /** Counts what has been begun, for that which is ready when it is no longer wanted. */
  #turn = 0;

  constructor(port: InputPort<MediaPayload>, session: PortSession) {
    this.#port = port;
    this.#session = session;
  }

  async use(track: MediaStreamTrack | null): Promise<void> {
    const { name } = this.#port;
    const { tracks } = this.#session.session;
    this.#track = track;
    this.#stop();
    const onCarried = (isCarried: boolean): void => {
      // Nobody waits for that.
      if (this.#track === track) this.#settle(isCarried).catch(({ message }: Error) => console.warn(message));
    };
    const isCarried = (await tracks?.send(name, track, onCarried)) ?? false;
    if (this.#track !== track) return;
    await this.#settle(isCarried).catch((error: unknown) => {
      if (this.#track === track) void this.use(null);
      throw error;
    });
  }

  async #settle(isCarried: boolean): Promise<void> {
    this.#stop();
    const turn = this.#turn;
    if (this.#track === null || isCarried) return;
    const { session, format } = this.#session;
    const captured: CapturedSession = session;
    const beganMs = (captured[began] ??= performance.now());
    const capture = await (format.kind === "audio" ? captureSound : capturePictures)(this.#port, format, this.#track, {
      nowUs: () => Math.round((performance.now() - beganMs) * 1_000),
      underWay: () => session.underWay?.(this.#port.name) ?? 0,
      over: session.closed,
    });
    if (turn === this.#turn) this.#capture = capture;
    else capture.stop();
  }

  #stop(): void {
    this.#turn += 1;
    this.#capture?.stop();
    this.#capture = undefined;
  }
}

/** @throws {MeshError} as `mediaStream` of the door says */
export async function mediaStream(port: OutputPort<unknown>): Promise<MediaStream> {
  const { session, format } = sessionOf(port, "output");
  checkKind(port.name, format, null);
  await checkRunning(port.name, session);
  const playing = port as OutputPort<unknown> & PlayingPort;
  playing[played] ??= playStream(port as OutputPort<MediaPayload>, { session, format }).catch((error: unknown) => {
    playing[played] = undefined;
    throw error;
  });
  return playing[played];
}

/** As a track where its peer sends tracks, else of the frames that come; peers may follow each other. */
async function playStream(port: OutputPort<MediaPayload>, { session, format }: PortSession): Promise<MediaStream> {
  const stream = new MediaStream();
  let begin: () => void;
  let fail: (error: unknown) => void;
  const begun = new Promise<void>((resolve, reject) => ([begin, fail] = [resolve, reject]));
  begun.catch(() => undefined);
  const replace = (track: MediaStreamTrack | undefined): void => {
    for (const old of stream.getTracks()) if (old !== track) stream.removeTrack(old);
    if (track === undefined) return;
    stream.addTrack(track);
    begin();
  };
  void session.closed.then(() => replace(undefined));
  /** It goes on beside a track, where nothing comes to it. */
  let own: Promise<MediaStreamTrack> | undefined;
  let isOwn = false;
  const playFrames = async (): Promise<void> => {
    isOwn = true;
    own ??=
      format.kind === "audio" ? playSound(port, format) : playPictures(port, format, () => performance.now() / 1_000);
    const track = await own;
    if (isOwn) replace(track);
  };
  const onTrack = (track: MediaStreamTrack | undefined): void => {
    isOwn = track === undefined;
    if (track !== undefined) replace(track);
    else {
      playFrames().catch((error: Error) => {
        if (stream.getTracks().length === 0) fail(error);
        else console.warn(error.message);
      });
    }
  };
  if ((await session.tracks?.receive(port.name, onTrack)) !== true) await playFrames();
  // Between two connections there is none yet, and an element that begins with an empty stream stays silent in Chromium for good.
  await Promise.race([begun, session.closed]);
  await checkRunning(port.name, session);
  return stream;
}

function sessionOf(port: object, direction: "input" | "output"): PortSession {
  const found = isSessionPort(port) && "write" in port === (direction === "input") ? port[portSession] : undefined;
  if (found !== undefined) return found;
  throw new MeshError("invalid-argument", `This is no ${direction} of a running pipeline.`, {
    hint: "Take one of what `launch…` of a generated module returns.",
  });
}

/** A stream has tracks, and none where a device is missing. */
function checkTrack(name: string, track: MediaStreamTrack | null): void {
  if (track === null || track instanceof MediaStreamTrack) return;
  throw new MeshError("invalid-argument", `\`${name}\` takes a MediaStreamTrack, or null for none.`, {
    hint: "`stream.getTracks()[0]` is one, where the stream has any.",
  });
}

/** @throws {MeshError} `channel-closed` */
async function checkRunning(name: string, { closed }: PortSession["session"]): Promise<void> {
  // What is settled already comes first.
  const end = await Promise.race([closed, Promise.resolve(undefined)]);
  if (end === undefined) return;
  const reason = end.error === undefined ? "." : `: ${end.error.message}`;
  throw new MeshError("channel-closed", `The pipeline of \`${name}\` has ended${reason}`, {
    hint: "`closed` of the pipeline tells when that is; launch it again.",
  });
}

function checkKind(name: string, format: FlowType, track: MediaStreamTrack | null): void {
  const isMedium = format.kind === "audio" || format.kind === "video";
  if (isMedium && (track === null || track.kind === format.kind)) return;
  const what = track === null || !isMedium ? "carries no sound or pictures" : `is not for tracks of ${track.kind}`;
  throw new MeshError("invalid-argument", `\`${name}\` is ${formatType(format)}, which ${what}.`);
}
