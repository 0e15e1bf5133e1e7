/* eslint-disable unicorn/require-post-message-target-origin -- only windows have origins to name, workers do not */
import { MeshError } from "../interface/errors.ts";
import type { StartThread } from "../threads/thread.ts";
import { threadPlatform } from "./thread-preamble.ts";

const preamble = `
  const post = (messages, transfer) => self.postMessage(messages, transfer);
  const receive = (take) => self.addEventListener("message", (event) => take(event.data));
  ${threadPlatform}`;

/** A module worker of the page. */
export const startThread: StartThread = (source, events) => {
  const url = URL.createObjectURL(new Blob([preamble + source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  worker.addEventListener("message", (event) => events.message(event.data));
  worker.addEventListener("messageerror", () => events.failure(new Error("it has sent what cannot be read")));
  worker.addEventListener("error", (event) => {
    const hint = "A Content-Security-Policy must allow `worker-src blob:`.";
    events.failure(new MeshError("node-failed", `its thread has died: ${event.message}`, { hint }));
  });
  return {
    post: (message, transfer) => worker.postMessage(message, [...transfer]),
    keepAlive: () => undefined,
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
};
