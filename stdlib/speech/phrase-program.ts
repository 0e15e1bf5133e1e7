/** The thread's state. */
export interface PhraseKnowledge {
  /** The sounds of each voice, by its number. */
  voices?: Features[];
  phrases?: { readonly phrase: number; readonly voice: number; readonly sound: Features }[];
}

/** What matters of a stretch of speech: vectors, one for every 10 ms, one after the other. */
interface Features {
  readonly vectors: Float32Array;
  readonly count: number;
}

export type PhraseRequest =
  /** Any speech that has all sounds of a language, before any phrase of this voice. */
  | { readonly do: "learn-voice"; readonly voice: number; readonly samples: Float32Array }
  | { readonly do: "learn-phrase"; readonly voice: number; readonly phrase: number; readonly samples: Float32Array }
  | { readonly do: "compare"; readonly samples: Float32Array };

/**
 * Compares speech at 16 kHz with what it has learned before: mel-frequency cepstra, aligned by dynamic time warping.
 *
 * Answers to `compare`, for each phrase, how far the nearest voice that says it is: 0 is as near as each sound is to
 * the most like it of that voice, whatever their order, 1 as far as any sounds are from each other; Infinity is too
 * long or too short to be the phrase. Long speech and many phrases take a tenth of a second.
 *
 * The function is sent to a thread as text. It must not refer to anything outside itself but what JavaScript has
 * everywhere.
 */
