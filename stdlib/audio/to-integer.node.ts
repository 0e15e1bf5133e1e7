import { defineNode } from "../../runtime/interface/node.ts";
import { floatSamples } from "../common/ports.ts";
import { writeIntegers } from "./pcm.ts";

export const ToInteger = defineNode({
  sync: true,
  borrows: true,
  open: (_params, { buffers }) => ({
    map(payload) {
      const samples = floatSamples(payload);
      const integers = buffers.int16(samples.length);
      writeIntegers(integers, samples);
      return integers;
    },
  }),
});
