import process from "node:process";
import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";

/** Asks a person; `undefined` once they have had enough (Ctrl-C, or the end of the input). */
export interface Questions {
  ask(question: string): Promise<string | undefined>;
  close(): void;
}

/** The terminal that this process runs in; undefined where nobody is there to answer. */
export function terminalQuestions(): Questions | undefined {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  return questionsOver(process.stdin, process.stdout);
}

export function questionsOver(input: Readable, output: Writable): Questions {
  const lines = createInterface({ input, output });
  const ended = new AbortController();
  lines.once("SIGINT", () => ended.abort());
  lines.once("close", () => ended.abort());
  return {
    async ask(question) {
      try {
        return (await lines.question(question, { signal: ended.signal })).trim();
      } catch (error) {
        if (ended.signal.aborted) return undefined;
        throw error;
      }
    },
    close: () => lines.close(),
  };
}
