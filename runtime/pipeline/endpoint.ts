import { MeshError } from "../interface/errors.ts";
import type { NodeDefinition } from "../interface/node.ts";
import type { NodePlan, PipelinePlan, Plan } from "../interface/plan.ts";
import type { PipelineEndpoint, PipelineSession } from "../interface/session.ts";
import type { PipelineDeps } from "./deps.ts";
import { Blueprints, type Alike } from "./blueprint.ts";
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
  const alike = new LastAlike(plan, pipeline, deps);
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
      const session = new LocalSession({
        plan: pipeline,
        schemas: plan.schemas,
        params,
        cells,
        met,
        ...alike.of(await findDefinitions(pipeline, deps), Object.keys(request.outputs)),
        request,
        deps,
        onSettled,
      });
      await session.open();
      return names === undefined ? session : new RenamedSession(session, names);
    },
  };
}

/** @throws {MeshError} that names the node whose code is not there */
function findDefinitions(pipeline: PipelinePlan, deps: PipelineDeps): Promise<NodeDefinition[]> {
  const find = async (node: NodePlan): Promise<NodeDefinition> => {
    try {
      return node.builtin === "join" ? joinNode : await deps.registry(node);
    } catch (error) {
      throw failureAt({ id: node.id, pipeline: pipeline.name, location: node.location }, error);
    }
  };
  return Promise.all(pipeline.nodes.map(find));
}

/** Thousands of sessions are mostly alike, so what was made for the last one is kept. */
class LastAlike {
  readonly #plan: Plan;
  readonly #pipeline: PipelinePlan;
  readonly #deps: PipelineDeps;
  #found: readonly NodeDefinition[] = [];
  #wanted: string | undefined;
  #last: (Alike & { readonly blueprints: Blueprints }) | undefined;

  constructor(plan: Plan, pipeline: PipelinePlan, deps: PipelineDeps) {
    this.#plan = plan;
    this.#pipeline = pipeline;
    this.#deps = deps;
  }

  /** @throws {MeshError} as `Graph` does */
  of(found: readonly NodeDefinition[], outputs: readonly string[]): Alike & { readonly blueprints: Blueprints } {
    const wanted = outputs.join();
    const isSame = this.#wanted === wanted && found.every((definition, place) => definition === this.#found[place]);
    if (this.#last === undefined || !isSame) {
      const pipeline = this.#pipeline;
      const definitions = new Map(pipeline.nodes.map(({ id }, place) => [id, found[place] as NodeDefinition]));
      const graph = new Graph(pipeline, {
        isSync: (node) => definitions.get(node)?.sync === true,
        isWanted: (output) => outputs.includes(output),
      });
      const alike = { definitions, graph };
      const blueprints = new Blueprints(pipeline, this.#plan.schemas, this.#deps.checks, alike);
      this.#last = { ...alike, blueprints };
      this.#found = found;
      this.#wanted = wanted;
    }
    return this.#last;
  }
}
