import { MeshError } from "../../runtime/interface/errors.ts";
import type { Frame } from "../../runtime/interface/frame.ts";
import { defineNode } from "../../runtime/interface/node.ts";
import { toFloats } from "./pcm.ts";

export const ToFloat = defineNode({
  sync: true,
  open: (_params, context) => ({
    process(frame: Frame): void {
      if (!(frame.payload instanceof Int16Array)) {
        throw new MeshError("node-failed", "A frame of `audio<pcm_s16>` does not carry an Int16Array");
      }
      void context.emit("out", toFloats(frame.payload), { flags: frame.flags });
    },
  }),
});
