/** The discrete Fourier transform of real signals, for measurements. */

/** Power of each bin from 0 to half the rate. @param length of the transform, a power of two; the frame is padded with zeros */
export function powerSpectrum(frame: Float64Array, length: number): Float64Array {
  const re = new Float64Array(length);
  const im = new Float64Array(length);
  const bits = Math.log2(length);
  for (let index = 0; index < frame.length; index += 1) re[reversed(index, bits)] = frame[index] ?? 0;
  for (let size = 2; size <= length; size *= 2) {
    const half = size / 2;
    for (let k = 0; k < half; k += 1) {
      const cos = Math.cos((-2 * Math.PI * k) / size);
      const sin = Math.sin((-2 * Math.PI * k) / size);
      for (let even = k; even < length; even += size) butterfly(re, im, even, even + half, cos, sin);
    }
  }
  return Float64Array.from({ length: length / 2 + 1 }, (_, bin) => (re[bin] ?? 0) ** 2 + (im[bin] ?? 0) ** 2);
}

function butterfly(re: Float64Array, im: Float64Array, even: number, odd: number, cos: number, sin: number): void {
  const [a, b, c, d] = [re[even] ?? 0, im[even] ?? 0, re[odd] ?? 0, im[odd] ?? 0];
  const oddRe = c * cos - d * sin;
  const oddIm = c * sin + d * cos;
  re[even] = a + oddRe;
  im[even] = b + oddIm;
  re[odd] = a - oddRe;
  im[odd] = b - oddIm;
}

function reversed(index: number, bits: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit += 1) if ((index >> bit) & 1) result |= 1 << (bits - 1 - bit);
  return result;
}

/** The window of Hann without zeros at its ends. */
export function hann(length: number): Float64Array {
  return Float64Array.from({ length }, (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 1)) / (length + 1)));
}
