import { defineNode } from "pipeline-mesh";

export const Shout = defineNode<{ marks: number }>({
  open: ({ marks }, { emit }) => ({
    process: ({ payload }) => emit("out", `${String(payload).toUpperCase()}${"!".repeat(marks)}`),
  }),
});
