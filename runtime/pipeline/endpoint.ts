import { MeshError } from "../interface/errors.ts";
import type { NodeDefinition } from "../interface/node.ts";
import type { NodePlan, PipelinePlan, Plan } from "../interface/plan.ts";
import type { PipelineEndpoint, PipelineSession } from "../interface/session.ts";
import type { PipelineDeps } from "./deps.ts";
import { failureAt } from "./failures.ts";
import { Graph } from "./graph.ts";
import { joinNode } from "./instance.ts";
import { Cells, negotiate } from "./negotiation.ts";
import { sessionParams } from "./parameters.ts";
import { ownRequest, RenamedSession, soleNames } from "./port-names.ts";
import { LocalSession } from "./session.ts";

/**
 * A pipeline of a plan that runs in this process.
 * @param onSettled gets a session whose formats are settled and whose inputs are there, before all of it is open
 * @throws {MeshError} `pipeline-not-found` with the names that there are
 */
export function pipelineEndpoint(
  plan: Plan,
  name: string,
  deps: PipelineDeps,
  onSettled?: (session: PipelineSession) => void,
): PipelineEndpoint {
  const pipeline = Object.hasOwn(plan.pipelines, name) ? plan.pipelines[name] : undefined;
  if (pipeline === undefined) {
    const known = Object.keys(plan.pipelines).join(", ") || "none";
    throw new MeshError("pipeline-not-found", `There is no pipeline \`${name}\`; the plan has: ${known}.`);
  }
  const graphs = new Graphs(pipeline);
  return {
    async open(asked) {
      const names = soleNames(pipeline, asked);
      const request = names === undefined ? asked : ownRequest(asked, names);
      const params = sessionParams(pipeline, request.params, deps.env, plan.schemas);
      const cells = new Cells(pipeline);
      cells.fixParameters(params);
      const outputs = Object.fromEntries(Object.entries(request.outputs).map(([port, { type }]) => [port, type]));
      const caller = { inputs: request.inputs, outputs, schemas: request.schemas };
      const met = negotiate(pipeline, caller, plan.schemas, cells);
      const definitions = await findDefinitions(pipeline, deps);
      const session = new LocalSession({
        plan: pipeline,
        schemas: plan.schemas,
        params,
        cells,
        met,
        definitions,
        graph: graphs.of(definitions, Object.keys(request.outputs)),
        request,
        deps,
        ...(onSettled !== undefined && { onSettled }),
      });
      await session.open();
      return names === undefined ? session : new RenamedSession(session, names);
    },
  };
}

/** @throws {MeshError} that names the node whose code is not there */
async function findDefinitions(pipeline: PipelinePlan, deps: PipelineDeps): Promise<Map<string, NodeDefinition>> {
  const find = async (node: NodePlan): Promise<[string, NodeDefinition]> => {
    try {
      return [node.id, node.builtin === "join" ? joinNode : await deps.registry(node)];
    } catch (error) {
      throw failureAt({ id: node.id, pipeline: pipeline.name, location: node.location }, error);
    }
  };
  return new Map(await Promise.all(pipeline.nodes.map(find)));
}

/** What the graph says of a pipeline is the same for all sessions that want the same outputs of the same code. */
class Graphs {
  readonly #pipeline: PipelinePlan;
  #last: { readonly key: string; readonly graph: Graph } | undefined;

  constructor(pipeline: PipelinePlan) {
    this.#pipeline = pipeline;
  }

  /** @throws {MeshError} as `Graph` does */
  of(definitions: ReadonlyMap<string, NodeDefinition>, wanted: readonly string[]): Graph {
    const sync = new Set([...definitions].flatMap(([id, definition]) => (definition.sync === true ? [id] : [])));
    const key = JSON.stringify([[...sync], wanted]);
    if (this.#last?.key !== key) {
      const graph = new Graph(this.#pipeline, {
        isSync: (node) => sync.has(node),
        isWanted: (output) => wanted.includes(output),
      });
      this.#last = { key, graph };
    }
    return this.#last.graph;
  }
}
