import type { Frame } from "../../runtime/interface/frame.ts";
import { defineNode } from "../../runtime/interface/node.ts";
import { audioFormat, floatSamples } from "../common/ports.ts";

/**
 * Spreads `from` interleaved channels over `to`: going down, output channel k is the mean of the input channels k,
 * k + `to`, …; going up, it is a copy of the input channel k modulo `from`. So many to one mixes all, one to many copies,
 * and pairs stay left and right.
 */
export function remix(samples: Float32Array, from: number, to: number): Float32Array {
  const length = Math.floor(samples.length / from);
  const output = new Float32Array(length * to);
  for (let channel = 0; channel < to; channel += 1) {
    const sources: number[] = [];
    for (let source = channel % from; source < from; source += to) sources.push(source);
    for (let index = 0; index < length; index += 1) {
      let sum = 0;
      for (const source of sources) sum += samples[index * from + source] ?? 0;
      output[index * to + channel] = sum / sources.length;
    }
  }
  return output;
}

export const Remix = defineNode<{ to: number }>({
  sync: true,
  open({ to }, context) {
    const { channels } = audioFormat(context, "inputs", "in");
    return {
      process(frame: Frame): void {
        const samples = floatSamples(frame);
        void context.emit("out", channels === to ? samples : remix(samples, channels, to), { flags: frame.flags });
      },
    };
  },
});
