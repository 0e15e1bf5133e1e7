import { adaptive } from "./adaptive.policy.ts";
import { fastest } from "./fastest.policy.ts";
import { hash } from "./hash.policy.ts";
import { leastLoaded } from "./least-loaded.policy.ts";
import type { CandidatePolicy } from "./policy.ts";
import { roundRobin } from "./round-robin.policy.ts";

/** The policies by their names in the language (`prefer`, `any`). */
export type PolicyName = "round_robin" | "fastest" | "least_loaded" | "adaptive" | "hash";

export function candidatePolicy(name: PolicyName): CandidatePolicy {
  switch (name) {
    case "round_robin":
      return roundRobin;
    case "fastest":
      return fastest();
    case "least_loaded":
      return leastLoaded;
    case "adaptive":
      return adaptive;
    case "hash":
      return hash;
    default:
      return name satisfies never;
  }
}
