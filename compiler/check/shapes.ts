import { cellOf, type Bond, type SolvedType, type Trail } from "./cells.ts";
import type { PipelineGraph } from "./graph.ts";

type Tensor = Extract<SolvedType, { kind: "media" }>;

/**
 * Makes tensors whose shapes have been made one agree in each side: where nothing was known of a shape when two ports were
 * linked, its sides come to one of them later, by another link.
 * @returns a side in which they cannot agree
 */
export function shareSides(graph: PipelineGraph, type: SolvedType, bond: Bond, trail: Trail): string | undefined {
  const rank = type.kind === "media" && type.media === "tensor" ? type.dims.get("rank")?.root : undefined;
  if (rank === undefined) return undefined;
  const alike = tensorsOf(graph).filter((one) => one.dims.get("rank")?.root === rank);
  const sides = new Set(alike.flatMap(({ dims }) => [...dims.keys()].filter((name) => name.startsWith("side"))));
  for (const name of sides) {
    const first = alike.find(({ dims }) => dims.has(name));
    for (const one of alike) {
      if (first === undefined || cellOf(one, name).root === cellOf(first, name).root) continue;
      if (!cellOf(first, name).unify(cellOf(one, name), bond, trail)) return name;
    }
  }
  return undefined;
}

/** All that the ports of a pipeline, and of what is used in it, carry. */
function tensorsOf({ own, instances }: PipelineGraph): Tensor[] {
  return [own, ...instances.values()].flatMap(({ inputs, outputs }) =>
    [...inputs.values(), ...outputs.values()].filter(
      (type): type is Tensor => type.kind === "media" && type.media === "tensor",
    ),
  );
}
