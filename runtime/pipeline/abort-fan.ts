import { WorkSignal } from "./work-signal.ts";

/**
 * Aborts many parts of a session at once, by a signal for each. They do not share one, for every wait puts a listener on
 * its signal, and an engine takes many listeners on one signal for a leak.
 */
export class AbortFan {
  readonly #parts: WorkSignal[] = [];
  #aborted: { readonly reason: unknown } | undefined;

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

  part(): WorkSignal {
    const part = new WorkSignal();
    if (this.#aborted === undefined) this.#parts.push(part);
    else part.abort(this.#aborted.reason);
    return part;
  }

  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    for (const part of this.#parts.splice(0)) part.abort(reason);
  }
}
