import type { LinkNode } from "./louder.mesh.ts";

export const Link: LinkNode = {
  sync: true,
  open: (_, { emit }) => ({ process: ({ payload }) => emit("out", payload.text) }),
};
