/** The names that a callee of the suite runs. */
export const conformancePipelines: readonly string[] = ["Hearing", "Weather Report"];
