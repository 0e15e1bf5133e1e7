import type { Clock } from "../interface/clock.ts";

/**
 * Waits for `work`, but no longer than `limitMs`; true when it was done in time.
 * @throws what `work` throws in time
 */
export function settledWithin(work: Promise<unknown>, limitMs: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(limitMs, () => resolve(false));
    work.then(
      () => {
        cancel();
        resolve(true);
      },
      (error: unknown) => {
        cancel();
        reject(error as Error);
      },
    );
  });
}
