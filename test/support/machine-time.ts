import type { Clock } from "../../runtime/interface/clock.ts";
import { turn } from "../../runtime/testing/turn.ts";

/** The time of a machine that may stand still: then its clock goes on, and what has fallen due meanwhile is called at once. */
export class MachineTime implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  nowUs(): number {
    return this.#nowMs * 1_000;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  get pending(): number {
    return this.#timers.size;
  }

  async pass(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= 1) await this.standStill(1);
  }

  async standStill(ms: number): Promise<void> {
    await turn();
    this.#nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      timer.callback();
      await turn();
    }
  }
}
