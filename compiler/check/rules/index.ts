import type { Rule, RuleContext } from "./rule.ts";
import { targetFit } from "./target-fit.rule.ts";
import { unreachableFallback } from "./unreachable-fallback.rule.ts";

/** Every rule, in the order in which they run; a later one may ask whether an earlier one has found a declaration wrong. */
export const rules: readonly Rule[] = [unreachableFallback, targetFit];

export function checkRules(context: RuleContext): void {
  for (const rule of rules) rule.check(context);
}
