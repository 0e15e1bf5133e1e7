import { fixedValue, type FlowType } from "../interface/caps.ts";
import type { Payload } from "../interface/frame.ts";

/** A source from which nothing has come for so long has paused, in microseconds: what comes then is of its own time. */
const pauseUs = 200_000;

/**
 * Media time of sound that a source gives without timestamps. Samples follow each other, so that what follows does not depend on when
 * the source was called to the millisecond, nor on whether it is faster than its sound plays; only a pause is one.
 */
export class SoundTime {
  readonly #samplesInUs: number;
  /** Where the last samples end. */
  #untilUs: number | undefined;

  constructor(samplesInSecond: number) {
    this.#samplesInUs = samplesInSecond / 1e6;
  }

  /** The time of the next frame. @param nowUs by the clock, since the source began */
  place(payload: Payload, nowUs: number): number {
    const untilUs = this.#untilUs ?? nowUs;
    const startUs = nowUs - untilUs > pauseUs ? nowUs : untilUs;
    const samples = payload instanceof Float32Array || payload instanceof Int16Array ? payload.length : 0;
    this.#untilUs = startUs + samples / this.#samplesInUs;
    return Math.round(startUs);
  }
}

/** Samples in a second, all channels together; undefined where that is not known, as of what is encoded. */
export function samplesInSecond(type: FlowType): number | undefined {
  if (type.kind !== "audio") return undefined;
  const codec = fixedValue(type, "codec");
  const [rate, channels] = [fixedValue(type, "rate"), fixedValue(type, "channels")];
  const isPcm = codec === "pcm_f32" || codec === "pcm_s16";
  return isPcm && typeof rate === "number" && typeof channels === "number" ? rate * channels : undefined;
}
