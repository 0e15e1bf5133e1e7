import { defineNode } from "../../runtime/interface/node.ts";
import { audioFormat, floatSamples } from "../common/ports.ts";
import { copied } from "./pcm.ts";

/**
 * Spreads the interleaved channels of `samples` over those of `output`: going down, output channel k is the mean of the input
 * channels k, k + `to`, …; going up, it is a copy of the input channel k modulo `from`. So many to one mixes all, one to many
 * copies, and pairs stay left and right.
 * @param output room for as many samples of each channel as there are in `samples`
 */
export function remix(output: Float32Array, samples: Float32Array, from: number, to: number): void {
  for (let channel = 0; channel < to; channel += 1) {
    const first = channel % from;
    const count = Math.ceil((from - first) / to);
    for (let start = 0, at = channel; at < output.length; start += from, at += to) {
      let sum = 0;
      for (let source = first; source < from; source += to) sum += samples[start + source] ?? 0;
      output[at] = sum / count;
    }
  }
}

export const Remix = defineNode<{ to: number }>({
  sync: true,
  borrows: true,
  open({ to }, context) {
    const { channels } = audioFormat(context, "inputs", "in");
    const { buffers } = context;
    return {
      map(payload) {
        const samples = floatSamples(payload);
        if (channels === to) return copied(samples, buffers);
        const output = buffers.float32(Math.floor(samples.length / channels) * to);
        remix(output, samples, channels, to);
        return output;
      },
    };
  },
});
