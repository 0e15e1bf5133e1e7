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
      if (signal === undefined) {
        this.#add({ resolve, reject });
        return;
      }
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const leave = (): void => signal.removeEventListener("abort", onAbort);
      const waiter: Waiter = {
        resolve: () => {
          leave();
          resolve();
        },
        reject: (error) => {
          leave();
          reject(error as Error);
        },
      };
      const onAbort = (): void => {
        this.#waiting?.delete(waiter);
        waiter.reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#add(waiter);
    });
    // Who ignores the promise must not bring down the process when the session fails.
    promise.catch(ignore);
    return promise;
  }

  #add(waiter: Waiter): void {
    this.#waiting ??= new Set();
    this.#waiting.add(waiter);
  }

  wake(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const waiter of waiting) waiter.resolve();
  }

  refuse(error: unknown): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const waiter of waiting) waiter.reject(error);
  }
}

function ignore(): void {}
