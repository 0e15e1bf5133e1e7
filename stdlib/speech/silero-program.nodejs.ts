import type OnnxRuntime from "onnxruntime-web/wasm";

/** What the thread needs to know to load the model. */
export interface SileroInit {
  /** Absolute path of the module `onnxruntime-web/wasm`. */
  readonly runtime: string;
  /** The model, in ONNX. */
  readonly model: Uint8Array;
  /** The thread's state: a call of the model, once it is loaded. */
  run?: Promise<(request: SileroRequest) => Promise<SileroAnswer>>;
}

export interface SileroRequest {
  /** The end of the chunk before and the chunk: 64 + 512 samples at 16 kHz. */
  readonly input: Float32Array;
  /** What the model remembers of what came before: 2 x 1 x 128 numbers. */
  readonly state: Float32Array;
}

export interface SileroAnswer {
  /** 0..1 */
  readonly probability: number;
  readonly state: Float32Array;
}

/**
 * Loads the model when first asked. To load it takes a second, in which the thread does nothing else.
 *
 * The function is sent to the thread as text. It must not refer to anything outside itself but what Node.js has
 * everywhere.
 */
export async function runSilero(init: SileroInit, request: SileroRequest): Promise<SileroAnswer> {
  init.run ??= (async () => {
    const load = process.getBuiltinModule("node:module").createRequire(init.runtime);
    const ort = load(init.runtime) as typeof OnnxRuntime;
    // The thread is one of few; a model this small gains nothing by more.
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(init.model, { executionProviders: ["wasm"] });
    const sr = new ort.Tensor("int64", BigInt64Array.of(16_000n), []);
    return async ({ input, state }: SileroRequest): Promise<SileroAnswer> => {
      const result = await session.run({
        input: new ort.Tensor("float32", input, [1, input.length]),
        state: new ort.Tensor("float32", state, [2, 1, 128]),
        sr,
      });
      return { probability: Number(result["output"]?.data[0] ?? 0), state: result["stateN"]?.data as Float32Array };
    };
  })();
  return (await init.run)(request);
}
