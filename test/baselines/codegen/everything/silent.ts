import { defineNode, type NodeDefinition } from "pipeline-mesh";

export const Silent: NodeDefinition = defineNode({ open: () => ({ process: () => undefined }) });
