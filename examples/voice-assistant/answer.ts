/** Answers a question: by an OpenAI-compatible endpoint where one is given, else by a few intents of its own. */
import { defineNode, type NodeInstance } from "pipeline-mesh";
import { ask } from "./chat-completions.ts";
import { intentOf } from "./intents.ts";

/** What `Transcript` of std/speech says, as far as it is needed here. */
interface Transcript {
  readonly text: string;
}

interface Params {
  readonly [name: string]: string;
  readonly endpoint: string;
  readonly model: string;
}

export const Answer = defineNode<Params>({
  open({ endpoint: address, model }, context): NodeInstance {
    const key = process.env["OPENAI_API_KEY"];
    const answer = (question: string): string | Promise<string> =>
      address === "" ? intentOf(question) : ask({ address, model, key }, question, context);
    return {
      async process({ payload }) {
        await context.emit("sentence", await answer((payload as unknown as Transcript).text));
      },
    };
  },
});
