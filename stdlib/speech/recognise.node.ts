import type { Frame } from "../../runtime/interface/frame.ts";
import { type NodeContext, type NodeDefinition, type NodeInstance, defineNode } from "../../runtime/interface/node.ts";
import { endsSegment, floatSamples, startsSegment } from "../common/ports.ts";
import { SpeechLevel } from "./level.ts";
import { type OpenRecogniser, type Recogniser, pocketSphinx } from "./recogniser.ts";

/** A longer utterance is cut: what a recogniser remembers grows with it. */
const longestSamples = 30 * 16_000;

interface Utterance {
  readonly startUs: number;
  readonly level: SpeechLevel;
  samples: number;
}

/**
 * Listens while one speaks, so that little is left to do at the end. The transcript has the media time of the
 * utterance's start. Sound outside of any segment is an utterance, too, until the next segment or the stream's end.
 */
class Recognising implements NodeInstance {
  readonly #recogniser: Recogniser;
  readonly #context: NodeContext;
  readonly #language: string;
  #utterance: Utterance | undefined;
  /** Counts flushes: what was heard before one is not told. */
  #generation = 0;

  constructor(recogniser: Recogniser, context: NodeContext, language: string) {
    this.#recogniser = recogniser;
    this.#context = context;
    this.#language = language;
  }

  async process(frame: Frame): Promise<void> {
    const generation = this.#generation;
    const samples = floatSamples(frame.payload);
    if (startsSegment(frame)) await this.end();
    try {
      const utterance = this.#utterance ?? (await this.#begin(frame.timestampUs));
      if (generation !== this.#generation) return;
      this.#utterance = utterance;
      utterance.samples += samples.length;
      for (const piece of utterance.level.push(samples)) await this.#recogniser.hear(piece);
      if (generation !== this.#generation) return;
      if (endsSegment(frame) || utterance.samples >= longestSamples) await this.end();
    } catch (error) {
      // What comes after begins anew.
      this.#utterance = undefined;
      throw error;
    }
  }

  async end(): Promise<void> {
    const utterance = this.#utterance;
    this.#utterance = undefined;
    if (utterance === undefined) return;
    const generation = this.#generation;
    for (const piece of utterance.level.finish()) await this.#recogniser.hear(piece);
    const { text, confidence } = await this.#recogniser.finish();
    if (generation !== this.#generation) return;
    const length = Math.round(utterance.samples * (1e6 / 16_000));
    if (text === "") {
      this.#context.log("info", "There were no words in an utterance", { milliseconds: Math.round(length / 1000) });
      return;
    }
    const transcript = { text, confidence, language: this.#language, length };
    await this.#context.emit("out", transcript, { timestampUs: utterance.startUs });
  }

  flush(): void {
    this.#generation += 1;
    this.#utterance = undefined;
  }

  close(): Promise<void> {
    return this.#recogniser.release();
  }

  async #begin(startUs: number): Promise<Utterance> {
    await this.#recogniser.start();
    return { startUs, level: new SpeechLevel(), samples: 0 };
  }
}

/** A `Recognise` with recognisers of this kind. */
export function recogniseWith(openRecogniser: OpenRecogniser): NodeDefinition {
  return defineNode<{ model: string }>({
    borrows: true,
    open: async ({ model }, context) =>
      new Recognising(await openRecogniser(model), context, model.split("-")[0]?.toLowerCase() ?? model),
  });
}

export const Recognise = recogniseWith(pocketSphinx);
