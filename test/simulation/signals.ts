import { setMaxListeners } from "node:events";

/**
 * What stands for `AbortSignal.any` here: that of Node keeps each signal that somebody listens to for as long as the process lives, and who
 * listens in a simulated process that was killed never stops, so that all worlds would be kept.
 */
export function joinSignals(): void {
  // Who lives long has many that hang on him.
  setMaxListeners(0);
  AbortSignal.any = (signals) => {
    const joined = new AbortController();
    for (const signal of signals) {
      if (signal.aborted) joined.abort(signal.reason);
      else signal.addEventListener("abort", () => joined.abort(signal.reason), { once: true });
    }
    return joined.signal;
  };
}
