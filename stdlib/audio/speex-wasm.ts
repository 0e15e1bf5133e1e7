/* eslint-disable no-underscore-dangle -- the names are those of the module */
/** The resampler of SpeexDSP compiled to WebAssembly: the package @echogarden/speex-resampler-wasm. */
import { MeshError } from "../../runtime/interface/errors.ts";
import { missingPackage } from "../common/assets.ts";

/** Error and aliasing below -110 dB, a delay of 2.5 ms at 16 kHz. */
const quality = 5;
/** Samples of each channel that go through the module's memory at a time. */
const chunk = 1024;

interface SpeexModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _speex_resampler_init(channels: number, from: number, to: number, quality: number, error: number): number;
  _speex_resampler_process_interleaved_float(
    state: number,
    from: number,
    fromSamples: number,
    to: number,
    toSamples: number,
  ): number;
  _speex_resampler_skip_zeros(state: number): number;
  _speex_resampler_reset_mem(state: number): number;
}

export type LoadSpeex = () => Promise<SpeexModule>;

/** @throws {MeshError} `dependency-missing` */
export async function loadSpeex(): Promise<SpeexModule> {
  try {
    const { default: instantiate } = await import("@echogarden/speex-resampler-wasm/simd");
    return (await instantiate()) as SpeexModule;
  } catch (error) {
    const name = "@echogarden/speex-resampler-wasm";
    throw missingPackage(name, { node: "Resample", packages: [name] }, error);
  }
}

/**
 * Resamples one stream. The delay of the filter is taken out: output sample n belongs to the time n / `to` after the
 * first input sample.
 */
export class Resampler {
  readonly #speex: SpeexModule;
  readonly #state: number;
  readonly #channels: number;
  readonly #from: number;
  readonly #to: number;
  readonly #room: number;
  readonly #input: number;
  readonly #output: number;
  readonly #counts: number;
  #consumed = 0;
  #produced = 0;
  /** What came out last, at its beginning. */
  #made = new Float32Array(0);

  /**
   * @param speex a module of its own, which is freed with the object
   * @param from hertz
   * @param to hertz
   */
  constructor(speex: SpeexModule, channels: number, from: number, to: number) {
    this.#speex = speex;
    this.#channels = channels;
    this.#from = from;
    this.#to = to;
    this.#room = Math.ceil((chunk * to) / from) + 16;
    this.#counts = speex._malloc(8);
    this.#input = speex._malloc(chunk * channels * 4);
    this.#output = speex._malloc(this.#room * channels * 4);
    this.#state = speex._speex_resampler_init(channels, from, to, quality, this.#counts);
    if (this.#state === 0) throw new MeshError("invalid-argument", `Cannot resample from ${from} Hz to ${to} Hz`);
    speex._speex_resampler_skip_zeros(this.#state);
  }

  /** Output samples of each channel so far. */
  get produced(): number {
    return this.#produced;
  }

  /** Output that is complete after these interleaved samples; may be empty. It stands there until the next call. */
  process(samples: Float32Array): Float32Array {
    const made = this.#run(samples, 0);
    this.#consumed += samples.length / this.#channels;
    this.#produced += made / this.#channels;
    return this.#made.subarray(0, made);
  }

  /** The same with all the rest, so that the output in all is as long as the input, rounded up; then starts afresh. */
  finish(samples?: Float32Array): Float32Array {
    let made = samples === undefined ? 0 : this.process(samples).length;
    const missing = Math.ceil((this.#consumed * this.#to) / this.#from - 1e-9) - this.#produced;
    const whole = made + Math.max(0, missing) * this.#channels;
    const silence = new Float32Array(64 * this.#channels);
    while (made < whole) made += this.#run(silence, made);
    this.reset();
    return this.#made.subarray(0, whole);
  }

  reset(): void {
    this.#speex._speex_resampler_reset_mem(this.#state);
    this.#speex._speex_resampler_skip_zeros(this.#state);
    this.#consumed = 0;
    this.#produced = 0;
  }

  /** Puts what comes of samples behind the first `at` that were made before; gives how many have been added. */
  #run(samples: Float32Array, at: number): number {
    let read = 0;
    let made = at;
    while (read < samples.length) {
      const part = samples.subarray(read, read + chunk * this.#channels);
      const [consumed, produced] = this.#runChunk(part, made);
      if (consumed === 0 && produced === 0) throw new MeshError("internal", "The resampler does not advance");
      read += consumed;
      made += produced;
    }
    return made - at;
  }

  #runChunk(part: Float32Array, at: number): [consumed: number, produced: number] {
    const speex = this.#speex;
    // The memory may have moved, so views are made anew.
    let memory = speex.HEAPU8.buffer;
    new Float32Array(memory, this.#input, part.length).set(part);
    new Uint32Array(memory, this.#counts, 2).set([part.length / this.#channels, this.#room]);
    const failed = speex._speex_resampler_process_interleaved_float(
      this.#state,
      this.#input,
      this.#counts,
      this.#output,
      this.#counts + 4,
    );
    if (failed !== 0) throw new MeshError("internal", `The resampler failed with status ${failed}`);
    memory = speex.HEAPU8.buffer;
    const [consumed = 0, produced = 0] = new Uint32Array(memory, this.#counts, 2);
    const length = produced * this.#channels;
    if (at + length > this.#made.length) {
      const larger = new Float32Array((at + length) * 2);
      larger.set(this.#made.subarray(0, at));
      this.#made = larger;
    }
    this.#made.set(new Float32Array(memory, this.#output, length), at);
    return [consumed * this.#channels, length];
  }
}
