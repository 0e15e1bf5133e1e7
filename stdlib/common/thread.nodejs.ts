/* eslint-disable unicorn/require-post-message-target-origin -- only windows have origins to name, workers do not */
import type { RawThread, RawThreadEvents } from "./thread.ts";

// Asked for by name for the same reason as in assets.nodejs.ts.
const { Worker } = process.getBuiltinModule("node:worker_threads");

const preamble = `
  const { parentPort } = require("node:worker_threads");
  const post = (message) => parentPort.postMessage(message);
  const receive = (take) => parentPort.on("message", take);`;

export function startThread(source: string, init: unknown, events: RawThreadEvents): RawThread {
  // The text needs none of the loaders that this process may have been started with.
  const worker = new Worker(preamble + source, { eval: true, execArgv: [] });
  worker.on("message", (message) => events.message(message));
  worker.on("error", (error) => events.failure(error));
  worker.on("exit", (code) => events.failure(new Error(`A worker ended with status ${code}`)));
  worker.postMessage({ init });
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    keepAlive: (busy) => (busy ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}
