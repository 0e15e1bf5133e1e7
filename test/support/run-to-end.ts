import type { NodeDefinition } from "../../runtime/interface/node.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import type { PipelineSession } from "../../runtime/interface/session.ts";
import { pipelineEndpoint } from "../../runtime/pipeline/endpoint.ts";
import { depsOf } from "./pipeline-run.ts";

/** A session with a pipeline that has no ports, once all its sources have ended. @throws {MeshError} what it ended with */
export async function runToEnd(
  plan: Plan,
  pipeline: string,
  nodes: Record<string, NodeDefinition>,
): Promise<PipelineSession> {
  const session = await pipelineEndpoint(plan, pipeline, depsOf(nodes)).open({
    params: {},
    inputs: {},
    outputs: {},
    schemas: {},
    signal: new AbortController().signal,
  });
  const { error } = await session.closed;
  if (error !== undefined) throw error;
  return session;
}
