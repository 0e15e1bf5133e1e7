import { MeshError } from "../../runtime/interface/errors.ts";
import { Thread, type ThreadProgram } from "../common/thread.ts";
import { type OpenSpeaker, type Speaker, type VoiceName, voiceNames } from "./flite.ts";
import { type PhraseKnowledge, type PhraseRequest, comparePhrases } from "./phrase-program.ts";

/** Tells which of its phrases an utterance is, until it is released. */
export interface PhraseMatcher {
  /** @throws {MeshError} `node-failed` when a phrase cannot be spoken, or its thread has died: the next gets another */
  match(samples: Float32Array): Promise<PhraseMatch>;
  release(): void;
}

export interface PhraseMatch {
  /** The most likely of the phrases. */
  readonly phrase: string;
  /** How likely it is that one and not another or none of them, 0..1. */
  readonly confidence: number;
}

/** Has every sound of English, to learn a voice from. */
const pangram =
  "Just then a thin boy with a vision of joy put five yellow fish on the church roof, " +
  "while she took good oil from the kitchen.";
/** Phrases are spoken by all voices at these lengths; alignment makes up for what lies between. */
const stretches = [0.85, 1.2];
const maxPhrases = 100;
const maxCharacters = 200;
/** Where a distance speaks as much for the phrase as against it. Measured with voices that were not learned. */
const indifferent = 0.42;
/** Distances that differ by this are likely and unlikely by a factor of e. */
const scale = 0.025;

type PhraseThread = Thread<PhraseRequest, number[]>;
type PhraseProgram = ThreadProgram<PhraseKnowledge, PhraseRequest, number[]>;

/**
 * Learns phrases from a synthesiser, which goes on after it resolves: one may speak meanwhile.
 * @throws {MeshError} `invalid-argument` for phrases that cannot be spoken; `dependency-missing`
 */
export async function openPhraseMatcher(
  phrases: readonly string[],
  openSpeaker: OpenSpeaker,
  program: PhraseProgram = comparePhrases,
): Promise<PhraseMatcher> {
  checkPhrases(phrases);
  const session = new AbortController();
  const speaker = await openSpeaker();
  const lessons = lessonsBy(speaker, phrases, session.signal).finally(() => speaker.release());
  const start = async (): Promise<PhraseThread> => {
    const thread: PhraseThread = await Thread.start(program, {});
    const given = lessons.then((all) => Promise.all(all.map((lesson) => thread.call(lesson))));
    await given.catch((error: unknown) => {
      thread.close();
      throw error;
    });
    return thread;
  };
  let thread = start();
  // Who matches hears of it.
  thread.catch(() => undefined);
  return {
    async match(samples) {
      let ready = await thread;
      if (!ready.alive) {
        thread = start();
        ready = await thread;
      }
      return judged(phrases, await ready.call({ do: "compare", samples }));
    },
    release() {
      session.abort(new MeshError("cancelled", "The session has ended"));
      thread.then(
        (one) => one.close(),
        () => undefined,
      );
    },
  };
}

/** Everything that the matcher has to hear. @throws the signal's reason; `node-failed` when it cannot be spoken */
async function lessonsBy(
  speaker: Speaker,
  phrases: readonly string[],
  signal: AbortSignal,
): Promise<readonly PhraseRequest[]> {
  const lessons: PhraseRequest[] = [];
  const eachVoice = (learn: (name: VoiceName, voice: number) => Promise<void>) => {
    signal.throwIfAborted();
    return Promise.all(voiceNames.map(learn));
  };
  await eachVoice(async (name, voice) => {
    lessons.push({ do: "learn-voice", voice, samples: await speaker.speak(pangram, { voice: name }) });
  });
  for (const [phrase, text] of phrases.entries()) {
    await eachVoice(async (name, voice) => {
      for (const stretch of stretches) {
        const samples = await speaker.speak(text, { voice: name, stretch });
        lessons.push({ do: "learn-phrase", voice, phrase, samples });
      }
    });
  }
  return lessons;
}

function checkPhrases(phrases: readonly string[]): void {
  const wrong = phrases.find((text) => text.length > maxCharacters || !/[A-Za-z0-9]/.test(text));
  if (wrong !== undefined) {
    throw new MeshError("invalid-argument", `${JSON.stringify(wrong.slice(0, 80))} is no phrase to listen for`, {
      hint: `A phrase is of English words, up to ${maxCharacters} characters.`,
    });
  }
  if (phrases.length === 0 || phrases.length > maxPhrases) {
    throw new MeshError("invalid-argument", `MatchPhrases takes 1 to ${maxPhrases} phrases, not ${phrases.length}`);
  }
}

/** @param distances of each phrase, Infinity or none where it is out of the question */
export function judged(phrases: readonly string[], distances: readonly number[]): PhraseMatch {
  const likelihoods = phrases.map((_, index) => Math.exp((indifferent - (distances[index] ?? Infinity)) / scale));
  const best = likelihoods.reduce((top, one, index) => (one > (likelihoods[top] ?? 0) ? index : top), 0);
  const total = likelihoods.reduce((sum, one) => sum + one, 1);
  return { phrase: phrases[best] ?? "", confidence: (likelihoods[best] ?? 0) / total };
}
