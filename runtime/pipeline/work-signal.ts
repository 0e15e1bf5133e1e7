import type { Work } from "../interface/node.ts";

/**
 * What aborts a call in work, an instance of a node, or some other part of a session. Most never ask for the signal, so it is
 * made only then: in Node one takes about a kilobyte.
 */
export class WorkSignal implements Work {
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

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
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }
}
