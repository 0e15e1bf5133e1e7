/** Speech over a track that loses packets: what is heard at the other end. */
import { createRequire } from "node:module";
import type { Frame } from "../../../runtime/interface/frame.ts";
import { TrackReceiver } from "../../../runtime/media/track-receiver.ts";
import { TrackSender } from "../../../runtime/media/track-sender.ts";
import { seededRandom } from "../../../runtime/testing/seeded-random.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { OpusDecode } from "../../../stdlib/audio/opus-decode.node.ts";
import { OpusEncode } from "../../../stdlib/audio/opus-encode.node.ts";
import { Resample } from "../../../stdlib/audio/resample.node.ts";
import { question } from "../../stdlib/support/sound.ts";
import { audio, cut, joined, openNode } from "../node-harness.ts";
import { Path, type PathConditions } from "../virtual-path.ts";
import { logSpectralDistance, segmentalSnr } from "./distances.ts";
import { stoi, stoiRate } from "./stoi.ts";

const rate = 48_000;
/** Of the encoder, which looks ahead; see `OpusDecode`. */
const preSkip = 312;

type Sound = Float32Array<ArrayBuffer>;

/** The recorded question at 48 kHz: a man says "go forward ten meters". */
export function speech(): Promise<Sound> {
  return resampled(question(), 16_000, rate);
}

async function resampled(sound: Sound, from: number, to: number): Promise<Sound> {
  const node = await openNode(Resample, { to }, { inputs: { in: audio("pcm_f32", from, 1) } });
  await node.sendFrames(cut(sound, { rate: from }));
  await node.end();
  return joined(node.frames());
}

export interface EncoderParams {
  readonly bitrate?: number;
  readonly inbandFec?: boolean;
  readonly packetLoss?: number;
}

export async function encoded(sound: Sound, params: EncoderParams): Promise<readonly Frame<Uint8Array>[]> {
  const encode = await openNode(
    OpusEncode,
    { bitrate: 32_000, ...params },
    { inputs: { in: audio("pcm_f32", rate, 1) } },
  );
  await encode.sendFrames(cut(sound, { rate }, { flags: false }));
  await encode.end();
  return encode.frames() as Frame<Uint8Array>[];
}

/** What comes out of a track over a bad way, in virtual time. */
export function overTrack(frames: readonly Frame<Uint8Array>[], conditions: PathConditions): Frame<Uint8Array>[] {
  const clock = virtualClock();
  const received: Frame<Uint8Array>[] = [];
  const sender = new TrackSender({ codec: "opus", payloadType: 111, clock, random: seededRandom(1) });
  const receiver = new TrackReceiver({
    codec: "opus",
    clock,
    origin: sender.origin,
    onFrame: (frame) => received.push(frame),
  });
  const path = new Path(clock, conditions, (packet) => receiver.receive(packet));
  for (const frame of frames) {
    path.send(sender.send(frame));
    clock.advance(20);
  }
  clock.advance(1_000);
  receiver.close();
  return received;
}

/** What our decoder makes of it. */
export async function decoded(frames: readonly Frame<Uint8Array>[], length: number): Promise<Heard> {
  const decode = await openNode(OpusDecode, {}, { outputs: { out: audio("pcm_f32", rate, 1) } });
  await decode.sendLossy(frames);
  const sound = new Float32Array(length);
  for (const { timestampUs, payload } of decode.frames()) place(sound, payload as Float32Array, timestampUs);
  const { concealedSamples = 0, recoveredSamples = 0 } = decode.metrics;
  return { sound, concealed: concealedSamples / length, recovered: recoveredSamples / length };
}

/** What the decoder of the package @evan/opus makes of it, which knows of no loss: where nothing came is silence. */
export function decodedWithHoles(frames: readonly Frame<Uint8Array>[], length: number): Heard {
  const { Decoder } = createRequire(import.meta.url)("@evan/opus") as EvanOpus;
  const decoder = new Decoder({ channels: 1, sample_rate: rate });
  const sound = new Float32Array(length);
  for (const { timestampUs, payload } of frames) {
    const bytes = decoder.decode(payload).slice();
    const samples = Float32Array.from(new Int16Array(bytes.buffer, 0, bytes.length / 2), (value) => value / 32_768);
    place(sound, samples, timestampUs - (preSkip * 1e6) / rate);
  }
  return { sound, concealed: 0, recovered: 0 };
}

interface EvanOpus {
  readonly Decoder: new (options: { channels: 1 | 2; sample_rate: number }) => {
    decode(packet: Uint8Array): Uint8Array;
  };
}

/** Sound at its place, and the shares of it that were made up and taken from in-band FEC. */
export interface Heard {
  readonly sound: Sound;
  readonly concealed: number;
  readonly recovered: number;
}

function place(whole: Sound, samples: Float32Array, timestampUs: number): void {
  const at = Math.round((timestampUs * rate) / 1e6);
  const skipped = Math.max(0, -at);
  if (at < whole.length) whole.set(samples.subarray(skipped, Math.max(skipped, whole.length - at)), Math.max(0, at));
}

export interface Quality {
  /** 0 to 1. */
  readonly stoi: number;
  /** Decibels, more is better. */
  readonly segmentalSnr: number;
  /** Decibels, less is better. */
  readonly logSpectralDistance: number;
}

/** Holds what was heard against what was said. */
export async function qualityOf(said: Sound, heard: Sound): Promise<Quality> {
  const [clean, degraded] = [await resampled(said, rate, stoiRate), await resampled(heard, rate, stoiRate)];
  return {
    stoi: stoi(clean, degraded),
    segmentalSnr: segmentalSnr(said, heard, rate),
    logSpectralDistance: logSpectralDistance(said, heard, rate),
  };
}
