import { errorCodes, MeshError } from "../interface/errors.ts";
import type { Params } from "../interface/node.ts";
import type { PolicyPlan } from "../interface/plan.ts";
import type { Random } from "../interface/random.ts";
import type { PipelineEndpoint, RemoteDescription } from "../interface/session.ts";
import { placeName, type Place } from "../pipeline/failures.ts";

/** One place where the pipeline behind a remote may run. */
export interface HFTarget {
  /** As the program writes it: `gpu.Hearing`, `LocalHearing()`, a URI. */
  readonly text: string;
  readonly endpoint: PipelineEndpoint;
  readonly params: Params;
}

/** What to do after an attempt has failed. */
export type Next =
  | { readonly kind: "retry"; readonly afterMs: number }
  | { readonly kind: "fall-back"; readonly target: HFTarget }
  | { readonly kind: "exhausted" };

/**
 * One search for a target that works, from the first failure until a session has held for a while: which target is in
 * turn, how often it was tried, and which were given up and why.
 */
export class Outage {
  readonly failures: RemoteDescription["failures"][number][] = [];
  readonly #targets: readonly HFTarget[];
  readonly #policy: PolicyPlan;
  readonly #random: Random;
  readonly #givenUp = new Set<number>();
  #index: number;
  #retries = 0;
  #last: MeshError | undefined;
  #hint: string | undefined;

  /** @param start index of the target to begin with; those before it come in turn after the last */
  constructor(targets: readonly HFTarget[], policy: PolicyPlan, random: Random, start: number) {
    this.#targets = targets;
    this.#policy = policy;
    this.#random = random;
    this.#index = start;
  }

  /** Index of the target in turn. */
  get index(): number {
    return this.#index;
  }

  get target(): HFTarget {
    return this.#targets[this.#index] as HFTarget;
  }

  /** Only what may pass by itself is tried again at the same target; a refusal leads straight to the next one. */
  failed(error: MeshError): Next {
    this.#last = error;
    this.#hint ??= error.hint;
    const { retryTimes, backoffMinMs, backoffMaxMs } = this.#policy;
    if (error.retryable && this.#retries < retryTimes) {
      // Full jitter: many callers that lost the same peer must not come back together.
      const ceilingMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(this.#retries, 52));
      this.#retries += 1;
      return { kind: "retry", afterMs: this.#random.next() * ceilingMs };
    }
    this.failures.push({ target: this.target.text, code: error.code, message: error.message });
    this.#givenUp.add(this.#index);
    this.#retries = 0;
    for (let step = 1; step < this.#targets.length; step += 1) {
      const index = (this.#index + step) % this.#targets.length;
      if (this.#givenUp.has(index)) continue;
      this.#index = index;
      return { kind: "fall-back", target: this.target };
    }
    return { kind: "exhausted" };
  }

  /** The end of the search: each target with its reason. */
  exhausted(place: Place): MeshError {
    const reasons = this.failures.map(({ target, message }) => `\n  ${target}: ${message}`).join("");
    // Where the last word was a failure that another attempt cannot mend, callers further up must not try again either.
    const last = this.#last?.code ?? "targets-exhausted";
    const code = errorCodes[last].retry ? "targets-exhausted" : last;
    return new MeshError(code, `${placeName(place, "Remote")} has no target left:${reasons || " none is declared."}`, {
      cause: this.#last,
      node: place.id,
      location: place.location,
      hint: this.#hint ?? "Start one of the targets, or add an `else` that is always there.",
    });
  }
}
