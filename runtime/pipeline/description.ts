import type { Schemas } from "../interface/caps.ts";
import type { ParameterDescription, PipelineDescription, PortDescription } from "../interface/description.ts";
import type { Params } from "../interface/node.ts";
import type { PipelinePlan, PortPlan } from "../interface/plan.ts";
import { Cells } from "./negotiation.ts";
import { resolveValue, type Env } from "./parameters.ts";

/**
 * The interface of a pipeline as its callers find it.
 * @param own parameters that whoever runs it has set
 */
export function describePipeline(
  name: string,
  pipeline: PipelinePlan,
  schemas: Schemas,
  own: Params,
  env: Env,
): PipelineDescription {
  const cells = new Cells(pipeline);
  cells.fixParameters(knownParams(pipeline, own, env));
  const side = (ports: Readonly<Record<string, PortPlan>>): Record<string, PortDescription> =>
    Object.fromEntries(
      Object.entries(ports).map(([port, { type, optional }]) => [
        port,
        { type: cells.fill(type), optional: optional ?? false },
      ]),
    );
  const params = paramsOf(pipeline, own);
  return {
    pipeline: name,
    batch: pipeline.batch ?? false,
    ...(isIdempotent(pipeline) && { idempotent: true }),
    inputs: side(pipeline.inputs),
    outputs: side(pipeline.outputs),
    ...(Object.keys(params).length > 0 && { params }),
    schemas,
  };
}

function paramsOf(pipeline: PipelinePlan, own: Params): Record<string, ParameterDescription> {
  return Object.fromEntries(
    pipeline.params
      .filter(({ name }) => !Object.hasOwn(own, name))
      .map(({ name, type, default: fallback }) => [
        name,
        {
          type,
          required: fallback === undefined && type.kind !== "optional",
          ...(fallback !== undefined && "literal" in fallback && { default: fallback.literal }),
        },
      ]),
  );
}

/** What its program says of it, or of all that it is made of. */
function isIdempotent({ batch, idempotent, nodes, remotes }: PipelinePlan): boolean {
  if (batch !== true || idempotent === true) return idempotent === true;
  return [...nodes, ...remotes].every(
    (one) => one.idempotent === true || ("builtin" in one && one.builtin !== undefined),
  );
}

/** What a caller that sets none gets; a parameter without a value leaves the formats that it stands for open. */
function knownParams(pipeline: PipelinePlan, own: Params, env: Env): Params {
  const known: Record<string, Params[string]> = {};
  for (const { name, default: fallback } of pipeline.params) {
    const set = Object.hasOwn(own, name) ? own[name] : undefined;
    const value = set ?? (fallback && resolveValue(fallback, { params: known, env, location: pipeline.location }));
    if (value !== undefined) known[name] = value;
  }
  return known;
}
