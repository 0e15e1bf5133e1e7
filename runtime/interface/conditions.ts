/**
 * Whether what peers provide is what pipelines require: one implementation for checking at build time and for choosing among
 * discovered peers at connect time.
 */
import type { Capability, CapabilityValue, Condition, ConditionPart, KnownValue } from "./capabilities.ts";

type Operator = Extract<ConditionPart, { kind: "compare" }>["operator"];

/** `maybe` where a value is not known yet. */
export type Verdict = "yes" | "no" | "maybe";

/** Turns a value into a known one; undefined where it is not known yet. */
export type ResolveCapability = (value: CapabilityValue) => KnownValue | undefined;

/** Knows literals, and the defaults of nothing else. */
export const literalsOnly: ResolveCapability = (value) => ("quantity" in value ? value : undefined);

/** True for a number that is compared part by part: 12.10 is more than 12.9. */
function isCounted(quantity: string): boolean {
  return quantity === "int" || quantity === "float" || quantity === "version";
}

/** True when the two can be compared at all: a size with a size, a text with a text. */
export function comparable(a: KnownValue, b: KnownValue): boolean {
  return a.quantity === b.quantity || (isCounted(a.quantity) && isCounted(b.quantity));
}

/**
 * The order of two comparable values: negative, 0, positive. Versions go part by part, a missing part being 0.
 * Texts are equal or not; `NaN` then, as for values that cannot be compared.
 */
export function compareValues(a: KnownValue, b: KnownValue): number {
  if (!comparable(a, b)) return Number.NaN;
  if (isCounted(a.quantity)) return compareVersions(String(a.value), String(b.value));
  if (typeof a.value === "number" && typeof b.value === "number") return a.value - b.value;
  return a.value === b.value ? 0 : Number.NaN;
}

function compareVersions(a: string, b: string): number {
  const sign = (text: string): number => (text.startsWith("-") ? -1 : 1);
  if (sign(a) !== sign(b)) return sign(a) - sign(b);
  const left = a.replace("-", "").split(".").map(Number);
  const right = b.replace("-", "").split(".").map(Number);
  for (let part = 0; part < Math.max(left.length, right.length); part += 1) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0);
    if (difference !== 0) return sign(a) * difference;
  }
  return 0;
}

function holds(operator: Operator, order: number): boolean {
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case ">=":
      return order >= 0;
    case ">":
      return order > 0;
    case "<=":
      return order <= 0;
    case "<":
      return order < 0;
    default:
      return operator satisfies never;
  }
}

function best(verdicts: readonly Verdict[]): Verdict {
  return verdicts.includes("yes") ? "yes" : verdicts.includes("maybe") ? "maybe" : "no";
}

function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.includes("no") ? "no" : verdicts.includes("maybe") ? "maybe" : "yes";
}

/** The values that a path such as `gpu.memory` or `cuda` names; a list has several, an absent property none. */
export function valuesAt(provided: readonly Capability[], path: readonly string[]): CapabilityValue[] {
  const [head, property, ...deeper] = path;
  if (head === undefined || deeper.length > 0) return [];
  return provided
    .filter((one) => one.name === head)
    .flatMap((one) => {
      if (property === undefined) return one.values;
      const value = Object.hasOwn(one.properties, property) ? one.properties[property] : undefined;
      return value === undefined ? [] : [value];
    });
}

/** Whether a peer that provides `provided` has what one part of a condition asks for. Absent properties never match. */
export function partHolds(part: ConditionPart, provided: readonly Capability[], resolve: ResolveCapability): Verdict {
  const judge = (asked: CapabilityValue, given: CapabilityValue, operator: "==" | ">="): Verdict => {
    const a = resolve(given);
    const b = resolve(asked);
    return a === undefined || b === undefined ? "maybe" : holds(operator, compareValues(a, b)) ? "yes" : "no";
  };
  if (part.kind === "compare") {
    const asked = resolve(part.value);
    const found = valuesAt(provided, part.path);
    if (asked === undefined) return found.length === 0 ? "no" : "maybe";
    return best(
      found.map((one) => {
        const given = resolve(one);
        if (given === undefined) return "maybe";
        return holds(part.operator, compareValues(given, asked)) ? "yes" : "no";
      }),
    );
  }
  // A list asks for each of its names, an amount for at least as much, a property for at least as much or the same.
  const operator = (value: CapabilityValue): "==" | ">=" =>
    "quantity" in value && typeof value.value === "string" && !isCounted(value.quantity) ? "==" : ">=";
  const same = provided.filter((one) => one.name === part.name);
  // A peer may provide a list in several places; what it says of one thing by properties belongs together.
  const listed = same.flatMap((one) => one.values);
  return worst([
    ...part.values.map((asked) => best(listed.map((given) => judge(asked, given, operator(asked))))),
    best(
      same.map((one) =>
        worst(
          Object.entries(part.properties).map(([key, asked]): Verdict => {
            const given = Object.hasOwn(one.properties, key) ? one.properties[key] : undefined;
            return given === undefined ? "no" : judge(asked, given, operator(asked));
          }),
        ),
      ),
    ),
  ]);
}

/** Whether a peer has what a condition asks for. */
export function conditionHolds(
  asked: Condition,
  provided: readonly Capability[],
  resolve: ResolveCapability = literalsOnly,
): Verdict {
  return best(asked.anyOf.map((part) => partHolds(part, provided, resolve)));
}
