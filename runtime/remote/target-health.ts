import { Breaker, isPanic } from "../balancing/breaker.ts";
import { RetryBudget } from "../balancing/retry-budget.ts";
import type { Clock } from "../interface/clock.ts";
import type { PolicyPlan } from "../interface/plan.ts";
import type { RemoteDescription } from "../interface/session.ts";

/** A breaker that a probe has found justified stays open for twice as long each time, up to this or what the policy says. */
const openAtMostMs = 30_000;
/** So many further attempts at a target are free when nothing was tried before. */
const freeRetries = 30;
/** A further attempt that would have to wait longer than this for the budget is not made. */
const budgetWithinMs = 10_000;

interface Known {
  /** Undefined where the policy has none. */
  readonly breaker: Breaker | undefined;
  readonly budget: RetryBudget;
}

/** A breaker that has just opened, or closed. */
export interface BreakerChange {
  readonly index: number;
  readonly state: "open" | "closed";
  readonly forMs: number;
}

/**
 * What all sessions of a remote in this process know together of its targets: by its breaker which one is left alone, by its retry budget how
 * often one is tried again. What counts are attempts, not that a session breaks: many may break at once of which each
 * can go on.
 */
export class TargetHealth {
  readonly #targets: readonly Known[];

  constructor(clock: Clock, { breaker }: PolicyPlan, targets: number) {
    this.#targets = Array.from({ length: targets }, () => ({
      breaker: breaker && new Breaker(clock, { ...breaker, maxOpenMs: Math.max(openAtMostMs, breaker.openMs) }),
      budget: new RetryBudget(clock, { tokens: freeRetries }),
    }));
  }

  /** True where a target is not left alone. */
  allows(index: number): boolean {
    return this.#targets[index]?.breaker?.allows !== false;
  }

  /**
   * The targets in the order in which they are to be tried: those that are left alone come last, for one that may fail is better than none.
   * When that would be more than half of all, none is left alone.
   * @returns `willing`: how many are not left alone
   */
  order(indexes: readonly number[]): { readonly order: readonly number[]; readonly willing: number } {
    const open = this.#targets.filter((_, index) => !this.allows(index)).length;
    if (open === 0 || isPanic(open, this.#targets.length)) return { order: indexes, willing: indexes.length };
    const willing = indexes.filter((index) => this.allows(index));
    return { order: [...willing, ...indexes.filter((index) => !willing.includes(index))], willing: willing.length };
  }

  /**
   * When the next attempt at a target may be made that has just failed.
   * @param afterMs when it is to be made at the earliest
   * @returns milliseconds; undefined when it is left alone now, or the budget is spent for long
   */
  retryAfterMs(index: number, afterMs: number): number | undefined {
    const { order, willing } = this.order(this.#targets.map((_, at) => at));
    if (order.indexOf(index) >= willing) return undefined;
    const waitMs = this.#targets[index]?.budget.reserve(budgetWithinMs) ?? Number.POSITIVE_INFINITY;
    return waitMs === Number.POSITIVE_INFINITY ? undefined : Math.max(afterMs, waitMs);
  }

  begin(index: number, again: boolean): void {
    const target = this.#targets[index];
    target?.breaker?.begin();
    if (!again) target?.budget.called();
  }

  /** @returns what has changed by that */
  succeeded(index: number): BreakerChange | undefined {
    return this.#changed(index, (breaker) => breaker.succeeded());
  }

  /** @returns what has changed by that */
  failed(index: number): BreakerChange | undefined {
    return this.#changed(index, (breaker) => breaker.failed());
  }

  abandoned(index: number): void {
    this.#targets[index]?.breaker?.abandoned();
  }

  /** @param texts the targets, as the program writes them */
  describe(texts: readonly string[]): NonNullable<RemoteDescription["breakers"]> {
    return this.#targets.flatMap(({ breaker }, index) => {
      const state = breaker?.state ?? "closed";
      if (state === "closed") return [];
      return [{ target: texts[index] ?? "", state, forMs: Math.ceil(breaker?.opensForMs ?? 0) }];
    });
  }

  #changed(index: number, result: (breaker: Breaker) => void): BreakerChange | undefined {
    const breaker = this.#targets[index]?.breaker;
    if (breaker === undefined) return undefined;
    const before = breaker.state;
    result(breaker);
    const { state } = breaker;
    if (state === before || state === "half-open") return undefined;
    return { index, state, forMs: breaker.opensForMs };
  }
}

/** The same for all remotes of what runs in this process; lives as long as that. */
export class TargetMemory {
  readonly #clock: Clock;
  readonly #known = new Map<string, TargetHealth>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(pipeline: string, remote: string, policy: PolicyPlan, targets: number): TargetHealth {
    const key = `${pipeline}\n${remote}`;
    const known = this.#known.get(key) ?? new TargetHealth(this.#clock, policy, targets);
    this.#known.set(key, known);
    return known;
  }
}
