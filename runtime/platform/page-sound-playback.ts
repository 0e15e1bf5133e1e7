import type { FlowType } from "../interface/caps.ts";
import type { OutputPort } from "../typed/ports.ts";
import type { MediaPayload } from "./browser-payload.ts";
import { needCodec } from "./page-codec.ts";
import { soundFormat, type SoundFormat } from "./page-sound.ts";
import { Playout } from "./playout.ts";

/**
 * Plays the frames of a port.
 * @returns a track of their sound
 * @throws {MeshError} `dependency-missing`
 */
export async function playSound(port: OutputPort<MediaPayload>, type: FlowType): Promise<MediaStreamTrack> {
  const format = soundFormat(port.name, type);
  const context = new AudioContext({ sampleRate: format.rate });
  const destination = context.createMediaStreamDestination();
  const player = new Player(context, destination, format);
  const decode = format.codec === "opus" ? opusReader(port.name, format, player) : pcmReader(player);
  const [track] = destination.stream.getAudioTracks();
  if (track === undefined) throw new Error("A stream of sound has no track.");
  void read(port, player, decode).finally(() => {
    track.stop();
    void context.close();
  });
  return track;
}

/** Until the port ends. Why it ended, the pipeline tells by itself. */
async function read(
  port: OutputPort<MediaPayload>,
  player: Player,
  decode: (payload: MediaPayload, timestampUs: number) => void,
): Promise<void> {
  let epoch = 0;
  try {
    for await (const frame of port.frames()) {
      // What belongs to an epoch that has ended is not heard any more.
      if (frame.epoch > epoch) player.flush();
      epoch = Math.max(epoch, frame.epoch);
      if (frame.payload.length > 0) decode(frame.payload, frame.timestampUs);
    }
    await player.drained();
  } catch {
    player.flush();
  }
}

/** Sound in pieces, one after another without a gap. */
class Player {
  readonly #context: AudioContext;
  readonly #destination: AudioNode;
  readonly #format: SoundFormat;
  readonly #sources = new Set<AudioBufferSourceNode>();
  readonly #playout = new Playout();

  constructor(context: AudioContext, destination: AudioNode, format: SoundFormat) {
    this.#context = context;
    this.#destination = destination;
    this.#format = format;
  }

  /** @param samples in -1..1, channels interleaved */
  add(samples: Float32Array): void {
    const { channels, rate } = this.#format;
    const length = samples.length / channels;
    const { currentTime, state } = this.#context;
    if (this.#playout.isStale(currentTime, state === "running")) this.flush();
    const at = this.#playout.place(currentTime, length / rate, loudnessOf(samples));
    if (at === undefined) return;
    const buffer = this.#context.createBuffer(channels, length, rate);
    for (let channel = 0; channel < channels; channel += 1) {
      const data = buffer.getChannelData(channel);
      for (let index = 0; index < length; index += 1) data[index] = samples[index * channels + channel] ?? 0;
    }
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#destination);
    source.addEventListener("ended", () => this.#sources.delete(source));
    this.#sources.add(source);
    source.start(at);
  }

  flush(): void {
    for (const source of this.#sources) source.stop();
    this.#sources.clear();
    this.#playout.restart();
  }

  /** Resolves when all is heard. */
  async drained(): Promise<void> {
    const last = [...this.#sources].at(-1);
    if (last !== undefined) await new Promise((resolve) => last.addEventListener("ended", resolve, { once: true }));
  }
}

/** Root mean square. */
function loudnessOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

function pcmReader(player: Player): (payload: MediaPayload) => void {
  return (payload) =>
    player.add(payload instanceof Float32Array ? payload : Float32Array.from(payload, (one) => one / 32_768));
}

function opusReader(
  name: string,
  { rate, channels }: SoundFormat,
  player: Player,
): (payload: MediaPayload, timestampUs: number) => void {
  needCodec("AudioDecoder", name);
  const decoder = new AudioDecoder({
    output(sound) {
      const samples = new Float32Array(sound.numberOfFrames * channels);
      for (let channel = 0; channel < channels; channel += 1) {
        const plane = new Float32Array(sound.numberOfFrames);
        const planeIndex = Math.min(channel, sound.numberOfChannels - 1);
        sound.copyTo(plane, { planeIndex, format: "f32-planar" });
        for (const [index, value] of plane.entries()) samples[index * channels + channel] = value;
      }
      sound.close();
      player.add(samples);
    },
    // It closes itself; what comes then is not heard.
    error: () => undefined,
  });
  decoder.configure({ codec: "opus", sampleRate: rate, numberOfChannels: channels });
  return (payload, timestamp) => {
    if (decoder.state !== "configured" || !(payload instanceof Uint8Array)) return;
    decoder.decode(new EncodedAudioChunk({ type: "key", timestamp, data: new Uint8Array(payload) }));
  };
}
