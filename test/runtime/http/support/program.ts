import type { Payload } from "../../../../runtime/interface/frame.ts";
import { defineNode, type NodeDefinition } from "../../../../runtime/interface/node.ts";

/** A peer with pipelines of each kind. */
export const program = `
record Answer {
  text: text
  words: int
  proof: bytes?
}
batch node Reply(marks: int in 0..3 = 1) {
  idempotent
  in question: text
  out answer: Answer
  from "./x.ts"
}
batch node Echo {
  in data: bytes
  out same: bytes
  from "./x.ts"
}
batch node Slow {
  in question: text
  out answer: text
  from "./x.ts"
}
node Upper {
  in text
  out text
  from "./x.ts"
}
node Halve {
  in audio<pcm_s16, 16kHz, mono>
  out audio<pcm_s16, 16kHz, mono>
  from "./x.ts"
}
node Count(to: int = 3) {
  out text
  from "./x.ts"
}
/// Answers louder.
batch pipeline Ask(marks: int in 0..3 = 1) {
  in question: text
  out answer: Answer
  question -> Reply(marks: marks) -> answer
}
batch pipeline Mirror {
  in data: bytes
  out same: bytes
  data -> Echo() -> same
}
batch pipeline Wait {
  in question: text
  out answer: text
  question -> Slow() -> answer
}
pipeline Shout {
  in line: text
  out loud: text
  line -> Upper() -> loud
}
pipeline Quieter {
  in sound: audio<pcm_s16, 16kHz, mono>
  out soft: audio<pcm_s16, 16kHz, mono>
  sound -> Halve() -> soft
}
pipeline Counting(to: int = 3) {
  out number: text
  Count(to: to) -> number
}
peer server {
  runs Ask
  runs Mirror
  runs Wait
  runs Shout
  runs Quieter
  runs Counting
  listens "webrtc://127.0.0.1:0"
}
`;

const loud = (payload: unknown): string => String(payload).toUpperCase();

/**
 * @param asked told of each question to `Wait`, and when its caller has gone
 * @param counted told of each number of `Counting`, before it is sent
 */
export function nodes(
  asked: (question: string, gone: AbortSignal) => void = () => undefined,
  counted: (number: number) => void = () => undefined,
): Record<string, NodeDefinition> {
  return {
    Reply: defineNode<{ marks: number }>({
      open: ({ marks }, { emit }) => ({
        process: ({ payload }) => {
          if (payload === "break") throw new Error("out of memory");
          const words = String(payload).split(" ").length;
          const text = `${loud(payload)}${"!".repeat(marks)}`;
          // Bytes in a record are what `Payload` cannot say.
          return emit("answer", { text, words, proof: new Uint8Array([1, 2]) } as unknown as Payload);
        },
      }),
    }),
    Echo: defineNode({ open: (_, { emit }) => ({ process: ({ payload }) => emit("same", payload) }) }),
    Slow: defineNode({
      open: (_, { emit, signal }) => ({
        process: ({ payload }) => {
          asked(String(payload), signal);
          if (payload === "at once") return emit("answer", "done");
          return new Promise<void>((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
          });
        },
      }),
    }),
    Upper: defineNode({
      open: (_, { emit }) => ({
        process: ({ payload }) => {
          if (payload === "break") throw new Error("out of memory");
          return emit("out", loud(payload));
        },
      }),
    }),
    Halve: defineNode({
      open: (_, { emit }) => ({
        process: ({ payload }) =>
          emit(
            "out",
            (payload as Int16Array).map((sample) => sample / 2),
          ),
      }),
    }),
    Count: defineNode<{ to: number }>({
      open: ({ to }) => ({
        async *run() {
          for (let count = 1; count <= to; count += 1) {
            counted(count);
            yield String(count);
          }
        },
      }),
    }),
  };
}
