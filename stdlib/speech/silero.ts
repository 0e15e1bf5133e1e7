/**
 * Silero VAD v6 (https://github.com/snakers4/silero-vad): the model that the package @ricky0123/vad-web carries, run by
 * onnxruntime-web in WebAssembly on one thread, on Node.js and in browsers.
 */
import type { InferenceSession, Tensor } from "onnxruntime-web";
import { readAsset } from "../common/assets.ts";
import { lazily } from "../common/lazy.ts";
import { importOptional } from "../common/packages.ts";

/** Samples at 16 kHz that are judged at a time: 32 ms. */
export const detectorSamples = 512;
/** The model wants to see the end of the chunk before, too. */
const contextSamples = 64;

/** Judges one stream, chunk by chunk. */
export interface SpeechDetector {
  /** How likely `detectorSamples` samples at 16 kHz hold speech, 0..1. */
  probability(chunk: Float32Array): Promise<number>;
  /** Forgets what was heard. */
  reset(): void;
}

/** @throws {MeshError} `dependency-missing` */
export type OpenDetector = () => Promise<SpeechDetector>;

interface Model {
  readonly session: InferenceSession;
  tensor(data: Float32Array | BigInt64Array, shape: readonly number[]): Tensor;
}

const need = { node: "Vad", packages: ["@ricky0123/vad-web", "onnxruntime-web"] };

async function loadModel(): Promise<Model> {
  const ort = await importOptional(() => import("onnxruntime-web/wasm"), "onnxruntime-web/wasm", need);
  const bytes = await readAsset({
    package: "@ricky0123/vad-web",
    path: "dist/silero_vad_v6.onnx",
    neededBy: need,
  });
  // More threads need shared memory, which a browser grants to isolated pages only, and gain nothing here.
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  return {
    session,
    tensor: (data, shape) =>
      data instanceof Float32Array ? new ort.Tensor("float32", data, shape) : new ort.Tensor("int64", data, shape),
  };
}

/** Detectors that share one model, loaded when the first is opened. */
export function sileroDetectors(): OpenDetector {
  const model = lazily(loadModel);
  return async () => {
    const detector = detectorOf(await model());
    // The first run takes tens of milliseconds; better now than at the first sound.
    await detector.probability(new Float32Array(detectorSamples));
    detector.reset();
    return detector;
  };
}

function detectorOf({ session, tensor }: Model): SpeechDetector {
  const rate = tensor(BigInt64Array.of(16_000n), []);
  const blank = (): Tensor => tensor(new Float32Array(256), [2, 1, 128]);
  const input = new Float32Array(contextSamples + detectorSamples);
  let state = blank();
  return {
    async probability(chunk) {
      input.copyWithin(0, detectorSamples);
      input.set(chunk, contextSamples);
      const result = await session.run({ input: tensor(input, [1, input.length]), state, sr: rate });
      if (result["stateN"] !== undefined) state = result["stateN"] as Tensor;
      return Number(result["output"]?.data[0] ?? 0);
    },
    reset() {
      input.fill(0);
      state = blank();
    },
  };
}
