import { type Features, cepstralAnalysis } from "./cepstra.ts";
import { type OpenSpeaker, type VoiceName } from "./flite.ts";
import { unlikeness } from "./time-warp.ts";

/** A woman's and a man's. */
const voices: readonly VoiceName[] = ["slt", "rms"];
/** Vocal tracts from a long one to a short one, beside those of the voices. */
const warps = [0.88, 1, 1.13];
/** Ordinary speech: what is more like one of these than like any phrase is none. */
const otherSpeech = ["what is the weather today", "please open the door", "yes I know"];
/** How much closer the best must be than the next, in parts of one, to be sure of it. */
const sureMargin = 0.1;

interface Template {
  /** Undefined for other speech. */
  readonly phrase: string | undefined;
  readonly features: readonly Features[];
}

export interface Match {
  readonly phrase: string;
  /** 0..1: how much more it is like this phrase than like anything else. */
  readonly confidence: number;
}

/** Lets the platform do something else for a moment. */
export type Pause = () => Promise<void>;

/** Tells phrases apart by their sound. */
export interface PhraseMatcher {
  /** @param samples an utterance at 16 kHz; undefined when it is like none of the phrases */
  match(samples: Float32Array, pause: Pause): Promise<Match | undefined>;
}

/**
 * Has each phrase spoken once by each voice.
 * @throws {MeshError} `dependency-missing` without a synthesiser
 */
export async function phraseMatcher(phrases: readonly string[], openSpeaker: OpenSpeaker): Promise<PhraseMatcher> {
  const speaker = await openSpeaker();
  try {
    const analyse = cepstralAnalysis();
    const templates: Template[] = [];
    for (const phrase of phrases) templates.push({ phrase, features: await spoken(phrase) });
    for (const text of otherSpeech) templates.push({ phrase: undefined, features: await spoken(text) });
    return matcherOf(templates);

    async function spoken(text: string): Promise<Features[]> {
      const sounds = await Promise.all(voices.map((voice) => speaker.speak(text, { voice })));
      return sounds.map(analyse);
    }
  } finally {
    speaker.release();
  }
}

function matcherOf(templates: readonly Template[]): PhraseMatcher {
  const analyses = warps.map((warp) => cepstralAnalysis(warp));
  return {
    async match(samples, pause) {
      const heard = analyses.map((analyse) => analyse(samples));
      const scores: { phrase: string | undefined; score: number }[] = [];
      for (const { phrase, features } of templates) {
        const pairs = heard.flatMap((one) => features.map((other) => unlikeness(one, other)));
        scores.push({ phrase, score: Math.min(...pairs) });
        // Comparing long utterances takes milliseconds for each phrase.
        await pause();
      }
      const [best, next] = scores.toSorted((a, b) => a.score - b.score);
      if (best?.phrase === undefined || !Number.isFinite(best.score)) return undefined;
      const margin = 1 - best.score / (next?.score ?? Infinity);
      return { phrase: best.phrase, confidence: Math.max(0, Math.min(1, margin / sureMargin)) };
    },
  };
}
