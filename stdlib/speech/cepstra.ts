/**
 * What speech sounds like, in few numbers: mel-frequency cepstral coefficients (Davis and Mermelstein, 1980), freed of the
 * speaker's and the line's own colour by their mean and variance over the utterance.
 */

/** 25 ms and 10 ms at 16 kHz. */
const windowSamples = 400;
const stepSamples = 160;
const fftSize = 512;
const melBands = 26;
const coefficients = 12;
/** Steps that are quieter than this beside the loudest are no speech: 35 dB. */
const floorDecibels = 35;

/** Numbers that describe one step: the coefficients and how each changes. */
export const featureCount = coefficients * 2;

/** A run of steps, `featureCount` numbers each, one after the other. */
export interface Features {
  readonly steps: number;
  readonly values: Float32Array;
}

/** Tables that every analysis shares. */
interface Tables {
  readonly window: Float32Array;
  readonly cosines: Float32Array;
  readonly sines: Float32Array;
  /** For each band the weight of each bin of the spectrum. */
  readonly bands: readonly { readonly first: number; readonly weights: Float32Array }[];
  /** `coefficients` rows of `melBands`. */
  readonly dct: Float32Array;
}

/**
 * @param warp by how much the frequencies of the sound are taken lower, which makes up for a shorter or longer vocal tract
 * @returns a function that describes sound at 16 kHz from the first step of speech to the last
 */
export function cepstralAnalysis(warp = 1): (samples: Float32Array) => Features {
  const tables = makeTables(warp);
  return (samples) => describe(samples, tables);
}

function describe(samples: Float32Array, tables: Tables): Features {
  const total = Math.max(0, Math.floor((samples.length - windowSamples) / stepSamples) + 1);
  const cepstra = new Float32Array(total * coefficients);
  const decibels = new Float32Array(total);
  const power = new Float32Array(fftSize / 2 + 1);
  const real = new Float32Array(fftSize);
  const imaginary = new Float32Array(fftSize);
  for (let step = 0; step < total; step += 1) {
    const energy = load(samples, step * stepSamples, tables.window, real);
    decibels[step] = 10 * Math.log10(energy + 1e-12);
    imaginary.fill(0);
    transform(real, imaginary, tables);
    for (let bin = 0; bin < power.length; bin += 1) power[bin] = (real[bin] ?? 0) ** 2 + (imaginary[bin] ?? 0) ** 2;
    cepstrum(power, tables, cepstra.subarray(step * coefficients, (step + 1) * coefficients));
  }
  const [first, last] = extent(decibels);
  const steps = Math.max(0, last - first);
  const spoken = cepstra.subarray(first * coefficients, last * coefficients);
  normalise(spoken, steps);
  return { steps, values: withChanges(spoken, steps) };
}

/** Fills `real` with a windowed, pre-emphasised step and tells its energy. */
function load(samples: Float32Array, at: number, window: Float32Array, real: Float32Array): number {
  let energy = 0;
  real.fill(0);
  for (let index = 0; index < windowSamples; index += 1) {
    const value = samples[at + index] ?? 0;
    energy += value * value;
    real[index] = (value - 0.97 * (samples[at + index - 1] ?? 0)) * (window[index] ?? 0);
  }
  return energy;
}

function cepstrum(power: Float32Array, { bands, dct }: Tables, result: Float32Array): void {
  const logs = bands.map(({ first, weights }) => {
    let sum = 1e-10;
    for (let index = 0; index < weights.length; index += 1) sum += (power[first + index] ?? 0) * (weights[index] ?? 0);
    return Math.log(sum);
  });
  for (let row = 0; row < coefficients; row += 1) {
    let sum = 0;
    for (let band = 0; band < melBands; band += 1) sum += (logs[band] ?? 0) * (dct[row * melBands + band] ?? 0);
    result[row] = sum;
  }
}

/** From the first step that is loud enough to behind the last. */
function extent(decibels: Float32Array): [number, number] {
  const loudest = decibels.reduce((most, value) => Math.max(most, value), -Infinity);
  const loud = (value: number): boolean => value > loudest - floorDecibels;
  const first = decibels.findIndex(loud);
  return first === -1 ? [0, 0] : [first, decibels.findLastIndex(loud) + 1];
}

