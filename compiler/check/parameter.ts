import type { Span } from "../../grammar/syntax.ts";
import { isBetween, isOrdered, type FlowType, type ScalarType } from "../../runtime/interface/caps.ts";
import type { JsonValue } from "../../runtime/interface/frame.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import type { Place } from "../source/source-file.ts";

export interface ParameterInfo {
  readonly name: string;
  readonly type: FlowType | undefined;
  readonly defaultValue: PlanValue | undefined;
  readonly span: Span;
}

/** What a use of a parameter asks of it. */
export interface ParameterLimit {
  readonly type: ScalarType;
  /** `temperature of Answer` */
  readonly asker: string;
  readonly place: Place;
}

/**
 * What parameters of a pipeline may be, as their uses inside narrow it: one that declares no range or pattern takes on
 * those of the parameters that it is passed to.
 */
export class ParameterLimits {
  readonly #limits = new Map<string, ParameterLimit>();

  get(name: string): ParameterLimit | undefined {
    return this.#limits.get(name);
  }

  /**
   * Narrows a parameter.
   * @returns the earlier limit that leaves nothing in common; undefined when all is well
   */
  restrict(param: ParameterInfo, limit: ParameterLimit): ParameterLimit | undefined {
    const declared = scalarOf(param.type);
    if (declared === undefined) return undefined;
    const earlier = this.#limits.get(param.name);
    const both = meetScalars(earlier?.type ?? declared, limit.type);
    if (both === undefined) return earlier ?? limit;
    this.#limits.set(param.name, { ...limit, type: both });
    return undefined;
  }

  /** The parameters with what is known of them now. */
  apply(params: ReadonlyMap<string, ParameterInfo>): ReadonlyMap<string, ParameterInfo> {
    if (this.#limits.size === 0) return params;
    return new Map(
      [...params].map(([name, param]) => {
        const limit = this.#limits.get(name)?.type;
        if (limit === undefined) return [name, param];
        const type: FlowType = param.type?.kind === "optional" ? { kind: "optional", element: limit } : limit;
        return [name, { ...param, type }];
      }),
    );
  }
}

/** A scalar, optional or not. */
export function scalarOf(type: FlowType | undefined): ScalarType | undefined {
  const inner = type?.kind === "optional" ? type.element : type;
  return inner?.kind === "scalar" ? inner : undefined;
}

/** True when a type says neither a range nor a pattern. */
export function isUnlimited(type: ScalarType): boolean {
  return type.min === undefined && type.max === undefined && type.between === undefined && type.pattern === undefined;
}

/** True when a value of the right kind holds the range and the pattern of its type. */
export function holds(value: JsonValue, type: ScalarType): boolean {
  if (typeof value === "number") {
    if (type.name === "version") return isBetween(String(value), type);
    return (type.min === undefined || value >= type.min) && (type.max === undefined || value <= type.max);
  }
  if (typeof value === "string") {
    return type.name === "version" ? isBetween(value, type) : matchesWhole(type.pattern, value);
  }
  const { width, height } = (value ?? {}) as { width?: unknown; height?: unknown };
  return typeof width !== "number" || typeof height !== "number" || isBetween({ width, height }, type);
}

/** A pattern describes the whole text. */
export function matchesWhole(pattern: string | undefined, text: string): boolean {
  return pattern === undefined || new RegExp(`^(?:${pattern})$`, "u").test(text);
}

type Bound = NonNullable<NonNullable<ScalarType["between"]>["min"]>;

function meetScalars(a: ScalarType, b: ScalarType): ScalarType | undefined {
  const pattern = a.pattern ?? b.pattern;
  if (pattern !== (b.pattern ?? pattern)) return undefined;
  const min = Math.max(a.min ?? -Infinity, b.min ?? -Infinity);
  const max = Math.min(a.max ?? Infinity, b.max ?? Infinity);
  if (min > max) return undefined;
  const least = tighter(a.between?.min, b.between?.min, false);
  const most = tighter(a.between?.max, b.between?.max, true);
  if (least !== undefined && most !== undefined && !isOrdered(least, most)) return undefined;
  return {
    kind: "scalar",
    name: a.name,
    ...(Number.isFinite(min) && { min }),
    ...(Number.isFinite(max) && { max }),
    ...((least !== undefined || most !== undefined) && {
      between: { ...(least !== undefined && { min: least }), ...(most !== undefined && { max: most }) },
    }),
    ...(pattern !== undefined && { pattern }),
  };
}

function tighter(a: Bound | undefined, b: Bound | undefined, upper: boolean): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (typeof a === "object" && typeof b === "object") {
    const pick = upper ? Math.min : Math.max;
    return { width: pick(a.width, b.width), height: pick(a.height, b.height) };
  }
  return isOrdered(a, b) === upper ? a : b;
}
