/**
 * Short-time objective intelligibility: C. H. Taal, R. C. Hendriks, R. Heusdens and J. Jensen, "An algorithm for intelligibility
 * prediction of time-frequency weighted noisy speech", IEEE Trans. Audio, Speech and Language Processing 19 (2011). Section numbers are
 * those of the paper.
 */
import { hann, powerSpectrum } from "./fourier.ts";

/** Hertz at which the measure is defined. */
export const stoiRate = 10_000;

const frameLength = 256;
const hop = 128;
const transform = 512;
const bands = 15;
const lowestBand = 150;
/** Frames that are compared at a time: 384 ms. */
const segment = 30;
/** Frames so much quieter than the loudest of the clean speech are left out, in decibels. */
const dynamicRange = 40;
/** The distorted envelope counts for so much at most: a signal-to-distortion ratio of -15 dB. */
const clip = 1 + 10 ** (15 / 20);

/**
 * How well the speech is understood, 0 to 1: 1 when both are the same.
 * @param clean at `stoiRate` @param degraded the same, aligned with it
 */
export function stoi(clean: Float32Array, degraded: Float32Array): number {
  const [x, y] = withoutSilence(clean, degraded).map(bandEnvelopes) as [Float64Array[], Float64Array[]];
  let sum = 0;
  let count = 0;
  for (let end = segment; end <= x.length; end += 1) {
    for (let band = 0; band < bands; band += 1) {
      sum += similarity(envelope(x, band, end), envelope(y, band, end));
      count += 1;
    }
  }
  return count === 0 ? 0 : sum / count;
}

/** Section II-A: frames in which the clean speech is silent are taken out of both, and the rest is put together again. */
function withoutSilence(clean: Float32Array, degraded: Float32Array): Float64Array[] {
  const window = hann(frameLength);
  const starts: number[] = [];
  const levels: number[] = [];
  for (let start = 0; start + frameLength <= clean.length; start += hop) {
    let energy = 0;
    for (let index = 0; index < frameLength; index += 1)
      energy += ((clean[start + index] ?? 0) * (window[index] ?? 0)) ** 2;
    starts.push(start);
    levels.push(10 * Math.log10(energy + 1e-20));
  }
  const loudest = Math.max(...levels);
  const kept = starts.filter((_, index) => (levels[index] ?? 0) > loudest - dynamicRange);
  return [clean, degraded].map((signal) => {
    const rest = new Float64Array(kept.length === 0 ? 0 : (kept.length - 1) * hop + frameLength);
    for (const [place, start] of kept.entries()) {
      for (let index = 0; index < frameLength; index += 1) {
        rest[place * hop + index] =
          (rest[place * hop + index] ?? 0) + (signal[start + index] ?? 0) * (window[index] ?? 0);
      }
    }
    return rest;
  });
}

/** Equation 1: the norm of each third of an octave, for each frame. */
function bandEnvelopes(signal: Float64Array): Float64Array[] {
  const window = hann(frameLength);
  const edges = Array.from({ length: bands }, (_, band) => {
    const centre = lowestBand * 2 ** (band / 3);
    const bin = (hertz: number): number => Math.round((hertz * transform) / stoiRate);
    return [bin(centre * 2 ** (-1 / 6)), bin(centre * 2 ** (1 / 6))] as const;
  });
  const frames: Float64Array[] = [];
  const spectrum = powerSpectrum(transform);
  for (let start = 0; start + frameLength <= signal.length; start += hop) {
    const power = spectrum(window.map((value, index) => value * (signal[start + index] ?? 0)));
    frames.push(Float64Array.from(edges, ([from, to]) => Math.sqrt(sumOf(power.subarray(from, to)))));
  }
  return frames;
}

function envelope(frames: readonly Float64Array[], band: number, end: number): Float64Array {
  return Float64Array.from({ length: segment }, (_, index) => frames[end - segment + index]?.[band] ?? 0);
}

/** Equations 2 to 5: the distorted envelope is scaled and clipped, then correlated with the clean one. */
function similarity(x: Float64Array, y: Float64Array): number {
  const scale = norm(x) / (norm(y) + 1e-20);
  const clipped = y.map((value, index) => Math.min(value * scale, (x[index] ?? 0) * clip));
  const [xMean, yMean] = [sumOf(x) / segment, sumOf(clipped) / segment];
  const xc = x.map((value) => value - xMean);
  const yc = clipped.map((value) => value - yMean);
  let product = 0;
  for (let index = 0; index < segment; index += 1) product += (xc[index] ?? 0) * (yc[index] ?? 0);
  return product / (norm(xc) * norm(yc) + 1e-20);
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function norm(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
