import { FrameFlag } from "../interface/frame.ts";
import { at, type Timed } from "./feed.ts";

export interface SoundCut {
  /** In hertz. */
  readonly rate: number;
  /** 1 by default; samples of several are interleaved. */
  readonly channels?: number;
  /** Of each frame, per channel; 20 ms by default. */
  readonly samples?: number;
  /** Media time of the first sample; 0 by default. */
  readonly startUs?: number;
  /** Whether the first frame says that a segment begins and the last one that it ends; false by default. */
  readonly segment?: boolean;
}

/** Cuts sound into frames as a microphone gives them, each a copy with its media time; the last may be shorter. */
export function soundFrames<T extends Float32Array | Int16Array>(sound: T, cut: SoundCut): Timed<T>[] {
  const { rate, channels = 1, samples = Math.round(rate / 50), startUs = 0, segment = false } = cut;
  const step = samples * channels;
  const frames: Timed<T>[] = [];
  for (let from = 0; from < sound.length; from += step) {
    const first = from === 0 ? FrameFlag.segmentStart : 0;
    const last = from + step >= sound.length ? FrameFlag.segmentEnd : 0;
    const timestampUs = startUs + Math.round((from / channels / rate) * 1e6);
    frames.push(at(timestampUs, sound.slice(from, from + step) as T, segment ? first | last : 0));
  }
  return frames;
}
