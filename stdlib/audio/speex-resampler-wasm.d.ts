/** The package brings no types. */
declare module "@echogarden/speex-resampler-wasm/simd" {
  export default function instantiate(): Promise<unknown>;
}
