import { fillCells, fixType, type FlowType } from "../interface/caps.ts";
import type { NodeDefinition } from "../interface/node.ts";
import type { RemotePlan } from "../interface/plan.ts";
import type { PipelineEndpoint } from "../interface/session.ts";
import type { PipelineDeps } from "../pipeline/deps.ts";
import { pipelineEndpoint } from "../pipeline/endpoint.ts";
import { pipelineName, planOfNode } from "./one-node.ts";

/** A pipeline that stands in for a remote: a node with the ports of its interface, in this process. */
export function standInFor(
  remote: RemotePlan,
  code: NodeDefinition,
  deps: Omit<PipelineDeps, "registry" | "openRemote">,
): PipelineEndpoint {
  return {
    open(request) {
      const fixed = (
        ports: RemotePlan["inputs"],
        asked: (port: string) => FlowType | undefined,
      ): Record<string, FlowType> =>
        Object.fromEntries(
          Object.entries(ports).map(([port, { type }]) => [port, fixType(asked(port) ?? fillCells(type, []))]),
        );
      const plan = planOfNode({
        node: remote.id.replaceAll(/\W/g, "_"),
        inputs: fixed(remote.inputs, (port) => request.inputs[port]),
        outputs: fixed(remote.outputs, (port) => request.outputs[port]?.type),
        schemas: request.schemas,
        ...(remote.batch === true && { batch: true }),
      });
      return pipelineEndpoint(plan, pipelineName, {
        ...deps,
        registry: () => code,
        openRemote: () => {
          throw new Error("a node has no remotes");
        },
      }).open(request);
    },
  };
}
