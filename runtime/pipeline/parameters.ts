import { formatType, type Schemas } from "../interface/caps.ts";
import { formatLocation, MeshError, type Location } from "../interface/errors.ts";
import type { JsonValue } from "../interface/frame.ts";
import type { Params } from "../interface/node.ts";
import type { PipelinePlan, PlanValue } from "../interface/plan.ts";
import { valueCheck } from "./payload-check.ts";

export type Env = (name: string) => string | undefined;

/** What a value of a plan may refer to. */
export interface ValueScope {
  /** The parameters of the pipeline around it. */
  readonly params: Params;
  readonly env: Env;
  /** What the cells of the pipeline were fixed to; left out where they are not fixed yet. */
  readonly cells?: (index: number) => JsonValue;
  /** For messages. */
  readonly location: Location;
}

/** @throws {MeshError} `invalid-argument` for a variable that is not set or not of the kind of its default */
export function resolveValue(value: PlanValue, scope: ValueScope): JsonValue {
  if ("literal" in value) return value.literal;
  if ("param" in value) {
    const found = Object.hasOwn(scope.params, value.param) ? scope.params[value.param] : undefined;
    if (found !== undefined) return found;
    throw invalid(`There is no parameter \`${value.param}\``, scope.location);
  }
  if ("cell" in value) {
    if (scope.cells !== undefined) return scope.cells(value.cell);
    throw invalid("A format that is not settled yet is asked for as a value", scope.location);
  }
  const text = scope.env(value.env);
  if (text !== undefined) return fromText(value.env, text, value.default, scope.location);
  if (value.default !== undefined) return value.default;
  throw invalid(`The environment variable ${value.env} is not set`, scope.location, {
    hint: `Set ${value.env}, or give a default: env("${value.env}", …).`,
  });
}

/** Variables are text; the default says what kind of value is meant. */
function fromText(name: string, text: string, like: JsonValue | undefined, location: Location): JsonValue {
  const wrong = (wanted: string): MeshError =>
    invalid(`The environment variable ${name} is not ${wanted}: ${JSON.stringify(text.slice(0, 80))}`, location);
  switch (typeof like) {
    case "number": {
      const number = Number(text);
      if (text.trim() === "" || !Number.isFinite(number)) throw wrong("a number");
      return number;
    }
    case "boolean":
      if (text !== "true" && text !== "false") throw wrong("`true` or `false`");
      return text === "true";
    case "object":
      try {
        return JSON.parse(text) as JsonValue;
      } catch {
        throw wrong("JSON");
      }
    default:
      return text;
  }
}

export function resolveValues(values: Readonly<Record<string, PlanValue>>, scope: ValueScope): Params {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, resolveValue(value, scope)]));
}

/**
 * The parameters of a session: what the caller gives, and the defaults for the rest.
 * @throws {MeshError} `invalid-argument` for one that is unknown, missing or not of its type
 */
export function sessionParams(pipeline: PipelinePlan, given: Params, env: Env, schemas: Schemas): Params {
  const params: Record<string, JsonValue> = {};
  const where = `of pipeline \`${pipeline.name}\``;
  for (const name of Object.keys(given)) {
    if (!pipeline.params.some((parameter) => parameter.name === name)) {
      const known = pipeline.params.map((parameter) => parameter.name).join(", ") || "none";
      throw invalid(`There is no parameter \`${name}\` ${where}; it has ${known}`, pipeline.location);
    }
  }
  for (const parameter of pipeline.params) {
    const { name, type } = parameter;
    const value = Object.hasOwn(given, name)
      ? given[name]
      : parameter.default && resolveValue(parameter.default, { params, env, location: pipeline.location });
    if (value === undefined) {
      if (type.kind === "optional") continue;
      throw invalid(`Parameter \`${name}\` ${where} has no value`, pipeline.location);
    }
    if (!valueCheck(type, schemas)(value)) {
      const shown = JSON.stringify(value).slice(0, 80);
      throw invalid(`Parameter \`${name}\` ${where} is ${shown}, which is no ${formatType(type)}`, pipeline.location);
    }
    params[name] = value;
  }
  return params;
}

function invalid(message: string, location: Location, init: { hint?: string } = {}): MeshError {
  return new MeshError("invalid-argument", `${message} (${formatLocation(location)}).`, { location, ...init });
}
