/** The thread that prints what a build has found out; `printing-thread.ts` is the other side. */
import { parentPort } from "node:worker_threads";
import { PrintingHere } from "./printing.ts";
import type { PrinterAnswer, PrinterRequest } from "./printing-thread.ts";

const printing = new PrintingHere();

async function answerTo({ id, job }: PrinterRequest): Promise<PrinterAnswer> {
  try {
    if (job !== undefined) return { id, printed: await printing.print(job) };
    await printing.prepare();
    return { id, printed: undefined };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on("message", (request: PrinterRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  void answerTo(request).then((answer) => parentPort?.postMessage(answer));
});
