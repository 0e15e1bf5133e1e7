export type { CheckedPipeline, PipelineSymbol } from "./graph.ts";
