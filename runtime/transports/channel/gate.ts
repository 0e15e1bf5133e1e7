import type { MeshError } from "../../interface/errors.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Those who wait for room in a channel. */
export class Gate {
  readonly #waiters = new Set<Waiter>();

  get waiting(): boolean {
    return this.#waiters.size > 0;
  }

  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const forget = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => waiter.reject(signal?.reason);
      const waiter: Waiter = {
        resolve: () => (forget(), resolve()),
        reject: (error) => (forget(), reject(error as Error)),
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  open(): void {
    for (const waiter of this.#waiters) waiter.resolve();
  }

  fail(error: MeshError): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }
}
