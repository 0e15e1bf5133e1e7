import { MeshError } from "../../runtime/interface/errors.ts";
import { delay } from "../../runtime/interface/clock.ts";
import type { Frame } from "../../runtime/interface/frame.ts";
import { type NodeContext, type NodeDefinition, type NodeInstance, defineNode } from "../../runtime/interface/node.ts";
import { concatenate } from "../audio/pcm.ts";
import { endsSegment, floatSamples, startsSegment } from "../common/ports.ts";
import { type OpenSpeaker, fliteSpeakers } from "./flite.ts";
import { type PhraseMatcher, phraseMatcher } from "./phrases.ts";

/** A longer utterance is cut: it is none of the phrases. */
const longestSamples = 30 * 16_000;
const mostPhrases = 200;

interface MatchParams {
  readonly [name: string]: number | readonly string[];
  readonly phrases: readonly string[];
  readonly threshold: number;
}

/** Gathers an utterance, a segment, and compares it as a whole; the transcript has the media time of its start. */
class MatchingPhrases implements NodeInstance {
  readonly #matcher: PhraseMatcher;
  readonly #context: NodeContext;
  readonly #threshold: number;
  #pieces: Float32Array[] = [];
  #samples = 0;
  #startUs = 0;
  /** Counts flushes: what was heard before one is not told. */
  #generation = 0;

  constructor(matcher: PhraseMatcher, context: NodeContext, threshold: number) {
    this.#matcher = matcher;
    this.#context = context;
    this.#threshold = threshold;
  }

  async process(frame: Frame): Promise<void> {
    if (startsSegment(frame)) await this.end();
    const samples = floatSamples(frame);
    if (this.#pieces.length === 0) this.#startUs = frame.timestampUs;
    this.#pieces.push(samples);
    this.#samples += samples.length;
    if (endsSegment(frame) || this.#samples >= longestSamples) await this.end();
  }

  async end(): Promise<void> {
    const [pieces, samples, startUs, generation] = [this.#pieces, this.#samples, this.#startUs, this.#generation];
    this.#forget();
    if (samples === 0) return;
    const { clock } = this.#context;
    const pause = (): Promise<void> => delay(clock, 0);
    const match = await this.#matcher.match(concatenate(pieces), pause);
    if (generation !== this.#generation) return;
    const length = Math.round(samples * (1e6 / 16_000));
    if (match === undefined || match.confidence < this.#threshold) {
      this.#context.log("info", "An utterance was none of the phrases", { milliseconds: Math.round(length / 1000) });
      return;
    }
    const transcript = { text: match.phrase, confidence: match.confidence, language: "en", length };
    await this.#context.emit("out", transcript, { timestampUs: startUs });
  }

  flush(): void {
    this.#generation += 1;
    this.#forget();
  }

  #forget(): void {
    this.#pieces = [];
    this.#samples = 0;
  }
}

/** A `MatchPhrases` whose phrases are spoken by synthesisers of this kind. */
export function matchPhrasesWith(openSpeaker: OpenSpeaker): NodeDefinition {
  return defineNode<MatchParams>({
    async open({ phrases, threshold }, context) {
      if (phrases.length === 0 || phrases.length > mostPhrases) {
        throw new MeshError(
          "invalid-argument",
          `MatchPhrases takes 1 to ${mostPhrases} phrases, not ${phrases.length}`,
        );
      }
      return new MatchingPhrases(await phraseMatcher(phrases, openSpeaker), context, threshold);
    },
  });
}

export const MatchPhrases = matchPhrasesWith(fliteSpeakers("MatchPhrases"));
