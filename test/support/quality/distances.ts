/** How far a signal is from the original, frame by frame; both have to be aligned. */
import { hann, powerSpectrum } from "./fourier.ts";

/**
 * Segmental signal-to-noise ratio in decibels: the mean over frames of 20 ms, each bounded to -10 and 35 dB, over those in which
 * there is speech (J. H. L. Hansen and B. L. Pellom, "An effective quality evaluation protocol for speech enhancement algorithms",
 * ICSLP 1998).
 */
export function segmentalSnr(clean: Float32Array, degraded: Float32Array, rate: number): number {
  const length = Math.round(rate / 50);
  const values = speechFrames(clean, length).map((start) => {
    let signal = 0;
    let error = 0;
    for (let at = start; at < start + length; at += 1) {
      signal += (clean[at] ?? 0) ** 2;
      error += ((clean[at] ?? 0) - (degraded[at] ?? 0)) ** 2;
    }
    return Math.min(35, Math.max(-10, 10 * Math.log10(signal / (error + 1e-20))));
  });
  return mean(values);
}

/**
 * Log-spectral distance in decibels: the root mean square over the bins of a frame of 32 ms, averaged over those in which there is speech
 * (A. H. Gray and J. D. Markel, "Distance measures for speech processing", IEEE Trans. ASSP 24, 1976). Bins are held against a floor
 * 60 dB below the loudest, so that a frame of zeros counts as silence and not without bound.
 */
export function logSpectralDistance(clean: Float32Array, degraded: Float32Array, rate: number): number {
  const length = 2 ** Math.round(Math.log2(rate * 0.032));
  const window = hann(length);
  const transform = powerSpectrum(length);
  const spectrum = (signal: Float32Array, start: number): Float64Array =>
    transform(window.map((value, index) => value * (signal[start + index] ?? 0))).slice();
  const starts = speechFrames(clean, length);
  const spectra = starts.map((start) => [spectrum(clean, start), spectrum(degraded, start)] as const);
  const floor = Math.max(...spectra.map(([x]) => Math.max(...x))) * 1e-6;
  const level = (power: number): number => 10 * Math.log10(Math.max(power, floor));
  return mean(
    spectra.map(([x, y]) => Math.sqrt(mean(Array.from(x, (power, bin) => (level(power) - level(y[bin] ?? 0)) ** 2)))),
  );
}

/** Where frames begin that are at most 40 dB below the loudest. */
function speechFrames(clean: Float32Array, length: number): number[] {
  const starts: number[] = [];
  for (let start = 0; start + length <= clean.length; start += length) starts.push(start);
  const energies = starts.map((start) =>
    clean.subarray(start, start + length).reduce((sum, value) => sum + value * value, 0),
  );
  const least = Math.max(...energies) * 1e-4;
  return starts.filter((_, index) => (energies[index] ?? 0) > least);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
