/* eslint-disable unicorn/require-post-message-target-origin -- only windows have origins to name, workers do not */
import { Worker } from "node:worker_threads";
import type { StartThread } from "../threads/thread.ts";
import { threadPlatform } from "./thread-preamble.ts";

// Modules and scripts both have what it asks for, for what a text is depends on how this process was started.
const preamble = `
  const { parentPort } = process.getBuiltinModule("node:worker_threads");
  const post = (messages, transfer) => parentPort.postMessage(messages, transfer);
  const receive = (take) => parentPort.on("message", take);
  ${threadPlatform}`;

/** A thread of Node; it has the loaders that this process was started with. */
export const startThread: StartThread = (source, events) => {
  const worker = new Worker(preamble + source, { eval: true });
  worker.on("message", (data) => events.message(data));
  worker.on("messageerror", (error) => events.failure(error));
  worker.on("error", (error) => events.failure(error));
  worker.on("exit", (code) => events.failure(new Error(`it ended with status ${code}`)));
  worker.unref();
  return {
    post: (message, transfer) => worker.postMessage(message, [...transfer]),
    keepAlive: (busy) => (busy ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
};
