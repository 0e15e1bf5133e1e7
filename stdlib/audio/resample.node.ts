import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import { type NodeContext, type NodeInstance, defineNode } from "../../runtime/interface/node.ts";
import { type AudioFormat, audioFormat, endsSegment, floatSamples, startsSegment } from "../common/ports.ts";
import { Timeline } from "../common/timeline.ts";
import { copied } from "./pcm.ts";
import { Resampler, loadSpeex } from "./speex-wasm.ts";

/** A jump in time beyond this ends the filter's memory of what was before. */
const toleranceUs = 20_000;

/**
 * The first output of a segment comes a few milliseconds of input late and the last frame brings that rest along, so
 * that the sound is neither shifted nor longer than before.
 */
class Resampling implements NodeInstance {
  readonly #resampler: Resampler;
  readonly #context: NodeContext;
  readonly #from: AudioFormat;
  readonly #to: number;
  readonly #timeline: Timeline;
  #started = false;

  constructor(resampler: Resampler, context: NodeContext, from: AudioFormat, to: number) {
    this.#resampler = resampler;
    this.#context = context;
    this.#from = from;
    this.#to = to;
    this.#timeline = new Timeline(from.rate);
  }

  process(frame: Frame): void {
    const samples = floatSamples(frame.payload);
    if (startsSegment(frame)) {
      this.end();
      this.#started = true;
    } else if (Math.abs(this.#timeline.gapUs(frame.timestampUs)) > toleranceUs) {
      this.end();
    }
    this.#timeline.append(frame.timestampUs, samples.length / this.#from.channels);
    const position = this.#resampler.produced;
    if (!endsSegment(frame)) {
      this.#emit(this.#resampler.process(samples), position, 0);
      return;
    }
    this.#emit(this.#resampler.finish(samples), position, FrameFlag.segmentEnd);
    this.#timeline.reset();
  }

  end(): void {
    const position = this.#resampler.produced;
    this.#emit(this.#resampler.finish(), position, 0);
    this.#timeline.reset();
  }

  flush(): void {
    this.#resampler.reset();
    this.#timeline.reset();
    this.#started = false;
  }

  /**
   * @param samples memory of the resampler
   * @param position how many samples of each channel came out before
   */
  #emit(samples: Float32Array, position: number, flags: number): void {
    if (samples.length === 0 && flags === 0) return;
    const source = (position * this.#from.rate) / this.#to;
    const timestampUs = this.#timeline.at(source);
    this.#timeline.release(source);
    const allFlags = flags | (this.#started ? FrameFlag.segmentStart : 0);
    this.#started = false;
    void this.#context.emit("out", copied(samples, this.#context.buffers), { timestampUs, flags: allFlags });
  }
}

export const Resample = defineNode<{ to: number }>({
  sync: true,
  borrows: true,
  async open({ to }, context) {
    const from = audioFormat(context, "inputs", "in");
    const { buffers } = context;
    if (from.rate === to) return { map: (payload) => copied(floatSamples(payload), buffers) };
    return new Resampling(new Resampler(await loadSpeex(), from.channels, from.rate, to), context, from, to);
  },
});
