import type { ReadNode } from "./main.mesh";

export const Read: ReadNode = {
  open: () => ({
    map: (line) => ({
      line,
      words: line.split(/\s+/).filter((word) => word !== "").length,
      loud: line.endsWith("!"),
    }),
  }),
};
