import { MeshError } from "../../runtime/interface/errors.ts";
import { defineNode } from "../../runtime/interface/node.ts";
import { writeFloats } from "./pcm.ts";

export const ToFloat = defineNode({
  sync: true,
  borrows: true,
  open: (_params, { buffers }) => ({
    map(integers) {
      if (!(integers instanceof Int16Array)) {
        throw new MeshError("node-failed", "A frame of `audio<pcm_s16>` does not carry an Int16Array");
      }
      const samples = buffers.float32(integers.length);
      writeFloats(samples, integers);
      return samples;
    },
  }),
});
