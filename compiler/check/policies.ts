import type { ExpressionSyntax, NameSyntax, PolicyClauseSyntax, RemoteSyntax } from "../../grammar/syntax.ts";
import { defaultPolicy } from "../../runtime/interface/plan-defaults.ts";
import type { PolicyPlan } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listed } from "./load.ts";
import type { FileInfo } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { Scope } from "./scope.ts";
import { describeLiteral } from "./types.ts";

/** How long a target stays out of use when a `breaker` does not say. */
const defaultOpenMs = 10_000;

/** Reads the policy of a remote: the defaults, then the named policy, then the remote's own clauses, one by one. */
export function readPolicy(file: FileInfo, remote: RemoteSyntax, scope: Scope, reporter: Reporter): PolicyPlan {
  const named = remote.policy === undefined ? undefined : scope.resolve(file, remote.policy, ["Policy"], "a policy");
  const base = named === undefined ? defaultPolicy : readClauses(named.file, named.syntax.clauses, defaultPolicy);
  return readClauses(file, remote.clauses, base, reporter);
}

/** Checks the clauses of a policy declaration by themselves. */
export function checkPolicy(file: FileInfo, clauses: readonly PolicyClauseSyntax[], reporter: Reporter): void {
  readClauses(file, clauses, defaultPolicy, reporter);
}

/**
 * The policy after some clauses.
 * @param reporter told of mistakes; absent where they have been told before
 */
export function readClauses(
  file: FileInfo,
  clauses: readonly PolicyClauseSyntax[],
  base: PolicyPlan,
  reporter?: Reporter,
): PolicyPlan {
  const reader = new ClauseReader(file, reporter);
  return clauses.reduce((policy, clause) => reader.apply(policy, clause), base);
}

const timeouts: Readonly<Record<string, "connectTimeoutMs" | "idleTimeoutMs" | "callTimeoutMs">> = {
  connect: "connectTimeoutMs",
  idle: "idleTimeoutMs",
  call: "callTimeoutMs",
};

const transports = ["auto", "webrtc", "grpc"] as const;

class ClauseReader {
  readonly #file: FileInfo;
  readonly #reporter: Reporter | undefined;
  /** Clauses and timeouts that have been given. */
  readonly #given = new Map<string, { readonly start: number; readonly end: number }>();

  constructor(file: FileInfo, reporter: Reporter | undefined) {
    this.#file = file;
    this.#reporter = reporter;
  }

