import type { Capability, CapabilityValue, Condition, KnownValue } from "../interface/capabilities.ts";
import { MeshError } from "../interface/errors.ts";
import type { JsonValue } from "../interface/frame.ts";
import type { Params } from "../interface/node.ts";
import type { ParameterPlan } from "../interface/plan.ts";
import type { Env } from "../pipeline/parameters.ts";

/** What values of capabilities may refer to. */
export interface CapabilityScope {
  /** Those of the pipeline, and what each of them is. */
  readonly params: Params;
  readonly types: readonly ParameterPlan[];
  readonly env: Env;
}

/** Conditions as they go to a signaling service, with every value known. @throws {MeshError} `invalid-argument` */
export function knownConditions(conditions: readonly Condition[], scope: CapabilityScope): Condition[] {
  return conditions.map(({ anyOf, text }) => ({
    text,
    anyOf: anyOf.map((part) =>
      part.kind === "compare"
        ? { ...part, value: known(part.value, scope) }
        : { ...part, ...knownCapability(part, scope) },
    ),
  }));
}

/** @throws {MeshError} `invalid-argument` for a variable that is not set, or a parameter without a value */
export function knownCapability({ name, values, properties }: Capability, scope: CapabilityScope): Capability {
  return {
    name,
    values: values.map((value) => known(value, scope)),
    properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, known(value, scope)])),
  };
}

function known(value: CapabilityValue, { params, types, env }: CapabilityScope): KnownValue {
  if ("quantity" in value) return value;
  if ("param" in value) {
    const type = types.find(({ name }) => name === value.param)?.type;
    const found = Object.hasOwn(params, value.param) ? params[value.param] : undefined;
    if (found === undefined) throw new MeshError("invalid-argument", `The parameter \`${value.param}\` has no value.`);
    return measured(found, type?.kind === "scalar" ? type.name : "text");
  }
  const text = env(value.env);
  const quantity = value.default?.quantity ?? "text";
  if (text === undefined) {
    if (value.default !== undefined) return value.default;
    throw new MeshError("invalid-argument", `The environment variable ${value.env} is not set.`, {
      hint: `Set ${value.env}, or give a default: env("${value.env}", …).`,
    });
  }
  if (typeof value.default?.value !== "number") return { quantity, value: text };
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number)) return { quantity, value: number };
  throw new MeshError(
    "invalid-argument",
    `The environment variable ${value.env} is not a number: ${text.slice(0, 80)}.`,
  );
}

/** A version, a whole number and a number with a point keep their digits, for they are compared part by part. */
function measured(value: JsonValue, quantity: string): KnownValue {
  if (typeof value === "boolean") return { quantity: "bool", value: value ? 1 : 0 };
  const counted = quantity === "int" || quantity === "float" || quantity === "version";
  return { quantity, value: typeof value === "number" && !counted ? value : String(value) };
}
