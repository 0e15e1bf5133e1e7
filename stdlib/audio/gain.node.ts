import type { Frame } from "../../runtime/interface/frame.ts";
import { defineNode } from "../../runtime/interface/node.ts";
import { floatSamples } from "../common/ports.ts";

export const Gain = defineNode<{ gain: number }>({
  sync: true,
  open({ gain }, context) {
    // Of amplitude, so 6 dB is about twice; nothing is clipped, floating point has room above full scale.
    const factor = 10 ** (gain / 20);
    return {
      process(frame: Frame): void {
        const samples = floatSamples(frame);
        const louder = new Float32Array(samples.length);
        for (let index = 0; index < samples.length; index += 1) louder[index] = (samples[index] ?? 0) * factor;
        void context.emit("out", louder, { flags: frame.flags });
      },
    };
  },
});
