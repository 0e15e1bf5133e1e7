/** The discrete Fourier transform of real signals, for measurements. */

/**
 * A transform of one length: gives the power of each bin from 0 to half the rate. What it gives is overwritten by its next call.
 * @param length a power of two; a shorter frame is padded with zeros
 */
export function powerSpectrum(length: number): (frame: ArrayLike<number>) => Float64Array {
  const bits = Math.log2(length);
  const places = Int32Array.from({ length }, (_, index) => reversed(index, bits));
  const cos = Float64Array.from({ length: length / 2 }, (_, k) => Math.cos((-2 * Math.PI * k) / length));
  const sin = Float64Array.from({ length: length / 2 }, (_, k) => Math.sin((-2 * Math.PI * k) / length));
  const re = new Float64Array(length);
  const im = new Float64Array(length);
  const power = new Float64Array(length / 2 + 1);
  return (frame) => {
    im.fill(0);
    for (let index = 0; index < length; index += 1) re[places[index] ?? 0] = frame[index] ?? 0;
    for (let size = 2; size <= length; size *= 2) stage(re, im, size, cos, sin);
    for (let bin = 0; bin < power.length; bin += 1) power[bin] = (re[bin] ?? 0) ** 2 + (im[bin] ?? 0) ** 2;
    return power;
  };
}

/** All butterflies of one size, after J. W. Cooley and J. W. Tukey (1965). */
function stage(re: Float64Array, im: Float64Array, size: number, cos: Float64Array, sin: Float64Array): void {
  const half = size / 2;
  const stride = re.length / size;
  for (let start = 0; start < re.length; start += size) {
    for (let k = 0; k < half; k += 1) {
      const even = start + k;
      const odd = even + half;
      const c = cos[k * stride] ?? 0;
      const s = sin[k * stride] ?? 0;
      const oddRe = (re[odd] ?? 0) * c - (im[odd] ?? 0) * s;
      const oddIm = (re[odd] ?? 0) * s + (im[odd] ?? 0) * c;
      re[odd] = (re[even] ?? 0) - oddRe;
      im[odd] = (im[even] ?? 0) - oddIm;
      re[even] = (re[even] ?? 0) + oddRe;
      im[even] = (im[even] ?? 0) + oddIm;
    }
  }
}

/** The window of Hann without zeros at its ends. */
export function hann(length: number): Float64Array {
  return Float64Array.from({ length }, (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 1)) / (length + 1)));
}

function reversed(index: number, bits: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit += 1) if ((index >> bit) & 1) result |= 1 << (bits - 1 - bit);
  return result;
}
