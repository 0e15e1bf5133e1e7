import { MeshError } from "../interface/errors.ts";
import type { Balancer, PickRequest, Placement } from "./balancer.ts";

/** So many other candidates are asked after one has refused. */
export const othersAsked = 3;

export interface Placed<T> {
  readonly placement: Placement;
  readonly value: T;
}

/**
 * Offers a session or call to one candidate after the other until one takes it: what is known of their load is always a little old, so the
 * last word is theirs. A candidate refuses by `resource-exhausted`; one that cannot be reached is passed over as well.
 * @param offer rejects when the candidate does not take it
 * @throws {MeshError} `resource-exhausted`, with when to come again, when four have refused or none is left, `peer-unreachable` when
 * that was the reason each time; what `offer` has thrown otherwise
 */
export async function place<T>(
  balancer: Balancer,
  request: PickRequest,
  offer: (id: string) => Promise<T>,
): Promise<Placed<T>> {
  const exclude = new Set(request.exclude);
  const refusals: MeshError[] = [];
  while (refusals.length <= othersAsked) {
    const placement = balancer.pick({ ...request, exclude });
    if (placement === undefined) break;
    try {
      const value = await offer(placement.id);
      placement.accepted();
      return { placement, value };
    } catch (reason) {
      const error = MeshError.from(reason);
      if (error.code === "resource-exhausted") placement.refused(error.retryAfterMs);
      else placement.failed();
      if (error.code !== "resource-exhausted" && error.code !== "peer-unreachable") throw error;
      refusals.push(error);
      exclude.add(placement.id);
    }
  }
  throw exhausted(refusals);
}

function exhausted(refusals: readonly MeshError[]): MeshError {
  const waits = refusals.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const asked = refusals.length === 0 ? "No candidate has a free slot." : `${refusals.length} candidates were asked.`;
  const last = refusals.at(-1);
  const unreachable = refusals.length > 0 && refusals.every(({ code }) => code === "peer-unreachable");
  return new MeshError(
    unreachable ? "peer-unreachable" : "resource-exhausted",
    `Nobody takes it. ${asked}${last === undefined ? "" : ` ${last.message}`}`,
    {
      cause: last,
      hint: "Try again later, or start another peer that runs the pipeline.",
      ...(waits.length > 0 && { retryAfterMs: Math.min(...waits) }),
    },
  );
}
