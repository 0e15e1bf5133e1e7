import { defineNode } from "../../runtime/interface/node.ts";
import { floatSamples } from "../common/ports.ts";

export const Gain = defineNode<{ gain: number }>({
  sync: true,
  borrows: true,
  open({ gain }, { buffers }) {
    // Of amplitude, so 6 dB is about twice; nothing is clipped, floating point has room above full scale.
    const factor = 10 ** (gain / 20);
    return {
      map(payload) {
        const samples = floatSamples(payload);
        const louder = buffers.float32(samples.length);
        for (let index = 0; index < samples.length; index += 1) louder[index] = (samples[index] ?? 0) * factor;
        return louder;
      },
    };
  },
});
