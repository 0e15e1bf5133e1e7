import type { SplitPlan } from "../../interface/plan.ts";
import { adaptive } from "./adaptive.policy.ts";
import { fastest } from "./fastest.policy.ts";
import { hashed } from "./hash.policy.ts";
import { leastLoaded } from "./least-loaded.policy.ts";
import type { BranchPolicy } from "./policy.ts";
import { roundRobin } from "./round-robin.policy.ts";

/** @param field where the value to hash is found in a record; empty for the payload itself */
export function branchPolicy(
  name: Extract<SplitPlan, { kind: "any" }>["policy"],
  field: readonly string[],
): BranchPolicy {
  switch (name) {
    case "round_robin":
      return roundRobin;
    case "fastest":
      return fastest;
    case "least_loaded":
      return leastLoaded;
    case "adaptive":
      return adaptive;
    case "hash":
      return hashed(field);
    default:
      return name satisfies never;
  }
}
