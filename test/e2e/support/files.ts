import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { parseWav, wavHeader, wavSamples, type Wav, type WritableWavFormat } from "../../../stdlib/audio/wav.ts";

/** A folder that is there for one test, with these files in it. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "mesh-e2e-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** A tone as the bytes of a WAV file; every frame of it is different, so that lost or doubled ones show. */
export function tone(seconds: number, format: Partial<WritableWavFormat> = {}): Uint8Array {
  const { sampleRate = 16_000, channels = 1, encoding = "pcm_s16" } = format;
  const frames = Math.round(seconds * sampleRate);
  const value = (index: number): number =>
    0.4 * Math.sin((2 * Math.PI * (300 + index / 64) * Math.floor(index / channels)) / sampleRate);
  const floats = Float32Array.from({ length: frames * channels }, (_, index) => value(index));
  const samples = encoding === "pcm_f32" ? floats : Int16Array.from(floats, (one) => Math.round(one * 32_767));
  return joined(wavHeader({ sampleRate, channels, encoding }, frames), wavSamples(samples));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

export function readWav(path: string): Wav {
  return parseWav(readFileSync(path));
}
