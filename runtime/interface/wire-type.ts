import * as z from "zod/mini";
import { isCell, isMedia, type FlowType } from "./caps.ts";
import { flowType } from "./plan.ts";

/** A type as it goes to another peer: a cell is meaningful only inside the pipeline that has it. */
export const wireType: z.ZodMiniType<FlowType> = /* @__PURE__ */ z.lazy(() =>
  flowType.check(z.refine(isClosed, "a format refers to a cell")),
);

function isClosed(type: FlowType): boolean {
  let inner = type;
  while (inner.kind === "list" || inner.kind === "optional" || inner.kind === "map") inner = inner.element;
  return !isMedia(inner) || Object.values(inner.dims).every((dimension) => !isCell(dimension));
}
