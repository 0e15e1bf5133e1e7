/** The thread that prints and writes what a build has found out; `printing-thread.ts` is the other side. */
import { createRequire } from "node:module";
import { parentPort } from "node:worker_threads";
import { HostError } from "../../host/host.ts";
import type { Morph } from "../../codegen/morph.ts";
import { PrintingHere } from "./printing.ts";
import type { PrinterAnswer, PrinterRequest } from "./printing-thread.ts";

/** ts-morph without TypeScript, which `scripts/printing-morph.mjs` puts beside this file. */
const morph = "./printing-morph.cjs";

const printing = new PrintingHere(async () => createRequire(import.meta.url)(morph) as Morph);

async function answerTo({ id, job }: PrinterRequest): Promise<PrinterAnswer> {
  try {
    if (job !== undefined) return { id, written: await printing.write(job) };
    await printing.prepare();
    return { id, written: [] };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error), isHost: error instanceof HostError };
  }
}

parentPort?.on("message", (request: PrinterRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  void answerTo(request).then((answer) => parentPort?.postMessage(answer));
});
