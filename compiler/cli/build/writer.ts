/** The thread that writes what a build has found out; `writer-thread.ts` is the other side. */
import { parentPort } from "node:worker_threads";
import { HostError } from "../../host/host.ts";
import { OutputWriter, type OutputJob } from "./output-writer.ts";
import type { WriterAnswer, WriterRequest } from "./writer-thread.ts";

const writer = new OutputWriter();

async function done(job: OutputJob | undefined): Promise<string[]> {
  if (job !== undefined) return writer.write(job);
  await writer.prepare();
  return [];
}

async function answerTo({ id, job }: WriterRequest): Promise<WriterAnswer> {
  try {
    return { id, written: await done(job) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, error: { message, isHost: error instanceof HostError } };
  }
}

parentPort?.on("message", (request: WriterRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  void answerTo(request).then((answer) => parentPort?.postMessage(answer));
});
