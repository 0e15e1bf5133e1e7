/** Speech to test with, as it comes to a recogniser. */
import type { Frame } from "../../../runtime/interface/frame.ts";
import { OpusDecode } from "../../../stdlib/audio/opus-decode.node.ts";
import { OpusEncode } from "../../../stdlib/audio/opus-encode.node.ts";
import { Resample } from "../../../stdlib/audio/resample.node.ts";
import { type Manner, fliteSpeakers } from "../../../stdlib/speech/flite.ts";
import { Vad } from "../../../stdlib/speech/vad.node.ts";
import { audio, cut, openNode } from "../../support/node-harness.ts";

/** The sound, sent at 32 kb/s over Opus at 48 kHz and back at 16 kHz; segments stay segments. */
export async function overOpus(frames: readonly Frame[]): Promise<Frame[]> {
  const up = await openNode(Resample, { to: 48_000 }, { inputs: { in: audio("pcm_f32", 16_000, 1) } });
  const encode = await openNode(OpusEncode, { bitrate: 32_000 }, { inputs: { in: audio("pcm_f32", 48_000, 1) } });
  const decode = await openNode(OpusDecode, {}, { outputs: { out: audio("pcm_f32", 48_000, 1) } });
  const down = await openNode(Resample, { to: 16_000 }, { inputs: { in: audio("pcm_f32", 48_000, 1) } });
  await up.sendFrames(frames);
  await up.end();
  await encode.sendFrames(up.frames());
  await encode.end();
  await decode.sendFrames(encode.frames());
  await decode.end();
  await down.sendFrames(decode.frames());
  await down.end();
  return down.frames();
}

/** What `Vad` lets through of a sound at 16 kHz, as its segments. */
export async function utterancesIn(sound: Float32Array<ArrayBuffer>): Promise<Frame[]> {
  const vad = await openNode(Vad, { threshold: 0.5, lead: 200_000, hangover: 400_000 });
  await vad.sendFrames(cut(sound, { rate: 16_000 }, { flags: false }));
  await vad.end();
  return vad.frames("speech");
}

/** The texts spoken by flite, at 16 kHz. */
export async function spoken(texts: readonly string[], manner: Manner): Promise<Float32Array<ArrayBuffer>[]> {
  const speaker = await fliteSpeakers("the test")();
  try {
    return await Promise.all(texts.map((text) => speaker.speak(text, manner)));
  } finally {
    speaker.release();
  }
}
