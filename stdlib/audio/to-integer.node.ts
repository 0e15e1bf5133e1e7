import type { Frame } from "../../runtime/interface/frame.ts";
import { defineNode } from "../../runtime/interface/node.ts";
import { floatSamples } from "../common/ports.ts";
import { toIntegers } from "./pcm.ts";

export const ToInteger = defineNode({
  sync: true,
  open: (_params, context) => ({
    process(frame: Frame): void {
      void context.emit("out", toIntegers(floatSamples(frame)), { flags: frame.flags });
    },
  }),
});
