import type { PipelineSyntax } from "../../grammar/syntax.ts";
import type { PolicyPlan } from "../../runtime/interface/plan.ts";
import type { PipelineGraph } from "./graph.ts";
import type { DeclarationSymbol } from "./program.ts";

export type PipelineSymbol = DeclarationSymbol<PipelineSyntax>;

/** A pipeline after checking: boxes, arrows and solved formats. */
export interface CheckedPipeline {
  readonly symbol: PipelineSymbol;
  readonly graph: PipelineGraph;
  readonly policies: ReadonlyMap<string, PolicyPlan>;
}
