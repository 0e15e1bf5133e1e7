import type { Span } from "../../grammar/syntax.ts";
import type { FlowType } from "../../runtime/interface/caps.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";

export interface ParameterInfo {
  readonly name: string;
  readonly type: FlowType | undefined;
  readonly defaultValue: PlanValue | undefined;
  readonly span: Span;
}
