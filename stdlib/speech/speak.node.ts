import { MeshError } from "../../runtime/interface/errors.ts";
import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import { type NodeContext, type NodeDefinition, type NodeInstance, defineNode } from "../../runtime/interface/node.ts";
import { concatenate } from "../audio/pcm.ts";
import {
  type OpenSpeaker,
  type Speaker,
  type VoiceName,
  fliteSpeakers,
  isVoiceName,
  sentencesOf,
  voiceNames,
} from "./flite.ts";

/** 20 ms at 16 kHz. */
const frameSamples = 320;
const frameUs = 20_000;

/**
 * Speaks a text sentence by sentence, so that a long one is heard soon, as one segment of frames of 20 ms. Media time
 * begins with the text's own and runs on with the sound; a text that comes while one is being spoken follows it.
 */
class Speaking implements NodeInstance {
  readonly #speaker: Speaker;
  readonly #context: NodeContext;
  readonly #voice: VoiceName;
  /** Where the sound so far ends, in media time. */
  #spokenUs = -Infinity;
  /** Counts flushes: what was begun before one is not finished. */
  #generation = 0;

  constructor(speaker: Speaker, context: NodeContext, voice: VoiceName) {
    this.#speaker = speaker;
    this.#context = context;
    this.#voice = voice;
  }

  async process(frame: Frame): Promise<void> {
    const generation = this.#generation;
    const wanted = (): boolean => generation === this.#generation && !this.#context.signal.aborted;
    const sentences = sentencesOf(String(frame.payload));
    let timestampUs = Math.max(frame.timestampUs, this.#spokenUs);
    let flags: number = FrameFlag.segmentStart;
    let held: Float32Array<ArrayBuffer> = new Float32Array(0);
    const emit = async (samples: Float32Array, flag: number): Promise<void> => {
      const pending = this.#context.emit("out", samples, { timestampUs, flags: flags | flag });
      flags = 0;
      timestampUs += frameUs;
      this.#spokenUs = timestampUs;
      await pending;
    };
    // One is spoken while the one before is sent; one frame is held back until it is known whether it is the last.
    let next = this.#speak(sentences[0]);
    for (let index = 0; index < sentences.length; index += 1) {
      const sound = await next;
      if (!wanted()) return;
      next = this.#speak(sentences[index + 1]);
      const whole = concatenate([held, sound]);
      let at = 0;
      for (; whole.length - at > frameSamples; at += frameSamples) {
        await emit(whole.slice(at, at + frameSamples), 0);
        if (!wanted()) return;
      }
      held = whole.slice(at);
    }
    if (held.length === 0) {
      this.#context.log("info", "There was nothing to speak in a text", { characters: String(frame.payload).length });
      return;
    }
    const last = new Float32Array(frameSamples);
    last.set(held);
    await emit(last, FrameFlag.segmentEnd);
  }

  flush(): void {
    this.#generation += 1;
    this.#spokenUs = -Infinity;
  }

  close(): void {
    this.#speaker.release();
  }

  #speak(sentence: string | undefined): Promise<Float32Array<ArrayBuffer>> {
    if (sentence === undefined) return Promise.resolve(new Float32Array(0));
    const sound = this.#speaker.speak(sentence, { voice: this.#voice });
    // It is awaited later; until then a failure must not count as unhandled.
    sound.catch(() => undefined);
    return sound;
  }
}

/** A `Speak` with speakers of this kind. */
export function speakWith(openSpeaker: OpenSpeaker): NodeDefinition {
  return defineNode<{ voice: string }>({
    async open({ voice }, context) {
      if (!isVoiceName(voice)) {
        throw new MeshError("invalid-argument", `There is no voice named ${JSON.stringify(voice)}`, {
          hint: `The voices are ${voiceNames.join(", ")}.`,
        });
      }
      return new Speaking(await openSpeaker(), context, voice);
    },
  });
}

export const Speak = speakWith(fliteSpeakers("Speak"));
