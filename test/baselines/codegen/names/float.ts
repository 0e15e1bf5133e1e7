import { defineNode } from "pipeline-mesh";

const node = defineNode({ open: (_, { emit }) => ({ process: async ({ payload }) => emit("out", payload) }) });
export { node as Float32Array };
