/** What holds where a plan says nothing. Apart from its schemas, which compilers and running pipelines need not load. */
import type { LinkPlan, PolicyPlan } from "./plan.ts";

/** What a remote does when its policy says nothing. */
export const defaultPolicy: PolicyPlan = {
  retryTimes: 2,
  backoffMinMs: 100,
  backoffMaxMs: 10_000,
  connectTimeoutMs: 5_000,
};

/** What a queue does when it is full, where the link does not say it: what is live holds nobody up. */
export function overflowOf({ overflow, delivery }: LinkPlan): NonNullable<LinkPlan["overflow"]> {
  return overflow ?? (delivery === "live" ? "drop_oldest" : "block");
}

/** Frames that wait at most in a queue inside a peer when the link says nothing. */
export const defaultCapacityFrames = 64;
