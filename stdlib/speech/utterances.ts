import type { Block } from "../common/blocks.ts";
import { FrameFlag } from "../../runtime/interface/frame.ts";

/** A chunk that is let through. */
export interface Passed extends Block {
  readonly flags: number;
}

export interface GateSettings {
  /** Probability from which a chunk counts as speech, 0..1. */
  readonly threshold: number;
  /** How many chunks before the first of speech belong to the utterance. */
  readonly leadChunks: number;
  /** How many chunks without speech end it. */
  readonly hangoverChunks: number;
}

/** Two chunks in a row begin an utterance, so that a click does not. */
const chunksToStart = 2;
/** Within an utterance, less is still speech: the voice sinks towards the end of a phrase. */
const hysteresis = 0.15;

/** Cuts a stream of judged chunks into utterances. */
export class UtteranceGate {
  readonly #settings: GateSettings;
  #recent: Block[] = [];
  #speaking = false;
  #streak = 0;
  #quiet = 0;

  constructor(settings: GateSettings) {
    this.#settings = settings;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** What passes now: nothing, this chunk itself, or copies of the lead and the first chunks of an utterance. */
  push(block: Block, probability: number): Passed[] {
    return this.#speaking ? this.#continue(block, probability) : this.#wait(block, probability);
  }

  /** Ends an utterance early with this chunk; without one begun, nothing passes. */
  finish(block: Block): Passed[] {
    const passed = this.#speaking ? [{ ...block, flags: FrameFlag.segmentEnd }] : [];
    this.reset();
    return passed;
  }

  reset(): void {
    this.#recent = [];
    this.#speaking = false;
    this.#streak = 0;
    this.#quiet = 0;
  }

  #wait(block: Block, probability: number): Passed[] {
    const { threshold, leadChunks } = this.#settings;
    this.#recent.push({ ...block, samples: block.samples.slice() });
    this.#streak = probability >= threshold ? this.#streak + 1 : 0;
    const kept = leadChunks + Math.max(this.#streak, chunksToStart - 1);
    if (this.#recent.length > kept) this.#recent = this.#recent.slice(-kept);
    if (this.#streak < chunksToStart) return [];
    const passed = this.#recent.map((one, index) => ({ ...one, flags: index === 0 ? FrameFlag.segmentStart : 0 }));
    this.reset();
    this.#speaking = true;
    return passed;
  }

  #continue(block: Block, probability: number): Passed[] {
    this.#quiet = probability >= this.#settings.threshold - hysteresis ? 0 : this.#quiet + 1;
    if (this.#quiet >= this.#settings.hangoverChunks) return this.finish(block);
    return [{ ...block, flags: 0 }];
  }
}
