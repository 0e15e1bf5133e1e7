import type { ExpressionSyntax, PolicyClauseSyntax, RemoteSyntax } from "../../grammar/syntax.ts";
import { defaultPolicy, type PolicyPlan } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { FileInfo } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { Scope } from "./scope.ts";
import { describeLiteral } from "./types.ts";

/** Reads the policy of a remote: the defaults, then the named policy, then the remote's own clauses. */
export function readPolicy(file: FileInfo, remote: RemoteSyntax, scope: Scope, reporter: Reporter): PolicyPlan {
  const named = remote.policy === undefined ? undefined : scope.resolve(file, remote.policy, ["Policy"], "a policy");
  let policy: PolicyPlan = defaultPolicy;
  if (named !== undefined)
    for (const clause of named.syntax.clauses) policy = apply(policy, named.file, clause, undefined);
  for (const clause of remote.clauses) policy = apply(policy, file, clause, reporter);
  return policy;
}

/** Checks the clauses of a policy declaration by themselves. */
export function checkPolicy(file: FileInfo, clauses: readonly PolicyClauseSyntax[], reporter: Reporter): void {
  for (const clause of clauses) apply(defaultPolicy, file, clause, reporter);
}

function apply(
  policy: PolicyPlan,
  file: FileInfo,
  clause: PolicyClauseSyntax,
  reporter: Reporter | undefined,
): PolicyPlan {
  const milliseconds = (value: ExpressionSyntax | undefined): number | undefined => {
    if (value?.kind === "Literal" && value.quantity === "duration") return value.value / 1000;
    if (value !== undefined) wrong(file, value, "a duration such as 3s", reporter);
    return undefined;
  };
  switch (clause.kind) {
    case "Retry": {
      const { times, backoff } = clause;
      const count = times?.kind === "Literal" && times.quantity === "int" ? times.value : undefined;
      if (times !== undefined && count === undefined) wrong(file, times, "a whole number", reporter);
      const range = backoff?.kind === "Range" ? backoff : undefined;
      if (backoff !== undefined && range === undefined) wrong(file, backoff, "a range such as 100ms..5s", reporter);
      return {
        ...policy,
        ...(count !== undefined && { retryTimes: count }),
        ...(range?.min !== undefined && { backoffMinMs: milliseconds(range.min) ?? policy.backoffMinMs }),
        ...(range?.max !== undefined && { backoffMaxMs: milliseconds(range.max) ?? policy.backoffMaxMs }),
      };
    }
    case "Timeout": {
      const keys: Readonly<Record<string, keyof PolicyPlan>> = {
        connect: "connectTimeoutMs",
        idle: "idleTimeoutMs",
        call: "callTimeoutMs",
      };
      let result = policy;
      for (const entry of clause.entries) {
        const key = keys[entry.name.text];
        const value = milliseconds(entry.value);
        if (key !== undefined && value !== undefined) result = { ...result, [key]: value };
        else if (key === undefined && entry.name.text !== "")
          unknownTimeout(file, entry.name, Object.keys(keys), reporter);
      }
      return result;
    }
    default:
      return policy;
  }
}

function unknownTimeout(
  file: FileInfo,
  name: { text: string; span: { start: number; end: number } },
  known: readonly string[],
  reporter: Reporter | undefined,
): void {
  const near = suggest(name.text, known);
  reporter?.report("MESH2010", file.source, name.span, `There is no timeout named \`${name.text}\`.`, {
    hint: near === undefined ? `They are ${known.join(", ")}.` : `Did you mean \`${near}\`?`,
    fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
  });
}

function wrong(file: FileInfo, value: ExpressionSyntax, expected: string, reporter: Reporter | undefined): void {
  const found =
    value.kind === "Literal" ? describeLiteral(value) : value.kind === "String" ? "a text" : "something else";
  reporter?.report("MESH3003", file.source, value.span, `Expected ${expected}, found ${found}.`);
}
