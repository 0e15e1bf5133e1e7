import type { CheckedProgram } from "../check/checked-program.ts";
import type { CheckedPipeline, GraphEnd } from "../check/graph.ts";
import { formatDuration } from "../check/rules/durations.ts";
import { Latencies, type LatencyPath } from "../check/rules/latency.ts";
import { fact, type Fact } from "../explain/section.ts";

/** What is declared along the longest way from an input of a pipeline to a place in it; undefined where there is no way. */
export function latencyFact(checked: CheckedProgram, pipeline: CheckedPipeline, to: GraphEnd): Fact | undefined {
  const latencies = new Latencies({ pipelines: checked.pipelines, remotes: checked.remotes });
  let longest: { readonly path: LatencyPath; readonly from: string } | undefined;
  for (const from of pipeline.graph.signature.inputs.keys()) {
    const path = latencies.longest(
      pipeline,
      { instance: undefined, port: from },
      { instance: to.instance, port: to.port.name },
    );
    if (path !== undefined && (longest === undefined || path.totalMs > longest.path.totalMs)) longest = { path, from };
  }
  if (longest === undefined || longest.path.steps.length === 0) return undefined;
  const { path, from } = longest;
  const steps = path.steps.map(({ name, latencyMs }) =>
    latencyMs === undefined ? `${name} declares none, which counts as 0` : `${name} ${formatDuration(latencyMs)}`,
  );
  return fact("latency", `${formatDuration(path.totalMs)} from ${from} to here, as declared`, steps);
}