export function comparePhrases(state: PhraseKnowledge, request: PhraseRequest): number[] {
  const [windowSamples, hopSamples, fftSize] = [400, 160, 512];
  const [filterCount, cepstrumCount] = [26, 13];
  const [lowestHz, highestHz] = [100, 7000];
  /** Each sound is cepstra and their slopes. */
  const width = 2 * cepstrumCount;
  /** Slopes are small and say much. */
  const slopeWeight = 2;
  /** Sound this far below the loudest, in decibels, is not part of the phrase. */
  const rangeDb = 30;
  /** Throats of other lengths than those of the voices, as factors of frequency. */
  const warps = [0.9, 1, 1.1];
  /** The longer of two may be this many times as long as the other. */
  const longestRatio = 1.6;
  /** How far the alignment may be from an even one, as a part of the longer. */
  const band = 0.35;
  /** What a step costs in which only one of the two goes on. */
  const stretchCost = 1.3;

  /** In place, by Cooley and Tukey. */
  const transform = (re: Float64Array, im: Float64Array): void => {
    for (let i = 1, j = 0; i < fftSize; i += 1) {
      let bit = fftSize >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      // The imaginary part is all zero still.
      if (i < j) [re[i], re[j]] = [re[j] as number, re[i] as number];
    }
    for (let length = 2; length <= fftSize; length <<= 1) {
      const half = length >> 1;
      for (let k = 0; k < half; k += 1) {
        const [cos, sin] = [Math.cos((-2 * Math.PI * k) / length), Math.sin((-2 * Math.PI * k) / length)];
        for (let low = k; low < fftSize; low += length) {
          const high = low + half;
          const real = (re[high] as number) * cos - (im[high] as number) * sin;
          const imaginary = (re[high] as number) * sin + (im[high] as number) * cos;
          re[high] = (re[low] as number) - real;
          im[high] = (im[low] as number) - imaginary;
          re[low] = (re[low] as number) + real;
          im[low] = (im[low] as number) + imaginary;
        }
      }
    }
  };

  /** Power spectra of the part that is speech. */
  const spectraOf = (samples: Float32Array): Float64Array[] => {
    const spectra: Float64Array[] = [];
    const levels: number[] = [];
    for (let start = 0; start + windowSamples <= samples.length; start += hopSamples) {
      const [re, im] = [new Float64Array(fftSize), new Float64Array(fftSize)];
      let energy = 0;
      for (let i = 0; i < windowSamples; i += 1) {
        const value = samples[start + i] as number;
        const hamming = 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (windowSamples - 1));
        re[i] = (value - 0.97 * (samples[start + i - 1] ?? 0)) * hamming;
        energy += value * value;
      }
      transform(re, im);
      spectra.push(re.subarray(0, fftSize / 2 + 1).map((value, k) => value * value + (im[k] as number) ** 2));
      levels.push(10 * Math.log10(energy / windowSamples + 1e-10));
    }
    const loudest = Math.max(...levels);
    const background = levels.toSorted((a, b) => a - b)[levels.length >> 4] ?? loudest;
    const aboveBackground = background + 6 < loudest - 15 ? background + 6 : loudest - rangeDb;
    const limit = Math.max(loudest - rangeDb, aboveBackground);
    const first = levels.findIndex((level) => level >= limit);
    const last = levels.findLastIndex((level) => level >= limit);
    return spectra.slice(Math.max(0, first - 2), last + 3);
  };

  const cepstraOf = (spectra: readonly Float64Array[], warp: number): Float64Array[] => {
    const [low = 0, high = 0] = [lowestHz, highestHz].map((hertz) => 1127 * Math.log(1 + hertz / 700));
    const edges = Array.from({ length: filterCount + 2 }, (_, index) => {
      const mel = low + ((high - low) * index) / (filterCount + 1);
      return ((700 * Math.expm1(mel / 1127) * warp) / 16_000) * fftSize;
    });
    return spectra.map((spectrum) => {
      const logs = new Float64Array(filterCount);
      for (let filter = 0; filter < filterCount; filter += 1) {
        const [left, centre, right] = edges.slice(filter, filter + 3) as [number, number, number];
        let sum = 0;
        for (let k = Math.ceil(left); k <= Math.min(right, fftSize / 2); k += 1) {
          const weight = k < centre ? (k - left) / (centre - left) : (right - k) / (right - centre);
          sum += weight * (spectrum[k] as number);
        }
        logs[filter] = Math.log(sum + 1e-7);
      }
      return Float64Array.from({ length: cepstrumCount }, (_, index) => {
        let sum = 0;
        for (let filter = 0; filter < filterCount; filter += 1) {
          sum += (logs[filter] as number) * Math.cos((Math.PI * index * (filter + 0.5)) / filterCount);
        }
        // The higher ones are small by nature; this makes them count.
        return (sum / filterCount) * (index === 0 ? 1 : 1 + 11 * Math.sin((Math.PI * index) / 22));
      });
    });
  };

  const featuresOf = (spectra: readonly Float64Array[], warp: number): Features => {
    const cepstra = cepstraOf(spectra, warp);
    const count = cepstra.length;
    const vectors = new Float32Array(count * width);
    const at = (frame: number, index: number): number =>
      cepstra[Math.max(0, Math.min(count - 1, frame))]?.[index] as number;
    for (let index = 0; index < cepstrumCount; index += 1) {
      // The mean is the microphone's and the room's.
      let mean = 0;
      for (const cepstrum of cepstra) mean += (cepstrum[index] as number) / count;
      for (let frame = 0; frame < count; frame += 1) {
        const near = at(frame + 1, index) - at(frame - 1, index);
        const far = at(frame + 2, index) - at(frame - 2, index);
        vectors[frame * width + index] = at(frame, index) - mean;
        vectors[frame * width + cepstrumCount + index] = (slopeWeight * (near + 2 * far)) / 10;
      }
    }
    return { vectors, count };
  };

  const apart = (a: Features, i: number, b: Features, j: number): number => {
    let squares = 0;
    for (let k = 0; k < width; k += 1) {
      const difference = (a.vectors[i * width + k] as number) - (b.vectors[j * width + k] as number);
      squares += difference * difference;
    }
    return Math.sqrt(squares);
  };

  /** The distance for a step along the best alignment, and that of any two vectors near it. */
  const aligned = (a: Features, b: Features): { readonly along: number; readonly usual: number } => {
    const reach = band * Math.max(a.count, b.count);
    let before = new Float64Array(b.count + 1).fill(Infinity);
    let row = new Float64Array(b.count + 1);
    before[0] = 0;
    let [sum, cells] = [0, 0];
    for (let i = 1; i <= a.count; i += 1) {
      row.fill(Infinity);
      const even = (i * b.count) / a.count;
      const last = Math.min(b.count, Math.floor(even + reach));
      for (let j = Math.max(1, Math.ceil(even - reach)); j <= last; j += 1) {
        const distance = apart(a, i - 1, b, j - 1);
        sum += distance;
        cells += 1;
        row[j] = Math.min(
          (before[j - 1] as number) + 2 * distance,
          (before[j] as number) + stretchCost * distance,
          (row[j - 1] as number) + stretchCost * distance,
        );
      }
      [before, row] = [row, before];
    }
    return { along: (before[b.count] as number) / (a.count + b.count), usual: sum / cells };
  };

  /** How far a sound of the one is from the most like it of the other, on average. */
  const likeness = (heard: Features, voice: Features): number => {
    let sum = 0;
    for (let i = 0; i < heard.count; i += 1) {
      let least = Infinity;
      // Neighbours are much alike, so every other will do.
      for (let j = 0; j < voice.count; j += 2) least = Math.min(least, apart(heard, i, voice, j));
      sum += least;
    }
    return sum / heard.count;
  };

  const voices = (state.voices ??= []);
  const phrases = (state.phrases ??= []);
  const spectra = spectraOf(request.samples);
  if (request.do !== "compare") {
    const sound = featuresOf(spectra, 1);
    if (request.do === "learn-voice") voices[request.voice] = sound;
    else if (sound.count > 0) phrases.push({ phrase: request.phrase, voice: request.voice, sound });
    return [];
  }
  const nearest: number[] = [];
  for (const warp of warps) {
    const heard = featuresOf(spectra, warp);
    const likenesses = voices.map((voice) => likeness(heard, voice));
    for (const { phrase, voice, sound } of phrases) {
      const ratio = heard.count / sound.count;
      nearest[phrase] ??= Infinity;
      if (ratio > longestRatio || ratio < 1 / longestRatio) continue;
      const { along, usual } = aligned(heard, sound);
      const like = likenesses[voice] ?? 0;
      nearest[phrase] = Math.min(nearest[phrase], (along - like) / Math.max(usual - like, 1e-6));
    }
  }
  return nearest;
}
