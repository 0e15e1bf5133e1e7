import { delay, type Clock } from "../interface/clock.ts";
import type { StandbyConnection } from "../interface/transport.ts";
import type { TargetHealth } from "./target-health.ts";
import type { HFTarget } from "./targets.ts";

/** How long after it was looked whether an earlier target is back that is done again; doubled up to the second. */
const againAfterMs = 1_000;
const againAtMostMs = 30_000;

export interface FailbackInit {
  readonly clock: Clock;
  readonly targets: readonly HFTarget[];
  readonly health: TargetHealth;
  /** For how long a target must be back, in milliseconds. */
  readonly afterMs: number;
  /** A target has been back for so long. @returns false when it cannot be gone back to, after all */
  readonly goBack: (index: number, signal: AbortSignal) => Promise<boolean>;
}

/**
 * While a later target is in use, looks whether an earlier one is back: a connection to it that holds for a while, without a session. Where
 * that cannot be had, because it is in this process or its transport keeps none, the time alone counts, and the session decides.
 */
export class Failback {
  readonly #init: FailbackInit;
  #stop = new AbortController();
  #back: number | undefined;

  constructor(init: FailbackInit) {
    this.#init = init;
  }

  /** Index of the target that is back, until it is gone back to. */
  get target(): number | undefined {
    return this.#back;
  }

  /** @param current index of the target in use; from now on those before it are looked for */
  before(current: number): void {
    this.stop();
    if (current > 0) void this.#look(current, this.#stop.signal).catch(() => undefined);
  }

  stop(): void {
    this.#stop.abort(new Error("Nothing is to be gone back to any more."));
    this.#stop = new AbortController();
    this.#back = undefined;
  }

  /** Resolves once it has been gone back to one. @throws the signal's reason when it is stopped */
  async #look(current: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#init;
    for (let waitMs = againAfterMs; ; waitMs = Math.min(2 * waitMs, againAtMostMs)) {
      for (let index = 0; index < current; index += 1) {
        if (await this.#try(index, signal)) return;
        signal.throwIfAborted();
      }
      await delay(clock, waitMs, signal);
    }
  }

  async #try(index: number, signal: AbortSignal): Promise<boolean> {
    const { clock, targets, health, afterMs, goBack } = this.#init;
    if (!health.allows(index)) return false;
    const standBy = targets[index]?.endpoint.standBy;
    const connection = standBy === undefined ? undefined : await standBy(signal).catch(() => null);
    if (connection === null) return false;
    try {
      signal.throwIfAborted();
      this.#back = index;
      if (!(await holds(clock, connection, afterMs, signal))) return false;
      return await goBack(index, signal);
    } finally {
      if (!signal.aborted) this.#back = undefined;
      // The session has its own by now; the connection below may be the same.
      connection?.release();
    }
  }
}

/** @returns false when the connection is lost before that. @throws the signal's reason */
async function holds(
  clock: Clock,
  connection: StandbyConnection | undefined,
  forMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const within = AbortSignal.any([signal, over.signal]);
  const waited = delay(clock, forMs, within).then(() => true);
  waited.catch(() => undefined);
  const lost = connection?.closed.then(() => false);
  try {
    return await (lost === undefined ? waited : Promise.race([waited, lost]));
  } finally {
    over.abort(new Error("It is decided."));
  }
}
