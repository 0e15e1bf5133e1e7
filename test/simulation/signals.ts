import { whenAborted } from "../../runtime/interface/abort.ts";

/**
 * What stands for `AbortSignal.any` here: that of Node keeps each signal that somebody listens to for as long as the process lives, and who
 * listens in a simulated process that was killed never stops, so that all worlds would be kept.
 */
export function joinSignals(): void {
  AbortSignal.any = (signals) => {
    const joined = new AbortController();
    for (const signal of signals) {
      if (signal.aborted) joined.abort(signal.reason);
      else whenAborted(signal, () => joined.abort(signal.reason));
    }
    return joined.signal;
  };
}
