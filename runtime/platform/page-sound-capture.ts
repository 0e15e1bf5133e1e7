import type { FlowType } from "../interface/caps.ts";
import type { InputPort } from "../typed/ports.ts";
import type { MediaPayload } from "./browser-payload.ts";
import type { Capture, CaptureInit } from "./capture.ts";
import { needCodec } from "./page-codec.ts";
import { soundFormat, type SoundFormat } from "./page-sound.ts";

/** Frames of 20 ms, which is what Opus packets mostly are. */
const framesInSecond = 50;
/** Of Opus: speech and music of one channel at good quality (RFC 7587 section 3.1.1), for each channel. */
const bitrate = 48_000;

/** Runs where sound is made: hands on the samples of each block. Written for the worklet as text, so that no file is needed beside a bundle. */
const worklet = `registerProcessor("mesh-capture", class extends AudioWorkletProcessor {
  process([input]) {
    if (input.length > 0) this.port.postMessage(input.map((channel) => channel.slice()));
    return true;
  }
})`;

/**
 * Writes the sound of a track to a port, in the format of the port.
 * @throws {MeshError} `dependency-missing`
 */
export async function captureSound(
  port: InputPort<MediaPayload>,
  type: FlowType,
  track: MediaStreamTrack,
  { nowUs, over }: CaptureInit,
): Promise<Capture> {
  const format = soundFormat(port.name, type);
  const write = format.codec === "opus" ? opusWriter(port, format) : pcmWriter(port, format);
  // The context brings the sound to the rate of the port.
  const context = new AudioContext({ sampleRate: format.rate });
  const address = URL.createObjectURL(new Blob([worklet], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(address);
  } finally {
    URL.revokeObjectURL(address);
  }
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const node = new AudioWorkletNode(context, "mesh-capture", {
    numberOfOutputs: 0,
    channelCount: format.channels,
    channelCountMode: "explicit",
  });
  const blocks = new Blocks(format, nowUs(), (samples, timestampUs) => write.samples(samples, timestampUs));
  node.port.addEventListener("message", ({ data }: MessageEvent<Float32Array[]>) => blocks.add(data));
  node.port.start();
  source.connect(node);
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    node.port.close();
    source.disconnect();
    write.close();
    void context.close();
  };
  track.addEventListener("ended", stop, { once: true });
  void over.then(stop);
  return { stop };
}

/** Puts the samples of the worklet's blocks into frames, channels interleaved. */
class Blocks {
  readonly #format: SoundFormat;
  readonly #beganUs: number;
  readonly #onFrame: (samples: Float32Array<ArrayBuffer>, timestampUs: number) => void;
  #frame: Float32Array<ArrayBuffer>;
  #filled = 0;
  #frames = 0;

  constructor(
    format: SoundFormat,
    beganUs: number,
    onFrame: (samples: Float32Array<ArrayBuffer>, timestampUs: number) => void,
  ) {
    this.#format = format;
    this.#beganUs = beganUs;
    this.#onFrame = onFrame;
    this.#frame = this.#empty();
  }

  add(block: readonly Float32Array[]): void {
    const { channels } = this.#format;
    const length = block[0]?.length ?? 0;
    for (let index = 0; index < length; index += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        this.#frame[this.#filled] = block[Math.min(channel, block.length - 1)]?.[index] ?? 0;
        this.#filled += 1;
      }
      if (this.#filled < this.#frame.length) continue;
      this.#onFrame(this.#frame, this.#beganUs + (this.#frames * 1e6) / framesInSecond);
      this.#frames += 1;
      this.#filled = 0;
      this.#frame = this.#empty();
    }
  }

  #empty(): Float32Array<ArrayBuffer> {
    return new Float32Array((this.#format.rate / framesInSecond) * this.#format.channels);
  }
}

interface Writer {
  samples(samples: Float32Array<ArrayBuffer>, timestampUs: number): void;
  close(): void;
}

/** What there is no room for is left out: a microphone does not wait. */
function writeLive(port: InputPort<MediaPayload>, payload: MediaPayload, timestampUs: number): void {
  if (port.writable) void port.write(payload, { timestampUs });
}

function pcmWriter(port: InputPort<MediaPayload>, { codec }: SoundFormat): Writer {
  const inFormat = (samples: Float32Array): MediaPayload =>
    codec === "pcm_f32"
      ? samples
      : Int16Array.from(samples, (one) => Math.round(Math.max(-1, Math.min(1, one)) * 32_767));
  return { samples: (samples, timestampUs) => writeLive(port, inFormat(samples), timestampUs), close: () => undefined };
}

function opusWriter(port: InputPort<MediaPayload>, { rate, channels }: SoundFormat): Writer {
  needCodec("AudioEncoder", port.name);
  const encoder = new AudioEncoder({
    output(chunk) {
      const packet = new Uint8Array(chunk.byteLength);
      chunk.copyTo(packet);
      writeLive(port, packet, chunk.timestamp);
    },
    // It closes itself: nothing more comes, as from a microphone that was pulled out.
    error: () => undefined,
  });
  encoder.configure({ codec: "opus", sampleRate: rate, numberOfChannels: channels, bitrate: bitrate * channels });
  return {
    samples(data, timestamp) {
      if (encoder.state !== "configured") return;
      const sound = new AudioData({
        format: "f32",
        sampleRate: rate,
        numberOfFrames: data.length / channels,
        numberOfChannels: channels,
        timestamp,
        data,
      });
      encoder.encode(sound);
      sound.close();
    },
    close: () => {
      if (encoder.state !== "closed") encoder.close();
    },
  };
}
