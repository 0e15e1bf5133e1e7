import type { FlowType } from "../interface/caps.ts";
import { FrameFlag } from "../interface/frame.ts";
import type { InputPort } from "../typed/ports.ts";
import type { MediaPayload } from "./browser-payload.ts";
import type { Capture, CaptureInit } from "./capture.ts";
import { Lateness } from "./lateness.ts";
import { readFrames } from "./page-frames.ts";
import { codecString, noCodec, fittedSize, pictureFormat, type PictureFormat } from "./page-pictures.ts";
import { needCodec } from "./page-codec.ts";
import { PictureRate } from "./picture-rate.ts";

/** Pictures that the encoder may hold: with more, what it is given is old when it comes out. */
const encodingFrames = 2;
/** An encoder that has given up, as one does whose chip is taken away, is followed by another, but not sooner; in milliseconds. */
const againMs = 1_000;
/** A picture that comes so much before its time is in time: cameras are not exact. */
const earlyShare = 0.2;

/**
 * Writes the pictures of a track to a port, in the format of the port. What there is no room for is left out before it is encoded, so that
 * those that are sent can all be decoded, and is an occasion to send fewer bits.
 * @throws {MeshError} `dependency-missing`
 */
export async function capturePictures(
  port: InputPort<MediaPayload>,
  type: FlowType,
  track: MediaStreamTrack,
  init: CaptureInit,
): Promise<Capture> {
  const format = pictureFormat(port.name, type);
  needCodec("VideoEncoder", port.name);
  const { supported } = await VideoEncoder.isConfigSupported(configOf(format, 1_000_000));
  if (supported !== true) throw noCodec("encode", port.name, format);
  const camera = new Camera(port, format, init);
  const end = readFrames(track, (frame) => camera.take(frame));
  const stop = (): void => {
    end();
    camera.close();
  };
  track.addEventListener("ended", stop, { once: true });
  void init.over.then(stop);
  return { stop };
}

function configOf(format: PictureFormat, bitrate: number): VideoEncoderConfig {
  return {
    codec: codecString(format),
    width: format.width,
    height: format.height,
    framerate: format.fps,
    bitrate,
    latencyMode: "realtime",
    ...(format.codec === "h264" && { avc: { format: "annexb" } }),
  };
}

/** Encodes pictures and writes them. */
class Camera {
  readonly #port: InputPort<MediaPayload>;
  readonly #format: PictureFormat;
  readonly #nowUs: () => number;
  readonly #underWay: () => number;
  readonly #rate = new PictureRate();
  readonly #lateness = new Lateness();
  #encoder: VideoEncoder | undefined;
  #openedMs = -Infinity;
  #config: VideoEncoderConfig | undefined;
  #wantsKey = false;
  #closed = false;
  /** From the time of the camera to media time. */
  #offsetUs: number | undefined;
  #nextUs = -Infinity;

  constructor(port: InputPort<MediaPayload>, format: PictureFormat, { nowUs, underWay }: CaptureInit) {
    this.#port = port;
    this.#format = format;
    this.#nowUs = nowUs;
    this.#underWay = underWay;
    port.onKeyFrameRequest(() => (this.#wantsKey = true));
  }

  take(frame: VideoFrame): void {
    try {
      this.#encode(frame);
    } finally {
      frame.close();
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#encoder !== undefined && this.#encoder.state !== "closed") this.#encoder.close();
  }

  #encode(frame: VideoFrame): void {
    if (this.#closed) return;
    const nowUs = this.#nowUs();
    const nowMs = nowUs / 1_000;
    this.#offsetUs ??= nowUs - frame.timestamp;
    const intervalUs = 1e6 / this.#format.fps;
    if (frame.timestamp < this.#nextUs - intervalUs * earlyShare) return;
    this.#fit(frame);
    const encoder = (this.#encoder ??= this.#open(nowMs));
    if (encoder === undefined) return;
    const isLate = this.#lateness.isLate(nowMs, this.#underWay());
    const hasRoom = !isLate && this.#port.writable && encoder.encodeQueueSize < encodingFrames;
    const isOther = hasRoom ? this.#rate.taken(nowMs) : this.#rate.leftOut(nowMs);
    if (isOther) this.#configure();
    if (!hasRoom) return;
    // A picture that comes late does not make the next one early.
    this.#nextUs = Math.max(this.#nextUs + intervalUs, frame.timestamp);
    encoder.encode(frame, { keyFrame: this.#wantsKey });
    this.#wantsKey = false;
  }

  /** @returns undefined so soon after the last one */
  #open(nowMs: number): VideoEncoder | undefined {
    if (this.#config === undefined || nowMs - this.#openedMs < againMs) return undefined;
    this.#openedMs = nowMs;
    const encoder = new VideoEncoder({
      output: (chunk) => this.#write(chunk),
      error: ({ message }) => {
        console.warn(`\`${this.#port.name}\` needs another encoder: ${message}`);
        if (this.#encoder === encoder) this.#encoder = undefined;
      },
    });
    encoder.configure(this.#config);
    return encoder;
  }

  /** A camera that is turned, or another one, has another size. */
  #fit({ displayWidth, displayHeight }: VideoFrame): void {
    const { width, height } = fittedSize({ width: displayWidth, height: displayHeight }, this.#format);
    if (this.#config?.width === width && this.#config.height === height) return;
    const { fps } = this.#format;
    this.#rate.begin({ width, height, fps });
    this.#config = configOf({ ...this.#format, width, height }, this.#rate.bitrate);
    this.#configure();
  }

  #configure(): void {
    if (this.#config === undefined) return;
    this.#config = { ...this.#config, bitrate: this.#rate.bitrate };
    this.#encoder?.configure(this.#config);
  }

  #write(chunk: EncodedVideoChunk): void {
    const packet = new Uint8Array(chunk.byteLength);
    chunk.copyTo(packet);
    const timestampUs = chunk.timestamp + (this.#offsetUs ?? 0);
    const flags = chunk.type === "key" ? FrameFlag.keyFrame : 0;
    try {
      this.#lateness.wrote(this.#nowUs() / 1_000);
      // What was encoded is sent, in its turn; why a pipeline ends, it tells by itself.
      this.#port.write(packet, { timestampUs, flags })?.catch(() => undefined);
    } catch {
      this.close();
    }
  }
}
