import { whenAborted } from "../interface/abort.ts";
import type { Clock } from "../interface/clock.ts";
import { delay } from "../interface/clock.ts";
import type { StandbyConnection } from "../interface/transport.ts";
import type { HFTarget } from "./targets.ts";

/** How long after a connection that stood by was lost, or could not be had, another is looked for; doubled up to the second. */
const againAfterMs = 1_000;
const againAtMostMs = 30_000;

/** Connects ahead to the target that would be next, so that a failover finds the way open; no session is opened there. */
export class Standby {
  readonly #clock: Clock;
  readonly #targets: readonly HFTarget[];
  #stop = new AbortController();
  #waiting: number | undefined;

  constructor(clock: Clock, targets: readonly HFTarget[]) {
    this.#clock = clock;
    this.#targets = targets;
  }

  /** Index of the target to which a connection stands by. */
  get target(): number | undefined {
    return this.#waiting;
  }

  /**
   * From now on stands by for those behind the target in use, by their order; what stood by for others is let go.
   * @param current index of the target in use
   */
  behind(current: number): void {
    this.stop();
    const { signal } = this.#stop;
    const all = this.#targets.map((_, step) => (current + step) % this.#targets.length);
    // The one in use may be had elsewhere, too.
    const next = new Set(this.#targets[current]?.endpoint.others === true ? all : all.slice(1));
    if (next.size > 0) void this.#keep(next, signal).catch(() => undefined);
  }

  stop(): void {
    this.#stop.abort(new Error("Nothing is to stand by any more."));
    this.#stop = new AbortController();
    this.#waiting = undefined;
  }

  /** Rejects when it is stopped. */
  async #keep(order: Set<number>, signal: AbortSignal): Promise<void> {
    for (let waitMs = againAfterMs; ; waitMs = Math.min(2 * waitMs, againAtMostMs)) {
      for (const index of order) {
        const standBy = this.#targets[index]?.endpoint.standBy;
        // One in this process is there at once, and is never passed over.
        if (standBy === undefined) return;
        const found = await standBy(signal).catch(() => null);
        if (found === undefined) order.delete(index);
        if (found === undefined || found === null) {
          signal.throwIfAborted();
          continue;
        }
        this.#waiting = index;
        await lost(found, signal);
        this.#waiting = undefined;
        waitMs = againAfterMs / 2;
        break;
      }
      if (order.size === 0) return;
      await delay(this.#clock, waitMs, signal);
    }
  }
}

/** Resolves when it is lost. @throws the signal's reason; it is let go then */
function lost(connection: StandbyConnection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      connection.release();
      reject(signal.reason as Error);
    };
    const unlisten = whenAborted(signal, leave);
    void connection.closed.then(() => {
      unlisten();
      connection.release();
      resolve();
    });
    if (signal.aborted) leave();
  });
}
