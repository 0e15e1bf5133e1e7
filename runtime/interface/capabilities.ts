/**
 * What peers provide and what pipelines require: one implementation for checking at build time and for choosing among
 * discovered peers at connect time. Plain data; part of the plan.
 */
import * as z from "zod/mini";
import { list, text } from "./bounded.ts";

const name = text(1, 256);

/**
 * A literal with what it measures: `8GiB` is `{ quantity: "size", value: 8589934592 }`. `value` is in the base units of
 * the language (bytes, hertz, microseconds …); a version, a whole number and a number with a point keep their digits
 * as a text, for they are compared part by part.
 */
const literal = /* @__PURE__ */ z.lazy(() =>
  z.strictObject({ quantity: name, value: z.union([text(0, 1024), z.number()]) }),
);

/** A value that may be known only when a pipeline is launched. */
const capabilityValue = /* @__PURE__ */ z.lazy(() =>
  z.union([literal, z.strictObject({ param: name }), z.strictObject({ env: name, default: z.optional(literal) })]),
);

/** `gpu(memory: 24GiB)`, `codecs(opus, vp8)`, `slots(8)`, `gpu`. */
const capabilityObject = () =>
  z.object({
    name,
    /** What stands in the parentheses without a name. */
    values: list(capabilityValue, 0, 64),
    properties: z.record(name, capabilityValue),
  });
const capability = /* @__PURE__ */ z.lazy(capabilityObject);

const comparison = () =>
  z.object({
    kind: z.literal("compare"),
    /** `["gpu", "memory"]` */
    path: list(name, 1, 8),
    operator: z.enum(["==", "!=", ">=", ">", "<=", "<"]),
    value: capabilityValue,
  });

/** One thing that is asked for: any of the alternatives will do. */
const condition = /* @__PURE__ */ z.lazy(() =>
  z.object({
    anyOf: list(
      z.discriminatedUnion("kind", [comparison(), z.object({ ...capabilityObject().shape, kind: z.literal("has") })]),
      1,
      64,
    ),
    /** As the program writes it. */
    text: text(0, 1024),
  }),
);

export const capabilitySchemas = { capability, condition };

export type KnownValue = z.infer<typeof literal>;
export type CapabilityValue = z.infer<typeof capabilityValue>;
export type Capability = z.infer<typeof capability>;
export type Condition = z.infer<typeof condition>;
export type ConditionPart = Condition["anyOf"][number];

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

function holds(operator: z.infer<ReturnType<typeof comparison>>["operator"], order: number): boolean {
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
