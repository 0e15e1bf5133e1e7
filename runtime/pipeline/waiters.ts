import { whenAborted } from "../interface/abort.ts";
import { ignore } from "./outcome.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const nobody: readonly Waiter[] = [];

/** Those who wait for one condition. They are woken or refused together. */
export class Waiters {
  /** Made for the first: most have none, and there are several for each queue. Those who give up when a signal says so. */
  #waiting: Set<Waiter> | undefined;
  /** All others wait for the same promise. */
  #shared: (Waiter & { readonly promise: Promise<void> }) | undefined;

  get size(): number {
    return (this.#waiting?.size ?? 0) + (this.#shared === undefined ? 0 : 1);
  }

  /**
   * Resolves at the next `wake`.
   * @throws what `refuse` gives, or the signal's reason
   */
  wait(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) {
      this.#shared ??= shared();
      return this.#shared.promise;
    }
    const promise = new Promise<void>((resolve, reject) => {
      signal.throwIfAborted();
      const forget = (): void => {
        this.#waiting?.delete(waiter);
        unlisten();
      };
      const waiter: Waiter = {
        resolve: () => (forget(), resolve()),
        reject: (error) => (forget(), reject(error as Error)),
      };
      const unlisten = whenAborted(signal, () => waiter.reject(signal.reason));
      this.#waiting ??= new Set();
      this.#waiting.add(waiter);
    });
    promise.catch(ignore);
    return promise;
  }

  wake(): void {
    for (const waiter of this.#taken()) waiter.resolve();
  }

  refuse(error: unknown): void {
    for (const waiter of this.#taken()) waiter.reject(error);
  }

  #taken(): readonly Waiter[] {
    const [waiting, shared] = [this.#waiting, this.#shared];
    this.#waiting = undefined;
    this.#shared = undefined;
    if (waiting === undefined) return shared === undefined ? nobody : [shared];
    return shared === undefined ? [...waiting] : [shared, ...waiting];
  }
}

function shared(): Waiter & { readonly promise: Promise<void> } {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [ignore, ignore];
  const promise = new Promise<void>((toResolve, toReject) => {
    resolve = toResolve;
    reject = toReject;
  });
  // Who ignores the promise must not bring down the process when the session fails.
  promise.catch(ignore);
  return { promise, resolve, reject };
}
