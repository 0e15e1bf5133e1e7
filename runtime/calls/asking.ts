import type { ExecuteResponse } from "../interface/calls.ts";
import { delay, type Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import type { PolicyPlan } from "../interface/plan.ts";
import type { Random } from "../interface/random.ts";
import type { RetryBudget } from "../balancing/retry-budget.ts";

export interface AskInit {
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: Pick<PolicyPlan, "retryTimes" | "backoffMinMs" | "backoffMaxMs" | "callTimeoutMs">;
  readonly budget: RetryBudget;
  /** The same question may be asked twice. */
  readonly idempotent: boolean;
  /** For messages. */
  readonly uri: string;
  /** Asks once. */
  readonly attempt: (signal: AbortSignal) => Promise<ExecuteResponse>;
}

/** Why there is no answer, and whether another place may be asked the same. */
export class Unanswered extends Error {
  readonly error: MeshError;
  readonly repeatable: boolean;

  constructor(error: MeshError, repeatable: boolean) {
    super(error.message);
    this.error = error;
    this.repeatable = repeatable;
  }
}

/**
 * Asks until there is an answer, as often as the policy says. What may have been worked on is asked again only where that
 * does no harm; what was refused before any work, or never arrived, always.
 * @throws {Unanswered}; the reason of the signal
 */
export async function ask(init: AskInit, signal: AbortSignal): Promise<ExecuteResponse> {
  const { clock, policy, uri } = init;
  const { callTimeoutMs } = policy;
  if (callTimeoutMs === undefined) return attempts(init, signal);
  const late = new MeshError("deadline-exceeded", `${uri} has not answered within ${callTimeoutMs} ms.`);
  const deadline = { clock, afterMs: callTimeoutMs, signal, error: () => late };
  return withDeadline(deadline, (within) => attempts(init, within)).catch((reason: unknown) => {
    throw reason === late ? new Unanswered(late, init.idempotent) : reason;
  });
}

async function attempts(init: AskInit, signal: AbortSignal): Promise<ExecuteResponse> {
  const { clock, random, policy, budget } = init;
  budget.called();
  for (let retries = 0; ; retries++) {
    try {
      return await init.attempt(signal);
    } catch (reason) {
      signal.throwIfAborted();
      const error = MeshError.from(reason);
      // Another target may do what this one cannot.
      const repeatable = wasNotWorkedOn(error) || init.idempotent;
      if (!repeatable || !error.retryable || retries >= policy.retryTimes || !budget.take()) {
        throw new Unanswered(error, repeatable);
      }
      // Full jitter: many that were refused together must not come back together.
      const ceilingMs = Math.min(policy.backoffMaxMs, policy.backoffMinMs * 2 ** Math.min(retries, 52));
      await delay(clock, (error.retryAfterMs ?? 0) + random.next() * ceilingMs, signal);
    }
  }
}

function wasNotWorkedOn({ code, retryAfterMs }: MeshError): boolean {
  return code === "peer-unreachable" || (code === "resource-exhausted" && retryAfterMs !== undefined);
}
