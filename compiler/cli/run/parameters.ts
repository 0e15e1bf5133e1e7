import { formatType, type FlowType } from "../../../runtime/interface/caps.ts";
import type { JsonValue } from "../../../runtime/interface/frame.ts";
import type { Params } from "../../../runtime/interface/node.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { valueCheck } from "../../../runtime/pipeline/payload-check.ts";
import { literalValue } from "../../../grammar/literals.ts";
import { suggest } from "../../diagnostics/suggest.ts";
import { usageError } from "../exit-code.ts";

/**
 * Reads `--param NAME=VALUE` by the types that the pipeline declares: `--param limit=20ms`, `--param accent=de`.
 * @throws {CommandError} with exit code 2
 */
export function readParams(plan: Plan, key: string, given: ReadonlyMap<string, string>): Params {
  const declared = plan.pipelines[key]?.params ?? [];
  const params: Record<string, JsonValue> = {};
  for (const [name, text] of given) {
    const parameter = declared.find((one) => one.name === name);
    if (parameter === undefined) {
      const known = declared.map((one) => one.name);
      const near = suggest(name, known);
      throw usageError(
        `\`${key}\` has no parameter \`${name}\`.`,
        near === undefined ? `It has ${known.join(", ") || "none"}.` : `Did you mean \`--param ${near}=${text}\`?`,
      );
    }
    const value = readValue(text, parameter.type);
    if (value === undefined || !valueCheck(parameter.type, plan.schemas)(value)) {
      throw usageError(
        `The parameter \`${name}\` of \`${key}\` is ${formatType(parameter.type)}, and \`${text}\` is none.`,
      );
    }
    params[name] = value;
  }
  return params;
}

function readValue(text: string, type: FlowType): JsonValue | undefined {
  if (type.kind === "optional") return readValue(text, type.element);
  if (type.kind !== "scalar") return type.kind === "named" ? (readJson(text) ?? text) : readJson(text);
  switch (type.name) {
    case "text":
    case "version":
      return text;
    case "bool":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "json":
      return readJson(text);
    default:
      return readQuantity(text, type.name);
  }
}

/** A literal of the language, in base units. */
function readQuantity(text: string, wanted: string): number | undefined {
  const named = { mono: 1, stereo: 2 }[text];
  if (wanted === "channels" && named !== undefined) return named;
  const literal = /^-?\d/.test(text) ? literalValue(text) : undefined;
  if (literal === undefined) return undefined;
  const fits = literal.quantity === wanted || (wanted === "float" && literal.quantity === "int");
  return fits ? literal.value : undefined;
}

function readJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
