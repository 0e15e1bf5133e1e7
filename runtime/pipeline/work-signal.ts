import type { Work } from "../interface/node.ts";

/** The signal of the call in work; most nodes never ask for it, so it is made only then. */
export class WorkSignal implements Work {
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    return this.#controller.signal;
  }

  /** For the next call. */
  reset(): void {
    this.#controller = undefined;
    this.#aborted = undefined;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }
}
