import type { BranchStep, GraphFlush, GraphLink } from "../check/graph.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import { formatDuration } from "../check/rules/durations.ts";
import { fact, type Fact, type Section } from "./section.ts";

/** When frames take this arrow, where they have a choice. */
export function waysOf({ branch, won }: GraphLink): Fact[] {
  const facts = branch.map((step) => fact("way", wayText(step)));
  return won.length === 0 ? facts : [...facts, fact("way", "only the answers that came first")];
}

function wayText({ split: { plan }, branch }: BranchStep): string {
  switch (plan.kind) {
    case "any": {
      const each = plan.each === "session" ? "for each session, for media stays on its way" : "for each frame";
      const by = plan.policy === "hash" ? `the value of ${(plan.field ?? []).join(".")}` : plan.policy;
      return `one of ${plan.branches}, chosen ${each} by ${by}`;
    }
    case "first":
      if (plan.hedged === true && branch > 0) {
        return `asked too after the time that 95 % of the answers take, for 5 % of the calls at most`;
      }
      return branch === 0
        ? "asked at once"
        : `asked too after ${formatDuration(branch * plan.staggerMs)} without an answer`;
    case "route": {
      const one = plan.cases[branch];
      const field = plan.field.join(".");
      if (one === undefined || "else" in one) return `where ${field} is nothing of the other cases`;
      if ("equals" in one) return `where ${field} is ${valueText(one.equals)}`;
      return `where ${field} lies in ${one.min ?? ""}..${one.max ?? ""}`;
    }
    default:
      return plan satisfies never;
  }
}

/** What an interrupt drops. */
export function explainFlush({ from, target }: GraphFlush): Section {
  const name = typeof target === "string" ? target : target.id;
  return {
    head: `${from.text} -> flush ${name}`,
    facts: [
      fact("drops", `what is queued or in work from \`${name}\` on`, [
        "on this and every later peer, of this session only",
        "frames that come after the signal belong to a new epoch and go through",
      ]),
    ],
  };
}

function valueText(value: PlanValue): string {
  return "literal" in value
    ? JSON.stringify(value.literal)
    : "param" in value
      ? `the parameter ${value.param}`
      : "set elsewhere";
}
