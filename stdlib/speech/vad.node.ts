import type { Frame } from "../../runtime/interface/frame.ts";
import { type NodeContext, type NodeDefinition, type NodeInstance, defineNode } from "../../runtime/interface/node.ts";
import { Blocks } from "../common/blocks.ts";
import { endsSegment, floatSamples, startsSegment } from "../common/ports.ts";
import { type OpenDetector, type SpeechDetector, detectorSamples, sileroDetectors } from "./silero.ts";
import { type Passed, UtteranceGate } from "./utterances.ts";

const chunkUs = (detectorSamples / 16_000) * 1e6;

interface VadParams {
  readonly [name: string]: number;
  readonly threshold: number;
  /** Microseconds. */
  readonly lead: number;
  /** Microseconds. */
  readonly hangover: number;
}

/**
 * Works in chunks of 32 ms, to which `lead` and `hangover` are rounded up; its output comes in them too. An utterance
 * begins when two chunks in a row are speech. What the stream's end cuts off is filled up with silence to a whole chunk.
 */
class VoiceActivity implements NodeInstance {
  readonly #detector: SpeechDetector;
  readonly #context: NodeContext;
  readonly #gate: UtteranceGate;
  readonly #blocks = new Blocks(detectorSamples, { rate: 16_000, channels: 1 });
  readonly #make: (length: number) => Float32Array<ArrayBuffer>;
  /** Counts flushes, so that work begun before one does not touch what comes after. */
  #generation = 0;

  constructor(detector: SpeechDetector, context: NodeContext, params: VadParams) {
    this.#detector = detector;
    this.#context = context;
    this.#make = (length) => context.buffers.float32(length);
    this.#gate = new UtteranceGate({
      threshold: params.threshold,
      leadChunks: Math.ceil(params.lead / chunkUs),
      hangoverChunks: Math.ceil(params.hangover / chunkUs),
    });
  }

  async process(frame: Frame): Promise<void> {
    const generation = this.#generation;
    if (startsSegment(frame)) await this.end();
    this.#blocks.append(floatSamples(frame.payload), frame.timestampUs);
    for (let block = this.#blocks.take(this.#make); block !== undefined; block = this.#blocks.take(this.#make)) {
      const probability = await this.#detector.probability(block.samples);
      if (generation !== this.#generation) return;
      await this.#pass(this.#gate.push(block, probability));
      if (generation !== this.#generation) return;
    }
    if (endsSegment(frame)) await this.end();
  }

  async end(): Promise<void> {
    const last = this.#gate.speaking ? this.#gate.finish(this.#blocks.takePadded(this.#make)) : [];
    this.#forget();
    await this.#pass(last);
  }

  flush(): void {
    this.#generation += 1;
    this.#forget();
  }

  #forget(): void {
    this.#gate.reset();
    this.#blocks.reset();
    this.#detector.reset();
  }

  async #pass(chunks: readonly Passed[]): Promise<void> {
    for (const chunk of chunks) {
      const { samples, timestampUs, flags } = chunk;
      if (startsSegment(chunk)) await this.#context.emit("started", null, { timestampUs });
      await this.#context.emit("speech", samples, { timestampUs, flags });
      if (endsSegment(chunk)) await this.#context.emit("stopped", null, { timestampUs: timestampUs + chunkUs });
    }
  }
}

/** A `Vad` that judges with detectors of this kind. */
export function vadWith(openDetector: OpenDetector): NodeDefinition {
  return defineNode<VadParams>({
    borrows: true,
    open: async (params, context) => new VoiceActivity(await openDetector(), context, params),
  });
}

export const Vad = vadWith(sileroDetectors());
