/**
 * Aborts many parts of a session at once, by a signal for each. They do not share one, for every wait puts a listener on
 * its signal, and an engine takes many listeners on one signal for a leak.
 */
export class AbortFan {
  readonly #controllers: AbortController[] = [];
  #aborted: { readonly reason: unknown } | undefined;

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

  /** For one part. */
  signal(): AbortSignal {
    const controller = new AbortController();
    if (this.#aborted === undefined) this.#controllers.push(controller);
    else controller.abort(this.#aborted.reason);
    return controller.signal;
  }

  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    for (const controller of this.#controllers.splice(0)) controller.abort(reason);
  }
}
