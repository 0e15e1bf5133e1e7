/** Samples whose loudness is measured at a time: 20 ms at 16 kHz. */
const pieceSamples = 320;
/** What the loudest piece is brought to, as root mean square of samples in -1..1; recordings are mostly about that. */
const target = 0.09;
/** Sound that is fainter than this can make up for is mostly noise. */
const maxGain = 30;
/** How far above the target sound may rise before the gain is lowered within an utterance. */
const headroom = 2;

/**
 * Brings an utterance to the level that a recogniser was trained at. The gain is set by the first half second and kept,
 * for a gain that moves sounds like other speech; only what becomes far too loud lowers it.
 */
export class SpeechLevel {
  readonly #settleSamples: number;
  #held: Float32Array[] = [];
  #heard = 0;
  #loudest = 0;
  #gain: number | undefined;

  constructor(settleSamples = 8_000) {
    this.#settleSamples = settleSamples;
  }

  /** What can be passed on now, in memory of its own: nothing until the level is known, then all that was held. */
  push(samples: Float32Array): Float32Array<ArrayBuffer>[] {
    this.#loudest = Math.max(this.#loudest, loudestPiece(samples));
    this.#heard += samples.length;
    if (this.#gain === undefined) {
      this.#held.push(samples.slice());
      return this.#heard < this.#settleSamples ? [] : this.finish();
    }
    if (this.#loudest * this.#gain > target * headroom) this.#gain = gainFor(this.#loudest);
    return [scaled(samples, this.#gain)];
  }

  /** What is still held of an utterance that was too short to measure longer. */
  finish(): Float32Array<ArrayBuffer>[] {
    const gain = (this.#gain ??= gainFor(this.#loudest));
    const held = this.#held;
    this.#held = [];
    return held.map((samples) => scaled(samples, gain));
  }
}

function gainFor(loudest: number): number {
  return loudest === 0 ? 1 : Math.min(maxGain, target / loudest);
}

function scaled(samples: Float32Array, gain: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(samples, (value) => value * gain);
}

function loudestPiece(samples: Float32Array): number {
  let loudest = 0;
  for (let at = 0; at < samples.length; at += pieceSamples) {
    const piece = samples.subarray(at, at + pieceSamples);
    let sum = 0;
    for (const value of piece) sum += value * value;
    // A rest of a few samples is measured as if silence followed.
    loudest = Math.max(loudest, Math.sqrt(sum / pieceSamples));
  }
  return loudest;
}
