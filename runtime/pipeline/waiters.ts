import { ignore } from "./outcome.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Those who wait for one condition. They are woken or refused together. */
export class Waiters {
  /** Made for the first: most have none, and there are several for each queue. */
  #waiting: Set<Waiter> | undefined;

  get size(): number {
    return this.#waiting?.size ?? 0;
  }

  /**
   * Resolves at the next `wake`.
   * @throws what `refuse` gives, or the signal's reason
   */
  wait(signal?: AbortSignal): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted();
      const forget = (): void => {
        this.#waiting?.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => waiter.reject(signal?.reason);
      const waiter: Waiter = {
        resolve: () => (forget(), resolve()),
        reject: (error) => (forget(), reject(error as Error)),
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting ??= new Set();
      this.#waiting.add(waiter);
    });
    // Who ignores the promise must not bring down the process when the session fails.
    promise.catch(ignore);
    return promise;
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const waiter of waiting ?? []) waiter.resolve();
  }

  refuse(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const waiter of waiting ?? []) waiter.reject(error);
  }
}
