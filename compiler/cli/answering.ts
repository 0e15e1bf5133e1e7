import { parentPort } from "node:worker_threads";
import { HostError } from "../host/host.ts";
import type { ThreadAnswer, ThreadQuestion } from "./asked-thread.ts";

/** Answers what `AskedThread` asks, on the thread that it has started. */
export function answering<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  const answerTo = async ({ id, question }: ThreadQuestion<Question>): Promise<ThreadAnswer<Answer>> => {
    try {
      return { id, answer: await answer(question) };
    } catch (error) {
      return { id, error: error instanceof Error ? error.message : String(error), isHost: error instanceof HostError };
    }
  };
  parentPort?.on("message", (asked: ThreadQuestion<Question>) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    void answerTo(asked).then((one) => parentPort?.postMessage(one));
  });
}