  apply(policy: PolicyPlan, clause: PolicyClauseSyntax): PolicyPlan {
    if (this.#reporter?.isUnreadable(this.#file.source, clause.span) === true) return policy;
    if (clause.kind !== "Timeout" && this.#twice(clause.kind.toLowerCase(), clause.span)) return policy;
    switch (clause.kind) {
      case "Retry":
        return { ...policy, ...this.#retry(policy, clause) };
      case "Timeout":
        return clause.entries.reduce((result, entry) => {
          const key = timeouts[entry.name.text];
          if (key === undefined) {
            this.#unknown(entry.name, "timeout", Object.keys(timeouts));
            return result;
          }
          if (this.#twice(`timeout ${entry.name.text}`, entry.span)) return result;
          const value = this.#milliseconds(entry.value, "a duration such as 3s", 1);
          return value === undefined ? result : { ...result, [key]: value };
        }, policy);
      case "Breaker": {
        const failures = this.#count(clause.failures, 1);
        const windowMs = this.#milliseconds(clause.window, "a duration such as 30s", 1);
        const openMs =
          clause.open === undefined ? defaultOpenMs : this.#milliseconds(clause.open, "a duration such as 10s", 1);
        if (failures === undefined || windowMs === undefined || openMs === undefined) return policy;
        return { ...policy, breaker: { failures, windowMs, openMs } };
      }
      case "Via": {
        const { text } = clause.transport;
        const transport = transports.find((one) => one === text);
        if (transport === undefined) {
          this.#unknown(clause.transport, "transport", transports);
          return policy;
        }
        const { via: _, ...rest } = policy;
        return transport === "auto" ? rest : { ...rest, via: transport };
      }
      case "Resume": {
        const value = this.#milliseconds(clause.value, "a duration such as 10s", 0);
        return value === undefined ? policy : { ...policy, resumeMs: value };
      }
      case "Standby": {
        const { text } = clause.choice;
        if (text === "on" || text === "off") {
          const { standby: _, ...rest } = policy;
          return text === "on" ? rest : { ...rest, standby: false };
        }
        this.#unknown(clause.choice, "choice", ["on", "off"]);
        return policy;
      }
      case "Failback": {
        const value = this.#milliseconds(clause.after, "a duration such as 30s", 0);
        return value === undefined ? policy : { ...policy, failbackAfterMs: value };
      }
      case "Auth": {
        if (clause.method.text !== "mtls") {
          this.#unknown(clause.method, "way to prove an identity", ["mtls"]);
          return policy;
        }
        if (clause.identity === undefined) return policy;
        return { ...policy, auth: { method: "mtls", identity: clause.identity.value } };
      }
      default:
        return clause satisfies never;
    }
  }

  #retry(policy: PolicyPlan, clause: Extract<PolicyClauseSyntax, { kind: "Retry" }>): Partial<PolicyPlan> {
    const count = this.#count(clause.times, 0);
    const times = count === undefined ? {} : { retryTimes: count };
    const { backoff } = clause;
    if (backoff === undefined) return times;
    if (backoff.kind !== "Range") {
      this.#wrong(backoff, "a range such as 100ms..5s");
      return times;
    }
    const isTime = (end: typeof backoff.min): boolean => end === undefined || end.quantity === "duration";
    if (!isTime(backoff.min) && !isTime(backoff.max)) {
      const { start, end } = backoff.span;
      return (
        this.#wrong(backoff, "a range of durations such as 100ms..5s", this.#file.source.text.slice(start, end)) ??
        times
      );
    }
    const min = this.#milliseconds(backoff.min, "a duration such as 100ms", 0);
    const max = this.#milliseconds(backoff.max, "a duration such as 5s", 0);
    if ((backoff.min !== undefined && min === undefined) || (backoff.max !== undefined && max === undefined))
      return times;
    const backoffMinMs = min ?? Math.min(policy.backoffMinMs, max ?? policy.backoffMinMs);
    const backoffMaxMs = max ?? Math.max(policy.backoffMaxMs, backoffMinMs);
    if (backoffMinMs > backoffMaxMs) {
      this.#reporter?.report(
        "MESH3005",
        this.#file.source,
        backoff.span,
        "This range is empty: it starts above its end.",
        {
          hint: `Write the shorter wait first: \`${backoff.max?.text ?? ""}..${backoff.min?.text ?? ""}\`.`,
        },
      );
      return times;
    }
    return { ...times, backoffMinMs, backoffMaxMs };
  }

  #count(value: ExpressionSyntax | undefined, least: number): number | undefined {
    if (value === undefined) return undefined;
    if (value.kind !== "Literal" || value.quantity !== "int") return this.#wrong(value, "a whole number such as 5");
    const most = least === 0 ? 1000 : 1_000_000;
    if (value.value >= least && value.value <= most) return value.value;
    this.#reporter?.report("MESH3005", this.#file.source, value.span, `${value.text} is outside ${least}..${most}.`);
    return undefined;
  }

  #milliseconds(value: ExpressionSyntax | undefined, expected: string, least: 0 | 1): number | undefined {
    if (value === undefined) return undefined;
    if (value.kind !== "Literal" || value.quantity !== "duration") return this.#wrong(value, expected);
    if (value.value < 0 || (least === 1 && value.value === 0)) {
      const message = `${value.text} is no time to wait; a duration above 0 is needed here.`;
      this.#reporter?.report("MESH3005", this.#file.source, value.span, message);
      return undefined;
    }
    return value.value / 1000;
  }

  #twice(key: string, span: { readonly start: number; readonly end: number }): boolean {
    const earlier = this.#given.get(key);
    if (earlier === undefined) {
      this.#given.set(key, span);
      return false;
    }
    const { source } = this.#file;
    this.#reporter?.report("MESH2003", source, span, `\`${key}\` is given twice.`, {
      related: [{ place: { source, span: earlier }, message: "the first time" }],
      hint: "Remove one of them.",
    });
    return true;
  }

  #unknown(name: NameSyntax, what: string, known: readonly string[]): void {
    if (name.text === "") return;
    const near = suggest(name.text, known);
    this.#reporter?.report("MESH2010", this.#file.source, name.span, `There is no ${what} named \`${name.text}\`.`, {
      hint: near === undefined ? listed("There is", known) : `Did you mean \`${near}\`?`,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, this.#file.source, name.span, near, false)],
    });
  }

  #wrong(value: ExpressionSyntax, expected: string, said?: string): undefined {
    const found =
      said ??
      (value.kind === "Literal"
        ? describeLiteral(value)
        : value.kind === "String"
          ? "a text"
          : value.kind === "Range"
            ? "a range"
            : "something that is only known later");
    this.#reporter?.report("MESH3003", this.#file.source, value.span, `Expected ${expected}, found ${found}.`);
    return undefined;
  }
}
