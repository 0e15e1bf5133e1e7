import { whenAborted } from "../interface/abort.ts";
import { delay, type Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { BreakerChange, TargetHealth } from "./target-health.ts";
import type { Outage } from "./targets.ts";

export interface SearchInit<T> {
  readonly outage: Outage;
  readonly health: TargetHealth;
  /** Index of the target to begin with. */
  readonly start: number;
  readonly clock: Clock;
  /** Gives up; the search then rejects with its reason. */
  readonly signal: AbortSignal;
  /** Only the first target is tried. */
  readonly alone?: boolean;
  /** What the session with the first target has just failed with. */
  readonly failure?: MeshError | undefined;
  /**
   * After this time without success the next target is tried beside those that still are, in milliseconds. Left out,
   * each target has its turn after the one before has been given up.
   */
  readonly raceAfterMs?: number | undefined;
  /** When all must be decided, by `Clock.nowUs`: the time is shared out among the targets that are left. */
  readonly deadlineUs?: number | undefined;
  /** @param deadlineUs when the attempt is over at the latest, by `Clock.nowUs` */
  readonly attempt: (index: number, signal: AbortSignal, deadlineUs: number) => Promise<T>;
  /** Gets what comes too late. */
  readonly discard: (late: T) => void;
  readonly onBreaker: (change: BreakerChange) => void;
  /**
   * A target is not tried any more: by the policy, or because another was faster than the one whose session had failed.
   * @param next index of the target that is tried now, or that was faster, if any
   */
  readonly onGivenUp: (index: number, error: MeshError, next: number | undefined) => void;
}

export interface Found<T> {
  readonly index: number;
  readonly value: T;
}

/**
 * Looks for a target that works: each as often as its policy says where another attempt may help, then the next.
 * @returns the first that works; undefined when none is left
 * @throws the signal's reason
 */
export function search<T>(init: SearchInit<T>): Promise<Found<T> | undefined> {
  const { outage, health, clock, signal, raceAfterMs } = init;
  const { order, willing } =
    init.alone === true ? { order: [init.start], willing: 1 } : health.order(outage.order(init.start));
  const others = new AbortController();
  const running = new Set<number>();
  let begun = 0;
  let over = false;
  let cancelRace: () => void = () => undefined;
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      over = true;
      cancelRace();
      unlisten();
      others.abort(new MeshError("cancelled", "Another target was faster."));
    };
    const begin = (): void => {
      cancelRace();
      const index = order[begun];
      if (index === undefined) {
        if (running.size > 0) return;
        finish();
        resolve(undefined);
        return;
      }
      const failure = begun === 0 ? init.failure : undefined;
      begun += 1;
      running.add(index);
      // One that is left alone is tried when there is no other, not beside others.
      if (raceAfterMs !== undefined && begun < willing) cancelRace = clock.schedule(raceAfterMs, begin);
      pursue(init, index, others.signal, failure, order.length - begun).then(
        (value) => {
          if (over) {
            init.discard(value);
            return;
          }
          finish();
          // Nothing else says what has become of the one in use.
          const [first] = order;
          if (init.failure !== undefined && first !== undefined && first !== index && running.has(first)) {
            init.onGivenUp(first, init.failure, index);
          }
          resolve({ index, value });
        },
        (error: unknown) => {
          if (over) return;
          running.delete(index);
          const known = MeshError.from(error);
          outage.giveUp(index, known);
          const [beside] = running;
          init.onGivenUp(index, known, order[begun] ?? beside);
          begin();
        },
      );
    };
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const unlisten = whenAborted(signal, () => {
      finish();
      reject(signal.reason as Error);
    });
    begin();
  });
}

/**
 * Attempts at one target, until one succeeds or no other is to be made.
 * @param after how many targets still have to get their share of the time
 */
async function pursue<T>(
  init: SearchInit<T>,
  index: number,
  signal: AbortSignal,
  failure: MeshError | undefined,
  after: number,
): Promise<T> {
  const { clock, outage, health, deadlineUs } = init;
  const startUs = clock.nowUs();
  const endUs = deadlineUs === undefined ? Number.POSITIVE_INFINITY : startUs + (deadlineUs - startUs) / (after + 1);
  const report = (change: BreakerChange | undefined): void => {
    if (change !== undefined) init.onBreaker(change);
  };
  let error = failure;
  for (let attempts = 0; ; attempts += 1) {
    if (error !== undefined) {
      const afterMs = outage.retryAfterMs(index, error);
      if (afterMs === undefined) throw error;
      const waitMs = attempts === 0 ? afterMs : health.retryAfterMs(index, afterMs);
      if (waitMs === undefined || clock.nowUs() + waitMs * 1_000 >= endUs) throw error;
      await delay(clock, waitMs, signal);
    }
    health.begin(index, attempts > 0);
    try {
      const found = await init.attempt(index, signal, endUs);
      report(health.succeeded(index));
      return found;
    } catch (reason) {
      if (signal.aborted) health.abandoned(index);
      signal.throwIfAborted();
      error = MeshError.from(reason);
      report(health.failed(index));
    }
  }
}
