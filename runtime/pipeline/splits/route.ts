import type { JsonValue, Payload } from "../../interface/frame.ts";
import type { SplitPlan } from "../../interface/plan.ts";
import { valueAt } from "./field.ts";

type RoutePlan = Extract<SplitPlan, { kind: "route" }>;

/** A case with its value resolved. */
export type RouteCase =
  | { readonly equals: JsonValue }
  | { readonly min?: number | undefined; readonly max?: number | undefined }
  | { readonly else: true };

/** The branch for a payload; -1 where no case holds. */
export type Route = (payload: Payload) => number;

export function routeBy(field: RoutePlan["field"], cases: readonly RouteCase[]): Route {
  const otherwise = cases.findIndex((one) => "else" in one);
  // Most cases are texts; those are looked up, the rest is tried in order.
  const texts = new Map<JsonValue, number>();
  const plain = cases.every((one) => "else" in one || ("equals" in one && typeof one.equals !== "object"));
  if (plain) {
    for (const [index, one] of cases.entries()) {
      if ("equals" in one && !texts.has(one.equals)) texts.set(one.equals, index);
    }
    return (payload) => texts.get(valueAt(payload, field) as JsonValue) ?? otherwise;
  }
  return (payload) => {
    const value = valueAt(payload, field);
    const found = cases.findIndex((one) => holds(one, value));
    return found < 0 ? otherwise : found;
  };
}

function holds(one: RouteCase, value: Payload | undefined): boolean {
  if ("else" in one || value === undefined) return false;
  if ("equals" in one) return one.equals === value || JSON.stringify(one.equals) === JSON.stringify(value);
  return (
    typeof value === "number" &&
    (one.min === undefined || value >= one.min) &&
    (one.max === undefined || value <= one.max)
  );
}
