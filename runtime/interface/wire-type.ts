import * as z from "zod/mini";
import { isCell, isMedia, type FlowType } from "./caps.ts";
import { flowType } from "./plan.ts";

/** A type as it goes to another peer: a cell is meaningful only inside the pipeline that has it. */
export const wireType: z.ZodMiniType<FlowType> = /* @__PURE__ */ z.lazy(() => {
  // Made before it is copied, the inner schema is one for both, in whatever order they are used: the JSON Schema of messages shows which are.
  z.safeParse(flowType, undefined);
  return flowType.check(z.refine(isClosed, "a format refers to a cell"));
});

function isClosed(type: FlowType): boolean {
  let inner = type;
  while (inner.kind === "list" || inner.kind === "optional" || inner.kind === "map") inner = inner.element;
  return !isMedia(inner) || Object.values(inner.dims).every((dimension) => !isCell(dimension));
}
