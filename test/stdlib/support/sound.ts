/** Sounds to test with, and what can be measured of them. */
import { readFileSync } from "node:fs";
import { parseWav } from "../../../stdlib/audio/wav.ts";
import { seededRandom } from "../../support/real-clock.ts";

export function sine(frequency: number, rate: number, seconds: number, amplitude = 0.5): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: Math.round(rate * seconds) },
    (_, index) => amplitude * Math.sin((2 * Math.PI * frequency * index) / rate),
  );
}

export function noise(rate: number, seconds: number, amplitude = 0.1): Float32Array<ArrayBuffer> {
  const random = seededRandom(7);
  return Float32Array.from({ length: Math.round(rate * seconds) }, () => amplitude * (2 * random.next() - 1));
}

/** The recorded question "go forward ten meters": 16 kHz, mono. */
export function question(): Float32Array<ArrayBuffer> {
  const path = new URL("../../../examples/voice-assistant/question.wav", import.meta.url);
  return Float32Array.from(parseWav(readFileSync(path)).samples, (value) => value / 32_768);
}

export function energy(samples: Float32Array): number {
  let sum = 0;
  for (const value of samples) sum += value * value;
  return samples.length === 0 ? 0 : sum / samples.length;
}

/** Signal to noise ratio in decibels of `measured` against `reference`, over the length of the shorter. */
export function signalToNoise(reference: Float32Array, measured: Float32Array): number {
  const length = Math.min(reference.length, measured.length);
  let signal = 0;
  let error = 0;
  for (let index = 0; index < length; index += 1) {
    signal += (reference[index] ?? 0) ** 2;
    error += ((reference[index] ?? 0) - (measured[index] ?? 0)) ** 2;
  }
  return 10 * Math.log10(signal / error);
}

/** Correlation coefficient, over the length of the shorter. */
export function correlation(a: Float32Array, b: Float32Array): number {
  const length = Math.min(a.length, b.length);
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let index = 0; index < length; index += 1) {
    const x = a[index] ?? 0;
    const y = b[index] ?? 0;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}
