import type { SpellNode } from "./words.mesh.ts";

export const Spell: SpellNode = {
  sync: true,
  open: ({ speed }, { emit }) => ({
    process({ payload, timestampUs }) {
      for (const text of payload.split(" ")) void emit("out", { text, start: timestampUs, end: timestampUs + speed });
    },
  }),
};
