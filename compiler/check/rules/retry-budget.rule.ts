import type { PolicyClauseSyntax } from "../../../grammar/syntax.ts";
import { defaultPolicy } from "../../../runtime/interface/plan-defaults.ts";
import type { PolicyPlan } from "../../../runtime/interface/plan.ts";
import { readClauses } from "../policies.ts";
import type { FileInfo, PolicySymbol } from "../program.ts";
import { formatDuration } from "./durations.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** Retries that take longer than a call may last are never made. */
export const retryBudget: Rule = {
  codes: ["MESH6005"],
  check(context) {
    for (const symbol of context.declarations) {
      if (symbol.syntax.kind !== "Policy") continue;
      check(symbol.file, symbol.syntax.clauses, [], defaultPolicy, context);
    }
    for (const checked of context.pipelines.values()) {
      const { file } = checked.symbol;
      for (const { syntax } of context.remotes.get(checked.symbol.key)?.values() ?? []) {
        const found = syntax.policy && context.scope.find(file, syntax.policy.text);
        const named = found?.syntax.kind === "Policy" ? (found as PolicySymbol) : undefined;
        const inherited = named?.syntax.clauses ?? [];
        const base = named === undefined ? defaultPolicy : readClauses(named.file, inherited, defaultPolicy);
        check(file, syntax.clauses, inherited, base, context);
      }
    }
  },
};

/** @param inherited clauses of the policy behind; what they say among themselves is told at the policy */
function check(
  file: FileInfo,
  own: readonly PolicyClauseSyntax[],
  inherited: readonly PolicyClauseSyntax[],
  base: PolicyPlan,
  context: RuleContext,
): void {
  const ownRetry = own.find((one) => one.kind === "Retry");
  const ownTimeout = own.find((one) => one.kind === "Timeout");
  const all = [...inherited, ...own];
  const at = ownRetry ?? ownTimeout;
  // Only what somebody has written down is held against the call timeout.
  if (at === undefined || !all.some((one) => one.kind === "Retry")) return;
  // With a value that cannot be read it is not known how long anything takes.
  if (own.some((one) => context.reporter.hasErrorIn(file.source, one.span))) return;
  const policy = readClauses(file, own, base);
  const { callTimeoutMs } = policy;
  if (callTimeoutMs === undefined) return;
  const connectGiven = all.some(
    (one) => one.kind === "Timeout" && one.entries.some((entry) => entry.name.text === "connect"),
  );
  const waitsMs = backoffSumMs(policy);
  const attemptsMs = connectGiven ? (policy.retryTimes + 1) * policy.connectTimeoutMs : 0;
  if (waitsMs + attemptsMs <= callTimeoutMs) return;
  const parts = [
    `${formatDuration(waitsMs)} of waits between ${policy.retryTimes + 1} attempts`,
    ...(attemptsMs > 0 ? [`${formatDuration(attemptsMs)} for connecting`] : []),
  ];
  context.reporter.report(
    "MESH6005",
    file.source,
    at.span,
    `The retries may take ${formatDuration(waitsMs + attemptsMs)}, but a call ends after ${formatDuration(callTimeoutMs)}.`,
    {
      notes: [`They are ${parts.join(" and ")}, at most.`],
      hint: "Retry less often, shorten the backoff, or give the call more time.",
    },
  );
}

/** The longest that all waits between attempts take together: each is twice the one before, up to the upper end. */
export function backoffSumMs({ retryTimes, backoffMinMs, backoffMaxMs }: PolicyPlan): number {
  let sumMs = 0;
  let waitMs = backoffMinMs;
  for (let retry = 0; retry < retryTimes; retry += 1) {
    sumMs += Math.min(waitMs, backoffMaxMs);
    waitMs = Math.min(waitMs * 2, backoffMaxMs);
  }
  return sumMs;
}
