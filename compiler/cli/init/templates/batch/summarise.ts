import type { SummariseNode } from "./main.mesh.js";

export const Summarise: SummariseNode = {
  open: ({ sentences }) => ({
    map: ({ title, text }) => ({
      title,
      summary: text
        .split(/(?<=[.!?])\s+/)
        .slice(0, sentences)
        .join(" "),
      words: text.split(/\s+/).filter((word) => word !== "").length,
    }),
  }),
};
