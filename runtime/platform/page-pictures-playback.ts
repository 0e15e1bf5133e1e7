import type { FlowType } from "../interface/caps.ts";
import type { OutputPort } from "../typed/ports.ts";
import type { MediaPayload } from "./browser-payload.ts";
import { makeScreen, type Screen } from "./page-frames.ts";
import { needCodec } from "./page-codec.ts";
import {
  codecString,
  noCodec,
  pictureFormat,
  pictureReader,
  type CodedPicture,
  type PictureFormat,
} from "./page-pictures.ts";
import { PicturePlayout } from "./picture-playout.ts";

/** Pictures wait for their time as they came, and decoded only for so long, in seconds: those take memory that a browser has little of. */
const decodedS = 0.1;
/** Pictures that the decoder may hold, and those of which it is known when they are shown: one that it does not give back is forgotten. */
const decodingFrames = 8;
const expectedFrames = 64;

/**
 * Shows the frames of a port.
 * @param nowS clock of the page
 * @returns a track of their pictures
 * @throws {MeshError} `dependency-missing`
 */
export async function playPictures(
  port: OutputPort<MediaPayload>,
  type: FlowType,
  nowS: () => number,
): Promise<MediaStreamTrack> {
  const format = pictureFormat(port.name, type);
  needCodec("VideoDecoder", port.name);
  const { supported } = await VideoDecoder.isConfigSupported({ codec: codecString(format) });
  if (supported !== true) throw noCodec("decode", port.name, format);
  const screen = makeScreen();
  const projector = new Projector(screen, nowS);
  void read(port, format, projector).finally(() => {
    projector.close();
    screen.track.stop();
  });
  return screen.track;
}

/** Until the port ends. Why it ended, the pipeline tells by itself. */
async function read(port: OutputPort<MediaPayload>, format: PictureFormat, projector: Projector): Promise<void> {
  const decoding = new Decoding(format, projector);
  const picture = pictureReader(format.codec);
  let epoch = 0;
  let seq = -1;
  try {
    for await (const frame of port.frames()) {
      // What belongs to an epoch that has ended is not seen any more.
      if (frame.epoch > epoch) projector.flush();
      epoch = Math.max(epoch, frame.epoch);
      // Behind a hole nothing decodes but what needs nothing from before.
      if (frame.seq !== seq + 1) decoding.lose();
      seq = frame.seq;
      if (!(frame.payload instanceof Uint8Array)) continue;
      const coded = picture({ ...frame, payload: frame.payload });
      if (coded !== undefined && !(await decoding.take(coded, frame.timestampUs))) port.requestKeyFrame();
    }
    await decoding.flush();
    await projector.drained();
  } catch {
    // As it does for who reads the port.
  } finally {
    decoding.close();
  }
}

/** A decoder, and another one where it has given up. */
class Decoding {
  readonly #format: PictureFormat;
  readonly #projector: Projector;
  #decoder: VideoDecoder | undefined;
  #needsKey = true;
  #wake: () => void = () => undefined;

  constructor(format: PictureFormat, projector: Projector) {
    this.#format = format;
    this.#projector = projector;
  }

  /** Something is missing before the next picture. */
  lose(): void {
    this.#needsKey = true;
  }

  /** Resolves when there is room for the next one. @returns false when it does not decode without one before it */
  async take({ data, isKey, codec }: CodedPicture, timestamp: number): Promise<boolean> {
    if (this.#needsKey && !isKey) return false;
    await this.#projector.expect(timestamp);
    // Meanwhile the decoder may have given up.
    if (this.#needsKey && !isKey) return false;
    this.#needsKey = false;
    const decoder = (this.#decoder ??= this.#open(codec));
    decoder.decode(new EncodedVideoChunk({ type: isKey ? "key" : "delta", timestamp, data }));
    while (this.#decoder === decoder && decoder.decodeQueueSize > decodingFrames) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return true;
  }

  async flush(): Promise<void> {
    await this.#decoder?.flush();
  }

  close(): void {
    if (this.#decoder !== undefined && this.#decoder.state !== "closed") this.#decoder.close();
  }

  #open(codec: string | undefined): VideoDecoder {
    const decoder = new VideoDecoder({
      output: (frame) => this.#projector.show(frame),
      error: ({ message }) => {
        console.warn(`Pictures need another decoder: ${message}`);
        this.#decoder = undefined;
        this.#needsKey = true;
        this.#wake();
      },
    });
    decoder.addEventListener("dequeue", () => this.#wake());
    decoder.configure({ codec: codec ?? codecString(this.#format), optimizeForLatency: true });
    return decoder;
  }
}

/** Shows pictures at their time. */
class Projector {
  readonly #screen: Screen;
  readonly #nowS: () => number;
  readonly #playout = new PicturePlayout();
  /** When those are shown that are being decoded, by their media time; those that are not here are left out. */
  readonly #expected = new Map<number, number>();
  readonly #waiting: { readonly frame: VideoFrame; readonly atS: number }[] = [];
  readonly #empty: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(screen: Screen, nowS: () => number) {
    this.#screen = screen;
    this.#nowS = nowS;
  }

  /** A picture comes that has not been decoded yet. Resolves when it is time for that. */
  async expect(timestampUs: number): Promise<void> {
    const nowS = this.#nowS();
    const atS = this.#playout.place(nowS, timestampUs / 1e6);
    if (atS === undefined) return;
    this.#expected.set(timestampUs, atS);
    const [oldest] = this.#expected.keys();
    if (this.#expected.size > expectedFrames && oldest !== undefined) this.#expected.delete(oldest);
    const waitS = atS - nowS - decodedS;
    if (waitS > 0) await new Promise((resolve) => setTimeout(resolve, waitS * 1_000));
  }

  show(frame: VideoFrame): void {
    const atS = this.#expected.get(frame.timestamp);
    this.#expected.delete(frame.timestamp);
    if (atS === undefined) {
      frame.close();
      return;
    }
    this.#waiting.push({ frame, atS });
    this.#timer ??= this.#later();
  }

  flush(): void {
    for (const { frame } of this.#waiting.splice(0)) frame.close();
    this.#expected.clear();
    this.#playout.restart();
  }

  /** Resolves when all has been shown. */
  async drained(): Promise<void> {
    if (this.#waiting.length > 0) await new Promise<void>((resolve) => this.#empty.push(resolve));
  }

  close(): void {
    this.flush();
    clearTimeout(this.#timer);
  }

  #later(): ReturnType<typeof setTimeout> | undefined {
    const [first] = this.#waiting;
    if (first === undefined) {
      for (const done of this.#empty.splice(0)) done();
      return undefined;
    }
    return setTimeout(() => this.#due(), Math.max(0, (first.atS - this.#nowS()) * 1_000));
  }

  /** A page whose timers are held up shows the last one of those whose time has come. */
  #due(): void {
    const nowS = this.#nowS();
    const count = this.#waiting.findIndex(({ atS }) => atS > nowS);
    const due = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
    const last = due.pop();
    for (const { frame } of due) frame.close();
    if (last !== undefined) this.#screen.show(last.frame);
    this.#timer = this.#later();
  }
}
