/** Root mean square of samples, 1 being full scale. */
export function loudness(samples: Int16Array | Float32Array): number {
  if (samples.length === 0) return 0;
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length) / (samples instanceof Int16Array ? 32_768 : 1);
}

/** Samples as 16-bit integers; what is beyond full scale is clipped. */
export function toIntegers(samples: Int16Array | Float32Array): Int16Array {
  if (samples instanceof Int16Array) return samples;
  return Int16Array.from(samples, (value) => Math.max(-32_768, Math.min(32_767, Math.round(value * 32_767))));
}
