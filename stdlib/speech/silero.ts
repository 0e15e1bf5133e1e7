/**
 * Silero VAD v6 (https://github.com/snakers4/silero-vad): the model that the package @ricky0123/vad-web carries, run by
 * onnxruntime-web in WebAssembly, on a thread of its own on Node.js, and in browsers.
 */
import { readAsset, runsOnNodejs } from "../common/assets.ts";
import { lazily } from "../common/lazy.ts";
import { importOptional } from "../common/packages.ts";
import type { SileroAnswer, SileroRequest } from "./silero-program.nodejs.ts";

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

/** The model, loaded. What it is given is its own from then on. */
export interface Model {
  /** False once its thread has died; it must be loaded again. */
  readonly alive: boolean;
  /** @throws {MeshError} `node-failed` */
  call(request: SileroRequest): Promise<SileroAnswer>;
}

const need = { node: "Vad", packages: ["@ricky0123/vad-web", "onnxruntime-web"] };

async function loadModel(): Promise<Model> {
  const bytes = await readAsset({
    package: "@ricky0123/vad-web",
    path: "dist/silero_vad_v6.onnx",
    neededBy: need,
  });
  if (runsOnNodejs()) {
    const { sileroThread } = await import("./silero-thread.nodejs.ts");
    const thread = await sileroThread(bytes);
    if (thread !== undefined) return thread;
  }
  return modelHere(bytes);
}

/** The model on this thread. */
export async function modelHere(bytes: Uint8Array): Promise<Model> {
  const ort = await importOptional(() => import("onnxruntime-web/wasm"), "onnxruntime-web/wasm", need);
  // More threads need shared memory, which a browser grants to isolated pages only, and gain nothing here.
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const sr = new ort.Tensor("int64", BigInt64Array.of(16_000n), []);
  return {
    alive: true,
    async call({ input, state }) {
      const result = await session.run({
        input: new ort.Tensor("float32", input, [1, input.length]),
        state: new ort.Tensor("float32", state, [2, 1, 128]),
        sr,
      });
      return { probability: Number(result["output"]?.data[0] ?? 0), state: result["stateN"]?.data as Float32Array };
    },
  };
}

/** Detectors that share one model, loaded when the first is opened, and again when it is lost. */
export function sileroDetectors(load: () => Promise<Model> = loadModel): OpenDetector {
  let model = lazily(load);
  return async () => {
    let loaded = await model();
    if (!loaded.alive) {
      model = lazily(load);
      loaded = await model();
    }
    const detector = detectorOf(loaded);
    // The first run takes tens of milliseconds; better now than at the first sound.
    await detector.probability(new Float32Array(detectorSamples));
    detector.reset();
    return detector;
  };
}

function detectorOf(model: Model): SpeechDetector {
  const blank = (): Float32Array => new Float32Array(256);
  const input = new Float32Array(contextSamples + detectorSamples);
  let state = blank();
  let resets = 0;
  return {
    async probability(chunk) {
      input.copyWithin(0, detectorSamples);
      input.set(chunk, contextSamples);
      const before = resets;
      const answer = await model.call({ input: input.slice(), state });
      // What was judged before it forgot is not to be remembered.
      if (resets === before) state = answer.state;
      return answer.probability;
    },
    reset() {
      resets += 1;
      input.fill(0);
      state = blank();
    },
  };
}
