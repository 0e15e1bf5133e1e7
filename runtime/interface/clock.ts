import { whenAborted } from "./abort.ts";

/** Time as an argument: the runtime never asks the platform directly, so that a simulated clock can stand in. */
export interface Clock {
  /** Monotonic time in microseconds; only differences mean something. */
  nowUs(): number;
  /** Wall-clock time in milliseconds since the Unix epoch. */
  wallMs(): number;
  /** Runs `callback` once after `delayMs` (at least 0). The returned function cancels it; calling it again does nothing. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/**
 * Resolves after `delayMs`.
 * @throws the signal's reason when it aborts first
 */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const cancel = clock.schedule(delayMs, () => {
      unlisten();
      resolve();
    });
    const unlisten = whenAborted(signal, () => {
      cancel();
      reject(signal?.reason as Error);
    });
  });
}
