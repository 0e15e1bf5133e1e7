import type { JoinPlan } from "../../interface/plan.ts";
import { joinByIndex } from "./by-index.join.ts";
import { joinByTime } from "./by-time.join.ts";
import type { Join, JoinInput } from "./join.ts";
import { joinLatest } from "./latest.join.ts";

export function joinOf(plan: JoinPlan, inputs: readonly JoinInput[]): Join {
  switch (plan.mode) {
    case "time":
      return joinByTime(inputs, Math.round((plan.withinMs ?? 0) * 1000));
    case "index":
      return joinByIndex(inputs);
    case "latest":
      return joinLatest(inputs);
    default:
      return plan.mode satisfies never;
  }
}
