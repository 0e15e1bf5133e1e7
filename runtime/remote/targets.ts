import { errorCodes, MeshError } from "../interface/errors.ts";
import type { Params } from "../interface/node.ts";
import type { PolicyPlan } from "../interface/plan.ts";
import type { Random } from "../interface/random.ts";
import type { PipelineEndpoint, RemoteDescription, TransportFallback } from "../interface/session.ts";
import { placeName, type Place } from "../pipeline/failures.ts";

/** One place where the pipeline behind a remote may run. */
export interface HFTarget {
  /** As the program writes it: `gpu.Hearing`, `LocalHearing()`, a URI. */
  readonly text: string;
  readonly endpoint: PipelineEndpoint;
  readonly params: Params;
  /** How its last session was reached, where that is not as it should be. */
  readonly fallback?: () => TransportFallback | undefined;
}

/**
 * What is known of the targets from a first failure until a session has held for a while: how often each was tried, and
 * which were given up and why.
 */
export class Outage {
  readonly failures: RemoteDescription["failures"][number][] = [];
  readonly #targets: readonly HFTarget[];
  readonly #policy: PolicyPlan;
  readonly #random: Random;
  readonly #retries = new Map<number, number>();
  readonly #givenUp = new Map<number, MeshError>();

  constructor(targets: readonly HFTarget[], policy: PolicyPlan, random: Random) {
    this.#targets = targets;
    this.#policy = policy;
    this.#random = random;
  }

  /** Indexes of the targets that are left, from `start` on; those before it come after the last. */
  order(start: number): readonly number[] {
    const all = this.#targets.map((_, step) => (start + step) % this.#targets.length);
    return all.filter((index) => !this.#givenUp.has(index));
  }

  /**
   * An attempt has failed. Only what may pass by itself is tried again at the same target; a refusal leads straight to
   * the next one.
   * @returns milliseconds to wait before the next attempt; undefined when there is to be none
   */
  retryAfterMs(index: number, error: MeshError): number | undefined {
    const { retryTimes, backoffMinMs, backoffMaxMs } = this.#policy;
    const retries = this.#retries.get(index) ?? 0;
    if (!error.retryable || retries >= retryTimes) return undefined;
    this.#retries.set(index, retries + 1);
    // Full jitter: many callers that lost the same peer must not come back together.
    const ceilingMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(retries, 52));
    return this.#random.next() * ceilingMs;
  }

  /** The target is not tried any more in this outage. */
  giveUp(index: number, error: MeshError): void {
    this.#givenUp.set(index, error);
    this.failures.push({ target: this.#targets[index]?.text ?? "", code: error.code, message: error.message });
  }

  /** The end of the search: each target with its reason. */
  exhausted(place: Place): MeshError {
    const reasons = this.failures.map(({ target, message }) => `\n  ${target}: ${message}`).join("");
    const errors = [...this.#givenUp.values()];
    return new MeshError(
      commonCode(errors),
      `${placeName(place, "Remote")} has no target left:${reasons || " none is declared."}`,
      {
        cause: errors.at(-1),
        node: place.id,
        location: place.location,
        hint: errors.find((error) => error.hint !== undefined)?.hint ?? wayOut(errors),
      },
    );
  }
}

/** How a target fails that is not there. */
const absent: ReadonlySet<string> = new Set(["peer-unreachable", "peer-lost", "deadline-exceeded"]);

function wayOut(errors: readonly MeshError[]): string {
  const isThere = errors.length > 0 && !errors.some(({ code }) => absent.has(code));
  const first = isThere ? "Mend what the targets say, which are there" : "Start one of the targets";
  return `${first}, or add an \`else\` that is always there.`;
}

/**
 * When all failed for the same reason, that is the reason. One that an attempt further up could try to mend is not passed
 * on: it has been tried here.
 */
function commonCode(errors: readonly MeshError[]): MeshError["code"] {
  const codes = new Set(errors.map((error) => error.code));
  const [only] = codes;
  return only === undefined || codes.size > 1 || errorCodes[only].retry ? "targets-exhausted" : only;
}
