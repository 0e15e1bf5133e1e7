import type { Frame } from "../../runtime/interface/frame.ts";
import { type NodeContext, type NodeDefinition, type NodeInstance, defineNode } from "../../runtime/interface/node.ts";
import { concatenate } from "../audio/pcm.ts";
import { endsSegment, floatSamples, startsSegment } from "../common/ports.ts";
import { type OpenSpeaker, fliteSpeakers } from "./flite.ts";
import { type PhraseMatcher, openPhraseMatcher } from "./phrase-matcher.ts";

/** What is longer is not kept: it is no phrase. */
const longestSamples = 20 * 16_000;

interface PhraseParams {
  readonly [name: string]: number | readonly string[];
  readonly phrases: readonly string[];
  readonly threshold: number;
}

interface Utterance {
  readonly startUs: number;
  pieces: Float32Array[];
  samples: number;
}

/**
 * The transcript has the media time of the utterance's start. Sound outside of any segment is an utterance, too, until
 * the next segment or the stream's end.
 */
class PhraseMatching implements NodeInstance {
  readonly #matcher: PhraseMatcher;
  readonly #context: NodeContext;
  readonly #threshold: number;
  #utterance: Utterance | undefined;
  /** Counts flushes: what was heard before one is not told. */
  #generation = 0;

  constructor(matcher: PhraseMatcher, context: NodeContext, threshold: number) {
    this.#matcher = matcher;
    this.#context = context;
    this.#threshold = threshold;
  }

  async process(frame: Frame): Promise<void> {
    const generation = this.#generation;
    if (startsSegment(frame)) await this.end();
    if (generation !== this.#generation) return;
    const samples = floatSamples(frame.payload);
    const utterance = (this.#utterance ??= { startUs: frame.timestampUs, pieces: [], samples: 0 });
    utterance.samples += samples.length;
    if (utterance.samples <= longestSamples) utterance.pieces.push(samples.slice());
    else utterance.pieces = [];
    if (endsSegment(frame)) await this.end();
  }

  async end(): Promise<void> {
    const utterance = this.#utterance;
    this.#utterance = undefined;
    if (utterance === undefined) return;
    const generation = this.#generation;
    const { phrase, confidence } = await this.#matcher.match(concatenate(utterance.pieces));
    if (generation !== this.#generation) return;
    const length = Math.round(utterance.samples * (1e6 / 16_000));
    if (confidence < this.#threshold) {
      const fields = { milliseconds: Math.round(length / 1000), nearest: phrase, confidence };
      this.#context.log("info", "An utterance was none of the phrases", fields);
      return;
    }
    const transcript = { text: phrase, confidence, language: "en", length };
    await this.#context.emit("out", transcript, { timestampUs: utterance.startUs });
  }

  flush(): void {
    this.#generation += 1;
    this.#utterance = undefined;
  }

  close(): void {
    this.#matcher.release();
  }
}

/** A `MatchPhrases` that learns its phrases from speakers of this kind. */
export function matchPhrasesWith(openSpeaker: OpenSpeaker): NodeDefinition {
  return defineNode<PhraseParams>({
    borrows: true,
    open: async ({ phrases, threshold }, context) =>
      new PhraseMatching(await openPhraseMatcher(phrases, openSpeaker), context, threshold),
  });
}

export const MatchPhrases = matchPhrasesWith(fliteSpeakers("MatchPhrases"));
