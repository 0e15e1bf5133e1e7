/* eslint-disable unicorn/require-post-message-target-origin -- only windows have origins to name, workers do not */
import { MeshError } from "../../runtime/interface/errors.ts";
import type { RawThread, RawThreadEvents } from "./thread.ts";

const preamble = `
  const post = (message) => self.postMessage(message);
  const receive = (take) => self.addEventListener("message", (event) => take(event.data));`;

export function startThread(source: string, init: unknown, events: RawThreadEvents): RawThread {
  const url = URL.createObjectURL(new Blob([preamble + source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.addEventListener("message", (event) => events.message(event.data));
  worker.addEventListener("error", (event) => {
    const hint = "A Content-Security-Policy must allow `worker-src blob:`.";
    events.failure(new MeshError("node-failed", `A worker failed: ${event.message}`, { hint }));
  });
  worker.postMessage({ init });
  return {
    post: (message) => worker.postMessage(message),
    keepAlive: () => undefined,
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
