import type { AnswerNode } from "./main.mesh.js";

const replies: Readonly<Record<string, string>> = {
  "go forward ten meters": "Going ten meters forward.",
  "turn left": "Turning left.",
  stop: "Stopping.",
};

export const Answer: AnswerNode = {
  open: () => ({
    map: ({ text }) => replies[text] ?? "I did not get that.",
  }),
};