/** Mean 0 and variance 1 for each coefficient. */
function normalise(cepstra: Float32Array, steps: number): void {
  for (let row = 0; row < coefficients; row += 1) {
    let sum = 0;
    let squares = 0;
    for (let step = 0; step < steps; step += 1) {
      const value = cepstra[step * coefficients + row] ?? 0;
      sum += value;
      squares += value * value;
    }
    const mean = sum / steps;
    const deviation = Math.sqrt(Math.max(squares / steps - mean * mean, 1e-6));
    for (let step = 0; step < steps; step += 1) {
      const at = step * coefficients + row;
      cepstra[at] = ((cepstra[at] ?? 0) - mean) / deviation;
    }
  }
}

/** Adds how each coefficient changes from two steps before to two steps after. */
function withChanges(cepstra: Float32Array, steps: number): Float32Array {
  const values = new Float32Array(steps * featureCount);
  const at = (step: number, row: number): number =>
    cepstra[Math.max(0, Math.min(steps - 1, step)) * coefficients + row] ?? 0;
  for (let step = 0; step < steps; step += 1) {
    for (let row = 0; row < coefficients; row += 1) {
      const near = at(step + 1, row) - at(step - 1, row);
      const far = at(step + 2, row) - at(step - 2, row);
      values[step * featureCount + row] = at(step, row);
      values[step * featureCount + coefficients + row] = (near + 2 * far) / 5;
    }
  }
  return values;
}

/** A radix-2 fast Fourier transform in place. */
function transform(real: Float32Array, imaginary: Float32Array, { cosines, sines }: Tables): void {
  for (let index = 1, mirrored = 0; index < fftSize; index += 1) {
    let bit = fftSize >> 1;
    for (; mirrored & bit; bit >>= 1) mirrored ^= bit;
    mirrored ^= bit;
    if (index < mirrored) {
      [real[index], real[mirrored]] = [real[mirrored] ?? 0, real[index] ?? 0];
      [imaginary[index], imaginary[mirrored]] = [imaginary[mirrored] ?? 0, imaginary[index] ?? 0];
    }
  }
  for (let size = 2; size <= fftSize; size *= 2) {
    const half = size / 2;
    const stride = fftSize / size;
    for (let start = 0; start < fftSize; start += size) {
      for (let offset = 0; offset < half; offset += 1) {
        const cosine = cosines[offset * stride] ?? 0;
        const sine = sines[offset * stride] ?? 0;
        const low = start + offset;
        const high = low + half;
        const r = (real[high] ?? 0) * cosine + (imaginary[high] ?? 0) * sine;
        const i = (imaginary[high] ?? 0) * cosine - (real[high] ?? 0) * sine;
        real[high] = (real[low] ?? 0) - r;
        imaginary[high] = (imaginary[low] ?? 0) - i;
        real[low] = (real[low] ?? 0) + r;
        imaginary[low] = (imaginary[low] ?? 0) + i;
      }
    }
  }
}

const melOf = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
const hertzOf = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);

function makeTables(warp: number): Tables {
  const angle = (index: number): number => (2 * Math.PI * index) / fftSize;
  const [lowest, highest] = [melOf(100), melOf(6_000)];
  const edges = Array.from(
    { length: melBands + 2 },
    (_, index) => (hertzOf(lowest + ((highest - lowest) * index) / (melBands + 1)) * warp * fftSize) / 16_000,
  );
  const bands = Array.from({ length: melBands }, (_, band) => {
    const [from = 0, peak = 0, to = 0] = edges.slice(band, band + 3);
    const first = Math.ceil(from);
    const weights = Float32Array.from({ length: Math.max(1, Math.floor(to) - first + 1) }, (_value, index) => {
      const bin = first + index;
      return Math.max(0, bin <= peak ? (bin - from) / (peak - from) : (to - bin) / (to - peak));
    });
    return { first, weights };
  });
  return {
    window: Float32Array.from(
      { length: windowSamples },
      (_, index) => 0.54 - 0.46 * Math.cos((2 * Math.PI * index) / (windowSamples - 1)),
    ),
    cosines: Float32Array.from({ length: fftSize / 2 }, (_, index) => Math.cos(angle(index))),
    sines: Float32Array.from({ length: fftSize / 2 }, (_, index) => Math.sin(angle(index))),
    bands,
    dct: Float32Array.from({ length: coefficients * melBands }, (_, index) => {
      const row = Math.floor(index / melBands) + 1;
      return Math.cos((Math.PI * row * ((index % melBands) + 0.5)) / melBands);
    }),
  };
}
