import type { AnswerNode } from "./main.mesh.ts";

export const Answer: AnswerNode = {
  open({ temperature, mood, stop_words, hint }, { emit, formats }) {
    const rate = formats.outputs.speech.kind;
    return {
      async process(frame, port) {
        switch (port) {
          case "question":
            if (stop_words.includes(frame.payload.text)) return;
            await emit("answer", { ...frame.payload, text: `${mood} ${temperature} ${hint ?? rate}` });
            break;
          case "ambient":
            await emit("speech", Float32Array.from(frame.payload));
            break;
          case "stop":
            break;
          default:
            return port satisfies never;
        }
      },
    };
  },
};
