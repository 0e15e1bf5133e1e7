import type { AnswerNode2, awaitNode } from "./main.mesh.ts";

export const Answer: AnswerNode2 = {
  open: (params, { emit }) => ({
    process: async () => emit("thenPort", { plan: { program: `${params.default} ${params["__proto__"]} ${params.new}` } }),
  }),
};

const waits: awaitNode = { open: (_, { emit }) => ({ process: async ({ payload }) => emit("out", payload) }) };
export { waits as await };
