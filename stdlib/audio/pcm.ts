/** Conversion between samples in -1..1 and 16-bit integers; both ways by 32768, so that integers survive unchanged. */
import type { PayloadBuffers } from "../../runtime/interface/node.ts";

/** Rounds `from` into `to`, which sets the length; what is beyond full scale is clipped, what is missing or NaN is 0. */
export function writeIntegers(to: Int16Array, from: Float32Array): void {
  for (let index = 0; index < to.length; index += 1) {
    const value = Math.round((from[index] ?? 0) * 32_768);
    // Storing NaN gives 0.
    to[index] = value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
  }
}

export function toIntegers(samples: Float32Array): Int16Array<ArrayBuffer> {
  const integers = new Int16Array(samples.length);
  writeIntegers(integers, samples);
  return integers;
}

/** The same the other way. */
export function writeFloats(to: Float32Array, from: Int16Array): void {
  for (let index = 0; index < to.length; index += 1) to[index] = (from[index] ?? 0) / 32_768;
}

export function toFloats(integers: Int16Array): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(integers.length);
  writeFloats(samples, integers);
  return samples;
}

/** The same samples in a buffer of their own. */
export function copied(samples: Float32Array, buffers: PayloadBuffers): Float32Array<ArrayBuffer> {
  const copy = buffers.float32(samples.length);
  copy.set(samples);
  return copy;
}

/** The pieces one after the other. */
export function concatenate(pieces: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
